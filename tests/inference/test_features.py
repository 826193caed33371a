import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.chains import initial_weights, links
from foi_tf.data.input import pipeline
from foi_tf.errors import FoiError
from foi_tf.inference import features
from foi_tf.models import heads, transfer
from foi_tf.models.weights import checkpoint_facts, public_weights
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.study import feature_files
from foi_tf.study.dataset import Task
from foi_tf.study.grid import choose_subset
from tests import tiny_backbone
from tests.link_fixtures import finish

SIZE = (32, 64)  # Wider than the images, which are 48 x 64: their right part is beyond them.
CHANNELS = 60


@pytest.fixture(autouse=True, scope="module")
def _tiny():
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        yield


@pytest.fixture(scope="module", name="network")
def _network(_tiny):
    return features.FeatureExtractor("hrnet_mini", initial_weights.random_start(), 3)


@pytest.fixture(name="request_for")
def _request_for(blocks_data):
    def make(**changes):
        fields = {"prepared": blocks_data, "images": 4, "size": SIZE}
        return features.FeatureRequest(**fields | changes)

    return make


def feature_map(network, request, name):
    """Computes the features of one image alone, and its mask at the network's input size."""
    batch = shown(request, name, "segmentation", lambda e: {"mask": e["mask"]})
    return network(batch["image"], request)[0].numpy(), batch["targets"]["mask"][0, ..., 0].numpy()


def shown(request, name, task_type, encode):
    """Returns the batch of one image and its targets."""
    source = pipeline.Input(
        prepared=request.prepared, split="train", task_type=task_type, encode=encode, crop=SIZE,
        chosen=(name,),
    )  # fmt: skip
    (batch,) = pipeline.make_evaluation_batches(source, 1)
    return batch


def test_features_are_averages_over_the_image_alone(network, request_for, tmp_path):
    request = request_for()
    (made,) = features.update_features(tmp_path / "f.npz", [request], network, 3)
    assert list(made.origin.ids) == choose_subset(request.prepared.ids["train"], 4)
    assert made.vectors.shape == (4, CHANNELS) and made.points is None
    name = made.origin.ids[2]
    whole, _ = feature_map(network, request, name)
    # 48 x 64 fits into 32 x 64 at 2/3: 32 x 43 pixels, the centers of 8 x 11 cells.
    expected = whole[:8, :11].mean((0, 1))
    np.testing.assert_allclose(made.vectors[2], expected, rtol=1e-4, atol=1e-5)
    (read,) = feature_files.load_features(tmp_path / "f.npz")
    assert read.origin == made.origin
    np.testing.assert_array_equal(read.vectors, made.vectors)


def test_points_are_cells_with_the_class_at_their_center(network, request_for, tmp_path):
    request = request_for(task_type="segmentation", points=20)
    (made,) = features.update_features(tmp_path / "f.npz", [request], network, 4)
    points = made.points
    assert set(np.unique(points.images)) == set(range(4)) and points.probabilities is None
    assert points.targets.dtype == np.int64 and points.geometry.shape == (80, 0)
    assert (np.bincount(points.images) == 20).all()
    whole, mask = feature_map(network, request, made.origin.ids[1])
    centers = mask[2::4, 2::4]
    flat = whole.reshape(-1, CHANNELS)
    for vector, target in zip(
        points.vectors[points.images == 1], points.targets[points.images == 1], strict=True
    ):
        cell = np.argmin(((flat - vector) ** 2).sum(1))
        assert cell % 16 < 11  # Inside of the image.
        np.testing.assert_allclose(flat[cell], vector, rtol=1e-3, atol=1e-4)
        assert centers.reshape(-1)[cell] == target


@pytest.mark.slow
def test_few_annotated_cells_are_all_taken_once(network, request_for, tmp_path):
    path, request = tmp_path / "f.npz", request_for(task_type="detection", points=50)
    other = request_for(task_type="segmentation", points=2)
    _, made = features.update_features(path, [other, request], network, 4)
    # Two tasks of a dataset stand side by side.
    assert [each.origin.task_type for each in feature_files.load_features(path)] == [
        "segmentation",
        "detection",
    ]
    task = tasks.create(Task("blocks", "detection"), request.prepared.dataset)
    for i, name in enumerate(made.origin.ids):
        batch = shown(
            request,
            name,
            "detection",
            lambda e: {"t": task.cell_labels(e, SIZE), "g": task.cell_geometry(e, SIZE)},
        )
        targets = batch["targets"]["t"][0].numpy()
        places = ~np.isnan(targets)
        mine = made.points.images == i
        assert 0 < places.sum() < 50
        assert sorted(made.points.targets[mine]) == sorted(targets[places])
        numbers = batch["targets"]["g"][0].numpy()[places]
        np.testing.assert_allclose(np.sort(made.points.geometry[mine], 0), np.sort(numbers, 0))
        expected = network(batch["image"], request)[0].numpy()[places]
        np.testing.assert_allclose(
            np.sort(made.points.vectors[mine], 0), np.sort(expected, 0), rtol=1e-3, atol=1e-4
        )


