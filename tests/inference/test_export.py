import functools
import json

import numpy as np
import pytest
import tensorflow as tf

from foi_tf import tasks
from foi_tf.chains import initial_weights, links, run_link
from foi_tf.data.input import augment, views
from foi_tf.errors import FoiError
from foi_tf.inference import export, model_card, pre_post_processing
from foi_tf.models import transfer
from foi_tf.models.backbones import build_backbone
from foi_tf.models.weights import checkpoint_facts, public_weights
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Task
from foi_tf.training import strategies
from tests import augmented_examples, tiny_backbone

CROP = (64, 96)
SIZES = [(50, 120), (200, 90)]
STATISTICS = (augmented_examples.ROW.mean, augmented_examples.ROW.std)


def images(size, count=2):
    pixels = tf.random.stateless_uniform((count, *size, 3), [1, 2], 0, 256, tf.int32)
    return tf.cast(pixels, tf.uint8)


@pytest.fixture(autouse=True, scope="module")
def _tiny():
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        yield


@pytest.fixture(name="body", scope="module")
def _body(_tiny):
    """A backbone in which all batch norms change their input."""
    return random_backbone()


def random_backbone():
    """Builds the backbone with random values also in batch norm."""
    tf.keras.utils.set_random_seed(3)
    made = build_backbone("hrnet_mini")
    for variable in made.variables:
        if "kernel" not in variable.name:
            variable.assign(tf.random.uniform(variable.shape, 0.5, 1.5))
    return made


def trained_model(kind, body):
    """Returns a model of an untrained head on the backbone."""
    task, name = tasks.create(Task("x", kind), augmented_examples.ROW), f"x:{kind}"
    head = task.head()
    network = transfer.build_network(
        "hrnet_mini", {name: head}, {name: (None, None)}, {name: STATISTICS}
    )
    network.backbone.set_weights(body.get_weights())
    metadata = {
        "chain": ("ilsvrc", name), "backbone": "hrnet_mini", "precision": "float32",
        "license": "not stated", "weights_digest": "0", "foi_tf": "1", "task": name,
        "task_type": kind, "domain": "aerial", "classes": 4, "class_names": ("a", "b"),
        "input_size": CROP, "metric": task.metric, "metrics": {task.metric: 0.5},
        "training_images": 7, "steps": 3, "seed": 0, "mean": STATISTICS[0], "std": STATISTICS[1],
    }  # fmt: skip
    return export.TrainedModel(
        network=network, metadata=metadata, mean=STATISTICS[0], std=STATISTICS[1],
        head=head, task=task, crop=CROP,
    )  # fmt: skip


@pytest.mark.parametrize("fit", ["inside", "cover"])
@pytest.mark.parametrize("size", SIZES)
def test_whole_images_fit_as_in_evaluation(size, fit):
    shown, view = pre_post_processing.fit_images(images(size), CROP, STATISTICS[0], fit)
    expected = augment.crop_image(
        images(size)[1], views.fit_whole_image(size, CROP, fit), CROP, STATISTICS[0]
    )
    difference = np.abs(shown[1].numpy().astype(int) - expected.numpy())
    assert difference.max() <= 1 and difference.mean() < 0.2
    assert max(int(view.out_height) / CROP[0], int(view.out_width) / CROP[1]) == 1


