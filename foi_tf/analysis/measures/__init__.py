"""Computes numbers from result rows and features; nothing here prints or builds tables."""
