import dataclasses
import math

import pytest

from foi_tf.analysis.measures import gains, pretrainings, screening
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study import results
from tests.analysis.conftest import make_row

CAMVID, CITY, COCO, PVOC = (
    "camvid:segmentation", "city:segmentation", "coco:segmentation", "pvoc:segmentation",
)  # fmt: skip
ONE, OTHER = "1111111111111111", "2222222222222222"


def load(directory, *rows):
    for target, source, value, changes in rows:
        # Rows of two pre-trainings have configurations of their own.
        digest = changes.get("pretraining", "")
        row = make_row(target, source, value, config_digest=f"c{digest}")
        results.write_row(dataclasses.replace(row, **changes), directory)
    return results.load(directory)


def of(digest, **others):
    return {"pretraining": digest, **others}


def by_source(chains):
    return {(x.source, x.family): x for x in chains.itertuples()}


def test_chains_are_held_against_the_baseline_of_their_own_pretraining(tmp_path):
    rows = load(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, of(ONE)),
        (CAMVID, "ilsvrc", 0.4, of(OTHER)),
        (CAMVID, COCO, 0.6, of(ONE)),
        (CAMVID, PVOC, 0.6, of(OTHER)),
        (CAMVID, "scratch", 0.3, {}),
    )
    found = by_source(gains.with_gains(rows))
    one, other = "ilsvrc@11111111", "ilsvrc@22222222"
    assert found["coco", one].gain == pytest.approx(20)
    assert found["pvoc", other].gain == pytest.approx(50)
    assert found["scratch", one].gain == pytest.approx(-40)  # As many rows; the first by name.
    _, (said,) = screening.screen(rows)
    assert said.startswith(
        "comparisons between different pre-trainings of hrnet_w48: ilsvrc@11111111 (2 rows), "
        "ilsvrc@22222222 (2 rows). Chains are held against baselines from the same one alone"
    )


def test_a_chain_without_a_baseline_of_its_pretraining_has_no_gain(tmp_path):
    rows = load(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, of(ONE)),
        (CAMVID, COCO, 0.6, of(ONE)),
        (CAMVID, PVOC, 0.9, of(OTHER)),
    )
    analysis = StudyAnalysis(rows)
    found = by_source(analysis.chains)
    assert found["coco", "ilsvrc@11111111"].gain == pytest.approx(20)
    pvoc = found["pvoc", "ilsvrc@22222222"]
    assert math.isnan(pvoc.gain) and math.isnan(pvoc.baseline) and pvoc.floor == ""
    assert list(gains.without_gain(analysis.chains).source) == ["pvoc"]


def test_rows_without_a_digest_count_as_of_the_only_one(tmp_path):
    rows = load(tmp_path, (CAMVID, "ilsvrc", 0.5, {}), (CAMVID, COCO, 0.6, of(ONE)))
    assert by_source(gains.with_gains(rows))["coco", "ilsvrc"].gain == pytest.approx(20)
    assert screening.screen(rows)[1] == []


def test_rows_without_a_digest_are_apart_from_several(tmp_path):
    rows = load(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, {}),
        (CAMVID, COCO, 0.6, of(ONE)),
        (CITY, "ilsvrc", 0.5, of(OTHER)),
        (CAMVID, PVOC, 0.6, {}),
    )
    found = by_source(gains.with_gains(rows))
    assert found["pvoc", "ilsvrc"].gain == pytest.approx(20)
    assert math.isnan(found["coco", "ilsvrc@11111111"].gain)
    _, (said,) = screening.screen(rows)
    assert "; 2 rows without a digest. " in said


def test_studies_that_rest_on_different_pretrainings_are_named(tmp_path):
    one = load(tmp_path / "a", (CAMVID, "ilsvrc", 0.5, of(ONE)))
    other = load(tmp_path / "b", (CAMVID, "ilsvrc", 0.5, of(OTHER)))
    silent = load(tmp_path / "c", (CAMVID, "ilsvrc", 0.5, {}))
    assert pretrainings.compare_pretrainings({"a": one, "same": one, "silent": silent}) == []
    (said,) = pretrainings.compare_pretrainings({"a": one, "b": other})
    assert said.startswith("hrnet_w48 from ilsvrc: the studies rest on different pre-trainings (a ")


def test_other_training_images_are_left_out(tmp_path):
    rows = load(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, {"subset": "a"}),
        (CAMVID, COCO, 0.6, {"subset": "a"}),
        (CAMVID, PVOC, 0.7, {"subset": "b"}),
        (CAMVID, CITY, 0.8, {}),  # Of an earlier version.
        # Seeds that vary the subset have one each.
        (PVOC, "ilsvrc", 0.5, {"subset": "c", "varied": "subset"}),
        (PVOC, "ilsvrc", 0.5, {"subset": "d", "varied": "subset", "seed": 1}),
    )
    left, (said,) = screening.screen(rows)
    assert sorted(zip(left.target, left.source, strict=True)) == [
        ("camvid", "city"), ("camvid", "coco"), ("camvid", "ilsvrc"), ("pvoc", "ilsvrc"),
        ("pvoc", "ilsvrc"),
    ]  # fmt: skip
    assert said.startswith("camvid:segmentation (small): 1 row trained on other images than")


def test_seeds_that_vary_something_else_are_left_out(tmp_path):
    more = {"varied": "init,order,subset", "seed": 1, "config_digest": "x"}
    rows = load(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, {}),  # Of an earlier version: init and order.
        (CAMVID, "ilsvrc", 0.5, {"varied": "init,order", "seed": 1}),
        (CAMVID, "ilsvrc", 0.6, more),
    )
    left, (said,) = screening.screen(rows)
    assert list(left.value) == [0.5, 0.5]
    assert said == (
        "ilsvrc -> camvid:segmentation (small, hrnet_w48): 1 row of seeds that vary "
        "init,order,subset, the others vary init,order; keep one kind to a directory"
    )


def test_mixed_source_models_and_machines_limit_what_gains_mean(tmp_path):
    rows = load(
        tmp_path,
        (CAMVID, "ilsvrc", 0.5, {"machine": "A"}),
        (CAMVID, COCO, 0.6, {"parent": "s0", "machine": "A"}),
        (CAMVID, COCO, 0.6, {"parent": "s1", "seed": 1, "machine": "B"}),
        (CAMVID, PVOC, 0.6, {"parent": "p0", "varied": "source"}),
        (CAMVID, PVOC, 0.6, {"parent": "p1", "varied": "source", "seed": 1}),
    )
    said = screening.describe_limits(rows, gains.with_gains(rows))
    assert said[0].startswith("1 chain started from different source models of the same name")
    assert said[1].startswith("Rows were made on 2 kinds of machines (A, B)")
