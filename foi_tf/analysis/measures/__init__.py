"""Numbers that chains of result rows give; nothing here prints."""