@pytest.mark.parametrize("fit", ["inside", "cover"])
@pytest.mark.parametrize("size", SIZES)
def test_predictions_go_back_to_the_image(size, fit):
    """Moves places of the image to the input and back, and expects them within a pixel."""
    view = views.fit_whole_image(size, CROP, fit)
    first = [float(view.y) + 3, float(view.x) + 5]
    corners = tf.constant([[[*first, first[0] + 5, first[1] + 5]]])
    there = augment.crop_boxes(corners[0], view)[0][None]
    mask = tf.reshape(tf.range(size[0] * size[1]), (*size, 1))
    shown = augment.crop_map(mask, view, CROP, -1)[None, ..., 0]
    marks = tf.concat([there[..., None, :2], [[[[0.5]]]]], -1)
    objects = {"boxes": there, "keypoints": marks, "scores": tf.ones((1, 1))}
    back = {}
    for kind, predictions in (("keypoints", objects), ("segmentation", {"mask": shown})):
        task = tasks.create(Task("x", kind), augmented_examples.ROW)
        back |= pre_post_processing.restore_predictions(task, predictions, view, tf.constant(size))
    np.testing.assert_allclose(back["boxes"], corners, rtol=1e-5)
    np.testing.assert_allclose(back["keypoints"], [[[[*first, 0.5]]]], rtol=1e-5)
    assert back["mask"].shape == (1, *size) and back["scores"] == 1
    rows, columns = np.divmod(back["mask"][0], size[1])
    step = 1 / float(tf.reduce_min(view.scale))
    # Pixels beyond the view have the values of its edge.
    shown_rows = np.arange(size[0]).clip(int(view.y), int(view.y + view.height) - 1)
    shown_columns = np.arange(size[1]).clip(int(view.x), int(view.x + view.width) - 1)
    assert np.abs(rows - shown_rows[:, None]).max() <= step
    assert np.abs(columns - shown_columns).max() <= step


@pytest.mark.parametrize("upsample", ["probabilities", "logits"])
def test_a_head_that_moved_before_upsampling_still_has_its_softmax(upsample, body, monkeypatch):
    options = {"upsample": upsample}
    monkeypatch.setattr(tasks, "create", functools.partial(tasks.create, options=options))
    made, pixels = trained_model("segmentation", body), images(SIZES[0])
    kernel = made.head.model.variables[0]
    kernel.assign(kernel * 300)  # So that softmax is far from linear.
    shown, _ = pre_post_processing.fit_images(pixels, CROP, made.mean)
    expected = made.network.models["x:segmentation"](shown, training=False)
    outputs = []
    decode = type(made.task).decode
    monkeypatch.setattr(
        type(made.task), "decode", lambda self, x: outputs.append(x) or decode(self, x)
    )
    export.saved_model.build_functions(made, frozen=True)["predict"](pixels)
    scale = float(tf.reduce_max(tf.abs(expected)))
    np.testing.assert_allclose(outputs[0], expected, rtol=0, atol=1e-3 * scale)


@pytest.mark.parametrize("kind", ["segmentation", "keypoints", "classification"])
def test_predict_is_fit_network_decode_restore(kind, body):
    """Compares `predict` with the model that training uses."""
    made, pixels = trained_model(kind, body), images(SIZES[0])
    found = export.saved_model.build_functions(made, frozen=False)["predict"](pixels)
    shown, view = pre_post_processing.fit_images(pixels, CROP, made.mean)
    outputs = made.network.models[f"x:{kind}"](shown, training=False)
    expected = pre_post_processing.restore_predictions(
        made.task, made.task.decode(outputs), view, tf.constant(SIZES[0])
    )
    assert set(found) == set(expected)
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_saved_with_variables(body, tmp_path):
    made, pixels = trained_model("detection", body), images(SIZES[0])
    export.write_model(made, tmp_path / "m", "saved_model")
    loaded = tf.saved_model.load(str(tmp_path / "m")).signatures
    spec = [tf.TensorSpec((None, None, None, 3), tf.uint8)]
    for name, function in export.saved_model.build_functions(made, frozen=False).items():
        before = tf.function(function, input_signature=spec, autograph=False)(pixels)
        after = loaded[name](images=pixels)
        assert set(before) == set(after)
        for field in before:
            assert np.array_equal(before[field], after[field]), field
    assert loaded["get_features"](images=images((30, 50)))["features"].shape == (2, 8, 13, 60)
    # Its variables are a checkpoint that training starts from.
    begin = initial_weights.find_weights(tmp_path / "m/variables/variables", "hrnet_mini")
    assert begin.facts.statistics == STATISTICS
    other = build_backbone("hrnet_mini")
    transfer.load_backbone(other, begin.checkpoint)
    for a, b in zip(other.variables, body.variables, strict=True):
        assert np.array_equal(a, b)
    with pytest.raises(FoiError, match="exists already"):
        export.write_model(made, tmp_path / "m", "saved_model")


