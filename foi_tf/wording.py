"""Words numbers of things for messages."""


def count_noun(number: int, noun: str, plural: str = "") -> str:
    """Returns the number with its noun: "1 command", "2 commands", "0 classes".

    Args:
      plural: of the noun; by default the noun with an "s".
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
