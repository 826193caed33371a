"""Reads raw folders in some formats, for the tests of readers."""

from foi_tf.data.convert import custom_dataset


def find(root, *formats, fraction=None):
    """Finds the custom dataset of a folder."""
    return custom_dataset.find_custom_dataset(root, formats, "mine", "indoor", fraction)


def examples(root, *formats, split="train"):
    """Loads all examples of a split, without the sizes of their images."""
    return [example for example, _ in find(root, *formats).examples(split)]