def test_saved_frozen(body, tmp_path):
    made, pixels = trained_model("depth", body), images(SIZES[0])
    export.write_model(made, tmp_path / "m", "saved_model", frozen=True)
    module = tf.saved_model.load(str(tmp_path / "m"))
    graph = module.signatures["predict"].graph.as_graph_def()
    kinds = {node.op for part in (graph, *graph.library.function) for node in _nodes(part)}
    assert "Conv2D" in kinds and not {k for k in kinds if "BatchNorm" in k or "Variable" in k}
    for name, function in export.saved_model.build_functions(made, frozen=False).items():
        expected = function(pixels)
        for field, value in module.signatures[name](images=pixels).items():
            scale = np.abs(expected[field]).max()
            np.testing.assert_allclose(value, expected[field], rtol=0, atol=1e-4 * scale)


def _nodes(part):
    return part.node if hasattr(part, "node") else part.node_def


@pytest.mark.slow
def test_read_by_tensorflow_hub(body, tmp_path):
    hub = pytest.importorskip("tensorflow_hub", exc_type=ImportError)  # It needs pkg_resources.
    export.write_model(trained_model("classification", body), tmp_path / "m", "saved_model")
    loaded = hub.load(str(tmp_path / "m"))
    assert loaded.signatures["predict"](images=images(SIZES[0]))["label"].shape == (2,)
    description = json.loads((tmp_path / "m/assets" / export.METADATA).read_text())
    assert description["task"] == "x:classification" and description["chain"][0] == "ilsvrc"


def test_the_card_says_what_it_is(body):
    metadata = trained_model("depth", body).metadata | {"format": "safetensors", "frozen": False}
    text = model_card.render_card(metadata)
    for said in ("# x:depth", "ilsvrc → x:depth", "| License | not stated |", "64 x 96",
                 "| RMSE, m, validation images | 0.5 |", "import --backbone=hrnet_mini --weights",
                 "0.500, 0.500, 0.500; 0.200, 0.200, 0.200", "0. a"):  # fmt: skip
        assert said in text, said
    assert "create_model" not in text  # timm has no such backbone.
    known = model_card.render_card(metadata | {"backbone": "hrnet_w18"})
    assert '"hrnet_w18", features_only=True, feature_location="", out_indices=(1, 2, 3, 4)' in known
    assert "The head for depth is not in this file" in known
    assert "strict" not in known  # Every tensor of timm's network has to be in the file.


@pytest.mark.parametrize(
    ("changes", "call"),
    [
        ({"task_type": "classification", "classes": 4}, "logits = model((pixels / 255 - mean)"),
        ({"task_type": "depth", "classes": 1}, "features = torch.cat("),
        ({"task_type": None, "classes": 4}, "logits = model((pixels / 255 - mean)"),
        ({"task_type": None}, "features = torch.cat("),
    ],
)
def test_the_code_for_timm_normalizes_and_calls(changes, call, body):
    """Checks the text; benchmarks/model_card.py runs it."""
    metadata = dict(trained_model("depth", body).metadata)
    del metadata["classes"], metadata["task"]
    metadata |= {"format": "safetensors", "frozen": False, "backbone": "hrnet_w18"} | changes
    code = model_card.render_card(metadata).split("```python\n")[1].split("```")[0]
    compile(code, "card", "exec")
    assert call in code and ("num_classes=4" in code) == call.startswith("logits")
    assert f"({list(STATISTICS[0])}, {list(STATISTICS[1])})" in code


