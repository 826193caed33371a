"""Defines texts that tables, findings and reports share."""

from foi_tf.study import choices
from foi_tf.wording import count_noun

MISSING = "–"  # Marks a table cell without a value.

SETTING_TEXTS = {
    "small": "few target images",
    "full": "all target images",
    "small_source": "few source and few target images",
}


def setting_text(setting: str) -> str:
    """Returns a setting in words; a setting without words is returned as it is."""
    if count := choices.count_target_images(setting):
        return count_noun(count, "target image")
    return SETTING_TEXTS.get(setting, setting)
