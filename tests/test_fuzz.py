"""A short run of `tests.fuzz`: some damaged files for every reader."""

import pytest

from tests.fuzz import harness
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_damaged_files_are_refused_or_harmless(target, tmp_path):
    tally = harness.run_target(target, 2 + target.weight, seed=1, place=tmp_path / "x")
    assert not tally.faults
    assert sum(tally.outcomes.values()) == 2 + target.weight
