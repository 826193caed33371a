"""Lists the 1000 synsets of ILSVRC'12 in the usual order, that of their WordNet ids."""

import importlib.resources

# Each line holds a WordNet 3.0 id and the synset's first word; words alone are not unique.
_LINES = importlib.resources.files(__package__).joinpath("ilsvrc.txt").read_text().splitlines()

NAMES: dict[str, dict[str, tuple[str, ...]]] = {"ilsvrc": {"classification": tuple(_LINES)}}
SYNSETS = tuple(line.split()[0] for line in _LINES)
