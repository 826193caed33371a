"""The studies that the repository keeps: what README says of them follows from their rows."""

import json
import pathlib
import re

import numpy as np
import pytest

from foi_tf.analysis import comparison, domains, recommend, tried
from foi_tf.data.miniworld.rows import DATASETS
from foi_tf.study import grid, results

ROOT = pathlib.Path(__file__).parents[2]
STUDIES = sorted(path.parent for path in (ROOT / "studies").glob("*/results.csv"))
README = (ROOT / "README.md").read_text()


def block(name):
    """What stands in README between the marks of that name."""
    (found,) = re.findall(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    return found


@pytest.fixture(name="rows", params=STUDIES, ids=lambda path: path.name)
def _rows(request):
    return results.load(request.param / "results.csv")


def test_the_verdicts_in_readme_are_those_of_the_rows():
    judged = {path.name: comparison.judge(path) for path in STUDIES}
    assert block("findings") == comparison.markdown(judged)


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_the_regrets_in_readme_are_those_of_the_rows(study):
    known = domains.read(study / "distances.csv")
    before, _ = tried.load(study / "results.csv", "small", [], known)
    before = tried.among(before, "within_type", [])
    table = recommend.evaluate(before, recommend.WITHOUT_POINTS, [])
    lines = [line.split(" | ") for line in block(f"regret {study.name}").splitlines()[2:]]
    said = {line[0].strip("| `"): [float(cell.strip(" |")) for cell in line[1:]] for line in lines}
    assert set(said) >= set(table.rule)
    for row in table.itertuples():
        found = [row.targets, row.regret_1, row.regret_3, row.worst]
        assert said[row.rule] == pytest.approx(found, abs=0.051), row.rule


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
    rows = results.load(ROOT / "studies/mini/results.csv")
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