def test_an_interrupted_file_goes_on(network, request_for, tmp_path, monkeypatch):
    other = request_for()
    row = dataclasses.replace(other.prepared.dataset, id="twin")
    other = dataclasses.replace(other, prepared=dataclasses.replace(other.prepared, dataset=row))
    path, extract = tmp_path / "f.npz", features._extract
    (first,) = features.update_features(path, [request_for()], network, 4)

    def only_new(origin, *rest):
        assert origin.dataset == "twin"
        return extract(origin, *rest)

    monkeypatch.setattr(features, "_extract", only_new)
    features.update_features(path, [request_for(), other], network, 4)
    both = feature_files.load_features(path)
    assert [each.origin.dataset for each in both] == ["blocks", "twin"]
    np.testing.assert_array_equal(both[0].vectors, first.vectors)
    np.testing.assert_allclose(both[1].vectors, first.vectors, rtol=1e-5)
    with pytest.raises(AssertionError):  # Other images are another request.
        features.update_features(path, [request_for(images=2)], network, 4)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(FoiError, match="after removing it, or name another --out"):
        features.update_features(path, [request_for()], network, 4)


@pytest.mark.parametrize("members", [["blocks"], ["bricks", "blocks"]])
def test_the_heads_of_a_source_say_its_classes(request_for, make_link, tmp_path, members):
    link, of_members = make_link(), [Task(name, "segmentation") for name in members]
    parts = tuple(dataclasses.replace(link.members[0], task=task) for task in of_members)
    link = dataclasses.replace(link, task=Task("+".join(members), "segmentation"), members=parts)
    directory = link.directory(tmp_path)
    own = {str(task): heads.SegmentationHead(5 + i) for i, task in enumerate(of_members)}
    statistics = ((0.5,) * 3, (0.25,) * 3)
    tf.keras.utils.set_random_seed(1)
    built = transfer.build_network(
        "hrnet_mini", own, dict.fromkeys(own, SIZE), dict.fromkeys(own, statistics)
    )
    for head in own.values():
        head.set_weights(
            [np.random.default_rng(0).normal(size=w.shape) for w in head.get_weights()]
        )
    built.checkpoint().write(str(links.weights_path(directory)))
    links.save_finished(directory, finish(link))
    begin = initial_weights.find_weights(directory, "hrnet_mini")
    network = features.FeatureExtractor("hrnet_mini", begin, 0)
    request = request_for(task_type="segmentation", points=10)
    (made,) = features.update_features(tmp_path / "f.npz", [request], network, 4)
    assert made.origin.chain == link.chain and made.origin.weights == link.digest
    expected = []
    for head in own.values():
        kernel, bias = head.get_weights()
        logits = made.points.vectors.astype(float) @ kernel[0, 0] + bias
        expected.append(np.exp(logits) / np.exp(logits).sum(1, keepdims=True) / len(own))
    np.testing.assert_allclose(made.points.probabilities, np.hstack(expected), atol=1e-4)
    assert transfer.read_pixel_classifier(links.weights_path(directory), "blocks:depth") is None
    with pytest.raises(FoiError, match="cannot be read"):
        transfer.read_pixel_classifier(tmp_path / "none", "blocks:depth")


def test_frozen_weights_get_pixels_as_in_their_training(request_for, tmp_path, monkeypatch):
    """Checks the scale behind the stem, whose statistics are those of pixels in [0, 1].

    With the statistics of each dataset, as for weights of unknown training, it would be some four
    times as large.
    """
    request = request_for()
    pixels = shown(request, request.prepared.ids["train"][0], None, lambda e: {})["image"]
    tf.keras.utils.set_random_seed(0)
    built = public_weights.build_classifier("hrnet_mini", 0).network
    norms = [x for x in built.backbone.layers if hasattr(x, "moving_mean")]
    for norm in norms:
        norm.momentum = 0.0
    built.backbone(transfer.build_normalizer((0.0,) * 3, (1.0,) * 3)(pixels), training=True)
    facts = CheckpointFacts(backbone="hrnet_mini", mean=(0.0,) * 3, std=(1.0,) * 3)
    public_weights.write_checkpoint(built, tmp_path / "w", facts)

    def measure(name):
        begin = initial_weights.find_weights(tmp_path / "w", "hrnet_mini")
        network = features.FeatureExtractor("hrnet_mini", begin, 0)
        made = features.update_features(tmp_path / f"{name}.npz", [request], network, 4)
        stem = network.model.get_layer("stem/bn").output
        monkeypatch.setattr(network, "model", tf.keras.Model(network.model.input, stem))
        return float(np.std(network(pixels, request))), made[0].origin

    scale, origin = measure("known")
    assert scale == pytest.approx(1, abs=0.05)
    assert origin.statistics == facts.statistics and "pixels as in training" in origin.network
    checkpoint_facts.facts_path(tmp_path / "w").unlink()  # As a checkpoint of earlier versions.
    scale, older = measure("unknown")
    assert scale > 2 and older.statistics is None and older.network != origin.network


def test_an_unknown_input_size_is_an_error(network, request_for, tmp_path):
    prepared = request_for().prepared
    row = dataclasses.replace(prepared.dataset, crop=None)
    request = request_for(prepared=dataclasses.replace(prepared, dataset=row), size=None)
    with pytest.raises(FoiError, match="blocks: no input size is known; give --size"):
        features.update_features(tmp_path / "f.npz", [request], network, 4)
    with pytest.raises(FoiError, match="blocks: no depth annotations in train"):
        features.update_features(
            tmp_path / "f.npz", [request_for(task_type="depth", points=1)], network, 4
        )
