"""Reading a raw folder in some formats, as the readers' tests do."""

from foi_tf.data.convert import custom_dataset


def find(root, *formats, fraction=None):
    """What is found in the folder."""
    return custom_dataset.find_custom_dataset(root, formats, "mine", "indoor", fraction)


def examples(root, *formats, split="train"):
    """All examples of a split, without their images' sizes."""
    return [example for example, _ in find(root, *formats).examples(split)]
