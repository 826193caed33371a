"""The studies that the repository keeps: the page of findings follows from their rows."""

import itertools
import json
import re

import numpy as np
import pytest
import yaml

from foi_tf.analysis.recommend import pair_scores, resampled_regret
from foi_tf.analysis.recommend.default_rule import DEFAULT
from foi_tf.miniworld.datasets import DATASETS
from foi_tf.study import chain_choice, grid, results
from studies import readme
from studies.readme import EQUAL_STEPS, HERE, STUDIES

KEPT = (*STUDIES, EQUAL_STEPS)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(name="rows", params=KEPT, ids=lambda path: path.name)
def _rows(request):
    return results.load(request.param / "results.csv")


@pytest.mark.slow
def test_the_page_of_findings_follows_from_the_rows():
    text = "".join(page.read_text() for page in readme.PAGES)
    found = readme.blocks()
    assert {"findings", "agreement mini", "effects", "noise"} <= set(found)
    assert {f"{x} {y}" for x in ("regret", "metrics", "winners") for y in ("mini", "real")} <= set(
        found
    )
    for name, part in found.items():
        said = readme.block(text, name)
        assert NUMBER.sub("", said) == NUMBER.sub("", part), name
        for one, two in zip(NUMBER.findall(said), NUMBER.findall(part), strict=True):
            # Other processors may round the last digit differently.
            last = 10.0 ** -len(one.partition(".")[2])
            assert float(one) == pytest.approx(float(two), abs=1.1 * last), name


def test_a_part_of_the_page_that_has_no_place_is_named(monkeypatch):
    monkeypatch.setattr(readme, "blocks", lambda: {"findings": "none\n"})
    with pytest.raises(SystemExit, match="there are 0 places for 'findings', not one"):
        readme.filled(["# foi_tf", ""])
    marked = "a\n<!-- findings -->\nold\n<!-- /findings -->\nb"
    assert readme.filled(["c", marked]) == ["c", marked.replace("old", "none")]
    with pytest.raises(SystemExit, match="there are 2 places"):
        readme.filled([marked, marked])


@pytest.mark.slow
def test_the_default_rule_is_the_one_that_wins():
    """No rule wins in 80 % of the draws, so it is the advice."""
    for study in STUDIES:
        found = readme.winners(study, pair_scores.read_scores(study / "scores.csv"))
        assert (resampled_regret.find_winner(found) or "advice") == DEFAULT
        assert found.wins.sum() == pytest.approx(1)


@pytest.mark.parametrize("study", KEPT, ids=lambda path: path.name)
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


@pytest.mark.parametrize("study", KEPT, ids=lambda path: path.name)
def test_the_kept_configuration_is_that_of_the_rows(study):
    rows = results.load(study / "results.csv")
    kept = yaml.safe_load((study / "rates.yaml").read_text())
    for row in rows.drop_duplicates(["target", "target_type"]).itertuples():
        of_type = kept[row.target_type]
        own = of_type.get("datasets", {}).get(row.target, {}).get("schedule", {})
        assert (of_type["schedule"] | own)["learning_rate"] == row.learning_rate


# Those of which seed 1 tells the noise of runs.
REPEATED = {
    f"{name}:segmentation"
    for name in ("ade", "pvoc", "city", "isprs", "sunrgbd", "suim", "vkitti2")
}
PLANNED = {
    # Study, setting, pairs and seed: chains, of which so many targets have a row without a source.
    # Across task types: 123 chains within domains, and a sample of 60 across.
    # All images: segmentation; multi-source models included.
    ("mini", "small", "within_type", 0): (306, 27),
    ("mini", "small", "within_type", 1): (112, 17),
    ("mini", "small", "cross_type", 0): (183, 27),
    ("mini", "small_source", "within_type", 0): (272, 17),
    ("mini", "full", "within_type", 0): (289, 17),
    ("equal_steps", "small", "within_type", 0): (306, 27),
    ("equal_steps", "small", "within_type", 1): (306, 27),
    ("equal_steps", "small", "cross_type", 0): (183, 27),
    ("equal_steps", "small", "cross_type", 2): (183, 27),
    ("equal_steps", "small_source", "within_type", 0): (272, 17),
    ("equal_steps", "small_source", "within_type", 1): (272, 17),
    ("equal_steps", "full", "within_type", 0): (289, 17),
    ("equal_steps", "full", "within_type", 1): (289, 17),
}
# Of types other than segmentation, source models with equal steps have rows of all images, too.
OTHER_MODELS = {"mini": 0, "equal_steps": 10}


@pytest.mark.parametrize(("study", "setting", "pairs", "seed"), PLANNED)
def test_rendered_studies_have_the_rows_of_their_plans(study, setting, pairs, seed):
    rows = results.load(HERE / study / "results.csv")
    own = rows[(rows.setting == setting) & (rows.seed == seed)]
    if setting == "full":
        own = own[own.target_type == "segmentation"]
    found = {
        (f"{x.source}:{x.source_type}", f"{x.target}:{x.target_type}")
        for x in own.itertuples()
        if x.source_type and (x.source_type == x.target_type) == (pairs == "within_type")
    }
    chains = chain_choice.sample_chains(grid.chains(DATASETS, setting, pairs), DATASETS, 60)
    planned = {
        (str(x.source), str(x.target))
        for x in chains
        if setting != "full" or x.target.type == "segmentation"
    }
    if (study, seed) == ("mini", 1):
        planned = {x for x in planned if x[0] in REPEATED}
    count, targets = PLANNED[study, setting, pairs, seed]
    assert found == planned and len(planned) == count
    for start in ("ilsvrc", "scratch"):
        assert (own.source == start).sum() == targets


@pytest.mark.parametrize("study", OTHER_MODELS)
def test_rendered_studies_have_no_other_rows(study):
    rows = results.load(HERE / study / "results.csv")
    own = {key: counts for key, counts in PLANNED.items() if key[0] == study}
    chains = sum(count for count, _ in own.values())
    # Chains within and across task types of a seed share the starts without a source.
    starts = {(setting, seed): 2 * count for (_, setting, _, seed), (_, count) in own.items()}
    assert len(rows) == chains + sum(starts.values()) + OTHER_MODELS[study]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_study_on_real_sets_has_all_chains(seed):
    rows = results.load(HERE / "real/results.csv")
    own = rows[(rows.setting == "small") & (rows.seed == seed)]
    tasks = {tuple(x) for x in own[["target", "target_type"]].to_numpy()}
    found = {
        ((x.source, x.source_type), (x.target, x.target_type))
        for x in own.itertuples()
        if x.source_type
    }
    assert found == set(itertools.permutations(tasks, 2))
    assert len(found) == 74 + 166 and len(tasks) == 16
    # Each seed without a source and from random weights too, and the sources.
    assert len(own) == len(found) + 2 * 16 and len(rows) == 2 * len(own) + 16
