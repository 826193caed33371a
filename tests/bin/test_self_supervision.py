"""Tests chains that begin without labels: ILSVRC -> a dataset -> a target with labels."""

import dataclasses
import json

import numpy as np
import pytest

from foi_tf.analysis.measures.gains import with_gains
from foi_tf.bin import linear, pretrain, probe, source, target
from foi_tf.data.convert import builder, custom_dataset
from foi_tf.errors import FoiError
from foi_tf.inference import export, linear_probe
from foi_tf.study import results
from foi_tf.study.dataset import Dataset
from tests import raw_folders, tiny_backbone
from tests.bin.conftest import error

CONFIG = """
contrastive:
  crop: [32, 32]
  rescale: [1.0, 3.5]
  schedule: {optimizer: lars, learning_rate: 0.5, steps: 3, small_steps: 2, batch_size: 4,
             policy: cosine}
segmentation:
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 3, small_steps: 2, batch_size: 4}
"""


@pytest.fixture(name="data", scope="module")
def _data(tmp_path_factory):
    """Prepares labeled images, and `blocks`, where one training image has no mask."""
    tmp_path = tmp_path_factory.mktemp("data")
    root = raw_folders.write_classes(tmp_path / "classes", train=12, val=6)
    found = custom_dataset.find_custom_dataset(root, ["folders"], "other", "websearch", None)
    row = dataclasses.replace(found.dataset, id="ilsvrc")
    builder.build_records(dataclasses.replace(found, dataset=row), tmp_path / "data")
    root = raw_folders.write_folder(tmp_path / "raw", train=9, val=4)
    (root / "masks/train/003.png").unlink()
    found = custom_dataset.find_custom_dataset(root, ["masks", "coco"], "blocks", "aerial", None)
    builder.build_records(found, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(name="flags")
def _flags(data, tmp_path, monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)
    (tmp_path / "c.yaml").write_text(CONFIG)
    return {
        "data_dir": data, "workdir": tmp_path / "work", "config": tmp_path / "c.yaml",
        "backbone": "hrnet_mini",
    }  # fmt: skip


@pytest.mark.slow
def test_a_self_supervised_chain_end_to_end(call, flags):
    simclr = "ilsvrc:contrastive"
    mine = {"target": "blocks:segmentation", "init": simclr}
    asked = {"source": "blocks:contrastive"} | mine
    said = error(call(source, **flags, source="blocks:contrastive", init=simclr))
    assert "run foi-pretrain --task_type=contrastive first" in said
    code, out, _ = call(pretrain, **flags, task_type="contrastive")
    assert code == 0
    first = json.loads(out)
    assert first["chain"] == ["scratch", simclr]
    assert 0 <= first["metrics"]["contrastive_accuracy"] <= 1
    said = error(call(target, **flags, **asked))
    assert "run foi-source --source=blocks:contrastive --init=ilsvrc:contrastive first" in said
    code, out, _ = call(source, **flags, source="blocks:contrastive", init=simclr)
    assert code == 0 and json.loads(out)["chain"] == [simclr, "blocks:contrastive"]
    code, out, _ = call(target, **flags, **asked)
    assert code == 0
    assert json.loads(out)["chain"] == [simclr, "blocks:contrastive", "blocks:segmentation"]
    assert call(target, **flags, source="ilsvrc", **mine)[0] == 0

    frame = results.load(flags["workdir"] / "results")
    columns = ["init", "source", "source_type", "target_type", "n_source", "n_target"]
    assert sorted(frame[columns].itertuples(index=False, name=None)) == [
        (simclr, "blocks", "contrastive", "segmentation", 9, 8),
        (simclr, "ilsvrc", "", "contrastive", 0, 9),
        (simclr, "ilsvrc", "", "segmentation", 0, 8),
        ("scratch", "scratch", "", "contrastive", 0, 12),
    ]
    chains = with_gains(frame)
    assert set(chains.family) == {simclr} and set(chains.target_type) == {"segmentation"}
    by_source = chains.set_index("source")
    assert by_source.baseline["blocks"] == by_source.value["ilsvrc"]

    # No program confuses it with the pre-training by classification.
    said = error(call(target, **flags, source="ilsvrc", target="blocks:segmentation"))
    assert "no finished link scratch -> ilsvrc:classification" in said
    said = error(call(target, **flags, source="scratch", target="blocks:contrastive"))
    assert "blocks:contrastive: it has no annotations to evaluate on" in said

    model = export.open_trained_model(first["directory"], data_dir=flags["data_dir"])
    assert model.head is None and model.metadata["chain"] == (simclr,)


@pytest.mark.slow
def test_linear_evaluation(call, flags, tmp_path):
    given = {"data_dir": flags["data_dir"], "backbone": "hrnet_mini", "init": "scratch"}
    out_file = tmp_path / "linear.json"
    code, out, err = call(linear, dataset="ilsvrc", **given, size="32x32", out=out_file)
    found = json.loads(out)
    assert code == 0 and "6/6 images" in err and json.loads(out_file.read_text()) == found
    assert found["train"] == 12 and found["val"] == 6 and found["chain"] == ["scratch"]
    # The classes are of different colors, which random features keep apart, too.
    assert found["top1"] > 0.8
    assert found["labels"] == "classification" and found["mean_ap"] is None
    assert len(found["mean"]) == len(found["std"]) == 3


@pytest.mark.slow
def test_probes_of_several_targets(call, flags, tmp_path):
    """Classifies by the solver of foi-linear, and segments by a head; outcomes are kept."""
    given = {"data_dir": flags["data_dir"], "backbone": "hrnet_mini", "size": "32x32"}
    given |= {"init": "scratch", "steps": 5, "out": tmp_path / "probes"}
    tasks = "ilsvrc:classification,blocks:segmentation"
    code, out, _ = call(probe, dataset=tasks, **given)
    first, second = map(json.loads, out.splitlines())
    assert code == 0 and first["value"] > 0.8 and first["origin"]["steps"] == 0
    assert second["metric"] == "miou" and second["origin"]["chain"] == ["scratch"]
    assert len(list((tmp_path / "probes").iterdir())) == 2
    assert call(probe, dataset=tasks, **given)[1] == out  # With the seconds of the first time.
    said = error(call(probe, dataset="blocks:depth", **given))
    assert "blocks" in said and "depth" in said


@pytest.mark.slow
def test_linear_evaluation_with_labels_from_boxes(call, flags):
    given = {"data_dir": flags["data_dir"], "backbone": "hrnet_mini", "init": "scratch"}
    # Each image of `blocks` shows an object of each class.
    code, _, err = call(linear, dataset="blocks", **given, size="32x32")
    assert code == 1 and "blocks train: 7/7 images" in err
    assert "blocks: 7 training images of a single class" in err


def test_images_with_several_labels():
    """Checks both numbers on vectors that a regression separates, but for one image, by hand."""
    rng = np.random.default_rng(0)
    labels = np.eye(4, 3, dtype=bool)[rng.integers(0, 4, 60)]  # A quarter shows no object.
    labels[:, 2] |= labels[:, 0]  # Class 0 never stands alone.
    vectors = np.hstack([labels, rng.normal(size=(60, 1))]).astype(np.float32)
    model = linear_probe._fit(vectors, labels, 1.0)
    assert linear_probe._measure(model, vectors, labels) == [1, 1]
    wrong = labels.copy()
    wrong[np.flatnonzero(labels[:, 1])[0]] = [False, False, True]
    top1, precision = linear_probe._measure(model, vectors, wrong)
    assert top1 == pytest.approx(1 - 1 / labels.any(1).sum()) and 0.5 < precision < 1


def test_images_need_labels():
    row = Dataset(id="x", domain="aerial", name="X", number=0, train=1, val=1, classes={"depth": 1})
    with pytest.raises(FoiError, match="x has neither classification nor detection annotations"):
        linear_probe.find_label_type(row)
