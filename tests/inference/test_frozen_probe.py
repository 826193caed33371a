import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.chains import initial_weights
from foi_tf.data.input import pipeline
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.inference import frozen_probe, head_probe
from foi_tf.inference.frozen_branches import FrozenBranches
from foi_tf.inference.head_probe import HeadProbe
from foi_tf.inference.probe_request import ProbeRequest
from foi_tf.models import heads, hrnet
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.study import probe_files
from foi_tf.study.dataset import Task
from foi_tf.training import strategies
from tests import tiny_backbone

SIZE = (32, 64)
SCRATCH = initial_weights.random_start()


@pytest.fixture(autouse=True, scope="module")
def _tiny():
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        yield


@pytest.fixture(name="request_for")
def _request_for(blocks_data):
    def make(kind="segmentation", **changes):
        fields = {"prepared": blocks_data, "task": Task("blocks", kind), "size": SIZE, "steps": 20}
        return ProbeRequest(**fields | changes)

    return make


@pytest.fixture(name="branches", scope="module")
def _branches(_tiny):
    strategies.make_repeatable(0)
    return FrozenBranches("hrnet_mini", SIZE)


def open_batches(request, size=2):
    source = pipeline.Input(
        prepared=request.prepared, split="train", task_type=request.task.type,
        encode=lambda e: {"mask": e["mask"]}, crop=SIZE, chosen=tuple(request.train_ids()),
    )  # fmt: skip
    return pipeline.make_evaluation_batches(source, size)


def test_branches_are_standardized_and_those_of_the_backbone(branches, request_for):
    request = request_for(images=3)
    branches.load(SCRATCH, request.choose_statistics("hrnet_mini", SCRATCH))
    kept, targets = branches.extract(open_batches(request), 3, "features")
    assert [x.shape for x in kept] == [(3, 8 // 2**i, 16 // 2**i, 4 * 2**i) for i in range(4)]
    for x in kept:
        np.testing.assert_allclose(tf.reduce_mean(x, (0, 1, 2)), 0, atol=1e-4)
        deviations = tf.math.reduce_std(x, (0, 1, 2)).numpy()
        np.testing.assert_allclose(deviations[deviations > 0], 1, atol=1e-3)  # Others are dead.
        assert (deviations > 0).mean() > 0.5
    first = next(iter(open_batches(request)))
    np.testing.assert_array_equal(targets["mask"][:2], first["targets"]["mask"])
    for all_of, own in zip(kept, branches(first["image"]), strict=True):
        np.testing.assert_allclose(all_of[:2], own, rtol=1e-4, atol=1e-4)
    network = branches._network
    mean, std = request.choose_statistics("hrnet_mini", SCRATCH)
    raw = tf.keras.Model(network.input, hrnet.branches(network))(
        (first["image"] / 255 - np.array(mean)) / np.array(std)
    )
    lite, _ = request.choose_statistics("efficientnet_lite0", SCRATCH)
    assert lite == (127 / 255,) * 3  # As its weights expect, also with random ones.
    center, factor = branches._centers[2], branches._factors[2]
    np.testing.assert_allclose(kept[2][:2], (raw[2] - center) * factor, rtol=1e-3, atol=1e-3)


def test_a_linear_head_has_the_outputs_of_the_other_one(branches):
    inner = heads.DetectionHead(3)
    model = branches.connect(head := heads.LinearHead(inner))
    random = np.random.default_rng(0)
    inputs = [random.normal(size=(1, 8 // 2**i, 16 // 2**i, 4 * 2**i)) for i in range(4)]
    found = model([*map(tf.constant, inputs), tf.zeros((1, *SIZE, 3))])
    assert {name: x.shape[-1] for name, x in found.items()} == {
        "heatmap": 3,
        "offset": 2,
        "size": 2,
    }
    assert len(head.model.trainable_variables) == 6
    features = tf.concat(
        [tf.image.resize(tf.cast(x, tf.float32), (8, 16)) for x in inputs], axis=-1
    )
    layer = head.model.get_layer("size/linear")
    expected = tf.einsum("bhwc,cd->bhwd", features, layer.kernel[0, 0]) + layer.bias
    np.testing.assert_allclose(found["size"], expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(head.model.get_layer("heatmap/linear").bias, heads.HEATMAP_BIAS)


def test_a_probe_learns_without_changing_the_backbone(request_for, tmp_path):
    """Finds colors of rectangles in random features, from which a linear map can tell them."""
    probe = HeadProbe(request := request_for(), "hrnet_mini")
    before = [v.numpy() for v in probe._branches._network.variables]
    metric, first = probe.measure(SCRATCH)
    assert metric == "miou" and first["miou"] > first["constant_miou"] + 0.1
    for value, variable in zip(before, probe._branches._network.variables, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())
    assert probe.measure(SCRATCH)[1] == first
    # Other weights are another outcome, and leave nothing behind.
    other = tiny_backbone.build_tiny((*SIZE, 3))
    tf.train.Checkpoint(backbone=other).write(str(tmp_path / "w"))
    start = dataclasses.replace(
        initial_weights.find_weights(tmp_path / "w", "hrnet_mini"),
        facts=CheckpointFacts(backbone="hrnet_mini", mean=(0.5,) * 3, std=(0.3,) * 3),
    )
    assert request.describe("hrnet_mini", start).statistics == ((0.5,) * 3, (0.3,) * 3)
    assert probe.measure(start)[1] != first
    assert probe.measure(SCRATCH)[1] == first


@pytest.mark.slow
def test_scores_are_kept_and_not_computed_again(request_for, tmp_path, monkeypatch):
    request = request_for("detection", steps=2, images=3)
    (score,) = frozen_probe.probe_weights(request, "hrnet_mini", [SCRATCH], keep=tmp_path)
    assert score.metric == "ap50" and 0 <= score.value <= 1 and score.origin.train == 3
    monkeypatch.setattr(frozen_probe, "HeadProbe", None)  # Not built.
    (again,) = frozen_probe.probe_weights(request, "hrnet_mini", [SCRATCH], keep=tmp_path)
    assert again == score == probe_files.load_scores([tmp_path])[0]
    assert json.loads(next(tmp_path.glob("*.json")).read_text())["value"] == score.value


def test_features_that_would_not_fit_are_refused(request_for, monkeypatch):
    monkeypatch.setattr(head_probe, "MEMORY", 2**16)
    with pytest.raises(FoiError, match=r"features of \d+ images would take .*; give --images=\d"):
        HeadProbe(request_for(), "hrnet_mini")


def test_what_cannot_be_probed_is_refused(request_for, blocks):
    with pytest.raises(FoiError, match="blocks:contrastive: it has no annotations"):
        request_for("contrastive")
    row = prepared_datasets.load_prepared(blocks, "blocks")
    row = dataclasses.replace(row, dataset=dataclasses.replace(row.dataset, crop=None))
    with pytest.raises(FoiError, match="blocks:segmentation: no input size is known"):
        request_for(prepared=row, size=None)
