"""Describes prepared datasets: counts, class coverage, contact sheets, duplicates."""
