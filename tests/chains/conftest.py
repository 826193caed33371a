"""Makes the fixtures of links available here."""

from tests.link_fixtures import blocks_data, make_link, own_precision_policy

__all__ = ["blocks_data", "make_link", "own_precision_policy"]
