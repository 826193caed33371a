import numpy as np
import pycocotools.cocoeval
import pytest

from foi_tf import miniworld
from foi_tf.study.labels import joints, websearch
from foi_tf.study.registry import DATASETS

KEYPOINTS = [row for row in DATASETS.values() if "keypoints" in row.classes]


@pytest.mark.parametrize("row", KEYPOINTS, ids=lambda row: row.id)
def test_left_and_right_joints_are_pairs_of_one_falloff(row):
    names = row.names["keypoints"]
    assert len(row.sigmas) == len(names) == row.classes["keypoints"]
    paired = {names[i] for pair in row.flip_pairs for i in pair}
    assert paired == {name for name in names if "left" in name or "right" in name}
    for left, right in row.flip_pairs:
        assert names[left].replace("left", "right") == names[right]
        assert row.sigmas[left] == row.sigmas[right]


@pytest.mark.parametrize("row", KEYPOINTS, ids=lambda row: row.id)
def test_rendered_and_real_keypoints_are_the_same(row):
    mini = miniworld.DATASETS[row.id]
    assert mini.names["keypoints"] == row.names["keypoints"]
    assert (mini.flip_pairs, mini.sigmas) == (row.flip_pairs, row.sigmas)


def test_coco_falloffs_are_those_of_its_evaluation():
    expected = pycocotools.cocoeval.Params("keypoints").kpt_oks_sigmas
    np.testing.assert_allclose(joints.oks_sigmas("coco"), expected)


def test_datasets_without_keypoints_have_no_falloffs():
    assert DATASETS["ade"].sigmas == DATASETS["ade"].flip_pairs == ()


def test_synsets_are_in_the_order_of_their_ids():
    assert len(websearch.SYNSETS) == 1000 and list(websearch.SYNSETS) == sorted(websearch.SYNSETS)
    assert websearch.NAMES["ilsvrc"]["classification"][207] == "n02099601 golden retriever"


@pytest.mark.parametrize("row", DATASETS.values(), ids=lambda row: row.id)
def test_names_are_as_many_as_table_1_counts(row):
    for task_type, names in row.names.items():
        assert len(set(names)) == len(names) == row.classes[task_type]


# Names by which publishers call pixels that have no class.
NO_CLASS = frozenset(
    ("background", "unlabeled", "void", "other", "undefined", "clutter and unmatched colours")
)


@pytest.mark.parametrize("row", DATASETS.values(), ids=lambda row: row.id)
def test_pixels_without_a_class_are_ignored_in_every_dataset(row):
    ignored = {name.lower() for name in row.ignored}
    if "segmentation" not in row.classes:
        assert not ignored
        return
    named = {name.lower() for name in row.names["segmentation"]} & NO_CLASS
    assert named <= ignored and ignored & NO_CLASS
    # The authors put such a class first, where Table 1 counts it.
    assert all(row.names["segmentation"].index(name) == 0 for name in named - {"void"})


@pytest.mark.parametrize("row", miniworld.DATASETS.values(), ids=lambda row: row.id)
def test_pixels_without_a_class_are_no_class_of_the_rendered_datasets(row):
    names = {name.lower() for name in row.names.get("segmentation", ())}
    assert not names & (NO_CLASS - {"other"}) and "waterbody" not in names
