"""The studies that the repository keeps: what README says of them follows from their rows."""

import json
import re

import numpy as np
import pytest

from foi_tf.data.miniworld.rows import DATASETS
from foi_tf.study import grid, results
from studies.readme import HERE, README, STUDIES, block, blocks, filled

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(name="rows", params=STUDIES, ids=lambda path: path.name)
def _rows(request):
    return results.load(request.param / "results.csv")


def test_what_readme_says_follows_from_the_rows():
    text = README.read_text()
    found = blocks()
    assert {"findings", "agreement mini", "effects", "regret mini", "regret real"} <= set(found)
    for name, part in found.items():
        said = block(text, name)
        assert NUMBER.sub("", said) == NUMBER.sub("", part), name
        # Other processors may round the last digit differently.
        pairs = [[float(x) for x in NUMBER.findall(each)] for each in (said, part)]
        assert pairs[0] == pytest.approx(pairs[1], abs=0.11), name


def test_a_part_of_readme_that_has_no_place_is_named():
    with pytest.raises(SystemExit, match="has 0 places for 'findings', not one"):
        filled("# foi_tf")


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_tables_are_small(study):
    assert all(path.stat().st_size <= 10**6 for path in study.iterdir())


def test_rows_are_of_one_version_and_configuration(rows):
    assert not rows.duplicated([*results.IDENTITY]).any()
    chain = ["target", "target_type", "source", "source_type", "setting", "seed"]
    assert not rows.duplicated(chain).any()
    assert rows.backbone.unique().tolist() == ["hrnet_mini"] and rows.version.nunique() == 1
    assert rows.groupby(["target", "target_type"]).learning_rate.nunique().max() == 1
    assert set(rows.candidates.map(json.loads).map(len)) == {0}
    assert np.isfinite(rows.value).all()


def test_the_study_on_mini_has_the_rows_of_its_plan():
    rows = results.load(HERE / "mini/results.csv")
    own = rows[(rows.setting == "small") & (rows.seed == 0)]
    found = {
        (f"{x.source}:{x.source_type}", f"{x.target}:{x.target_type}")
        for x in own.itertuples()
        if x.source_type == x.target_type
    }
    planned = {(str(x.source), str(x.target)) for x in grid.chains(DATASETS, "small")}
    assert found == planned and len(planned) == 306
    for start in ("ilsvrc", "scratch"):
        assert (own.source == start).sum() == 27
