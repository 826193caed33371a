"""The 1000 synsets of ILSVRC'12, in the order of their WordNet ids, which is the usual one."""

import importlib.resources

# A line is a WordNet 3.0 id and the first of the synset's words: words alone are not unique.
_LINES = importlib.resources.files(__package__).joinpath("ilsvrc.txt").read_text().splitlines()

NAMES = {"ilsvrc": {"classification": tuple(_LINES)}}
SYNSETS = tuple(line.split()[0] for line in _LINES)
