"""Defines texts that tables, findings and reports share."""

MISSING = "–"  # Marks a table cell without a value.

SETTING_TEXTS = {
    "small": "few target images",
    "full": "all target images",
    "small_source": "few source and few target images",
}