@pytest.mark.slow
def test_an_imported_classifier_is_exported_with_its_head(tmp_path):
    made = public_weights.build_classifier("hrnet_mini", 3)
    normalized = {"mean": (0.1,) * 3, "std": (0.5,) * 3}
    facts = CheckpointFacts(backbone="hrnet_mini", license="MIT", **normalized)
    public_weights.write_checkpoint(made.network, tmp_path / "w", facts)
    opened = export.open_trained_model(tmp_path / "w")
    assert opened.metadata["classes"] == 3 and opened.metadata["backbone"] == "hrnet_mini"
    assert (opened.mean, opened.std) == facts.statistics
    assert not opened.metadata["assumed_statistics"] and export.has_timm_head(opened)
    for a, b in zip(opened.head.model.variables, made.head_model.variables, strict=True):
        assert np.array_equal(a, b)
    # Without a task there is no preprocessing to predict with.
    assert set(export.saved_model.build_functions(opened, frozen=False)) == {"get_features"}
    text = model_card.render_card(opened.metadata | {"format": "saved_model", "frozen": True})
    assert "The classifier of 3 classes is not in it" in text
    assert "| Backbone | hrnet_mini |\n| License | MIT |" in text

    checkpoint_facts.facts_path(tmp_path / "w").unlink()
    opened = export.open_trained_model(tmp_path / "w", backbone="hrnet_mini")
    text = model_card.render_card(opened.metadata | {"format": "saved_model", "frozen": True})
    assert "(assumed)" in text


@pytest.mark.parametrize("kind", sorted(tasks.TYPES))
def test_the_card_describes_predictions(kind, body):
    model = trained_model(kind, body)
    text = model_card.render_card(model.metadata | {"format": "saved_model", "frozen": True})
    assert model.task.prediction_text in text and "tf.saved_model.load" in text


@pytest.mark.slow
def test_a_trained_link(make_link, blocks_data, tmp_path):
    link = make_link(steps=1)
    run_link.run_link(
        link, [blocks_data], None, tmp_path, strategies.create_strategy("cpu"), Pace()
    )
    directory, data_dir = link.directory(tmp_path), blocks_data.directory.parents[1]
    options = {"backbone": None, "precision": None, "license": "CC0"}
    made = export.open_trained_model(directory, data_dir=data_dir, **options)
    network, task = made.network, tasks.create(link.task, blocks_data.dataset)
    stored = tf.train.load_checkpoint(str(links.weights_path(directory)))
    shapes = stored.get_variable_to_shape_map()
    head = [k for k in shapes if k.startswith("heads/") and "optimizer" not in k]
    assert any(np.array_equal(stored.get_tensor(k), made.head.model.variables[0]) for k in head)
    assert made.metadata["metrics"] == links.load_finished(directory).metrics
    assert made.metadata["class_names"] == blocks_data.dataset.names["segmentation"]
    statistics = (blocks_data.dataset.mean, blocks_data.dataset.std)
    assert initial_weights.find_weights(directory, link.backbone).facts.statistics == statistics
    assert made.metadata["license"] == "CC0" and made.crop == link.members[0].crop
    assert type(made.task) is type(task) and network.models
    # The member leaves the choice out, as links did before there was one.
    assert made.metadata["upsample"] == made.head.upsample == "logits"
    text = model_card.render_card(made.metadata | {"format": "saved_model", "frozen": True})
    assert "| Upsampled to the input | logits |" in text
    with pytest.raises(FoiError, match="give --data_dir of blocks:segmentation"):
        export.open_trained_model(directory, data_dir="", **options)
    with pytest.raises(FoiError, match="trained with hrnet_mini, but --backbone=hrnet_w18"):
        changed = options | {"backbone": "hrnet_w18"}
        export.open_trained_model(directory, data_dir=data_dir, **changed)


def test_other_classes_than_the_dataset_has(body, tmp_path):
    made = trained_model("segmentation", body)
    made.network.checkpoint().write(str(tmp_path / "weights"))
    name = "x:segmentation"
    head = tasks.create(Task("x", "segmentation"), augmented_examples.ROW).head()
    head.classes += 1
    other = transfer.build_network("hrnet_mini", {name: head}, {name: CROP}, {name: STATISTICS})
    with pytest.raises(FoiError, match=r"weights: weights of another network .*other classes"):
        transfer.load_network(other, tmp_path / "weights")
