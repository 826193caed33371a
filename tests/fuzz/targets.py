"""Lists the readers to try: for each, files as they should be, and how to read them.

Datasets are in `dataset_targets`.
"""

import io
import json
import sys
from unittest import mock

import numpy as np
import safetensors.numpy
import tensorflow as tf

from foi_tf import lease
from foi_tf.bin import run
from foi_tf.chains import divergence, initial_weights, links
from foi_tf.errors import BusyError
from foi_tf.inference import opened_model
from foi_tf.models.weights import checkpoint_facts, tensor_files
from foi_tf.study import (
    config_files,
    configuration,
    feature_files,
    image_statistics,
    registry,
    results,
    schedules,
)
from foi_tf.study.dataset import Task
from tests import result_rows
from tests.fuzz.dataset_targets import DATASET_TARGETS
from tests.fuzz.target import Target
from tests.models.weights import torch_files

TASK = Task("blocks", "segmentation")
LINK = links.Link(
    chain=("scratch", str(TASK)),
    task=TASK,
    members=(links.Member(task=TASK, data="d", images=None, crop=(32, 32), rescale=(0.5, 2.0)),),
    parent="",
    steps=4,
    schedule=schedules.Schedule(
        optimizer="sgd", learning_rate=0.1, steps=4, small_steps=4, batch_size=2
    ),
    backbone="hrnet_mini",
    precision="float32",
    seed=0,
    replicas=1,
)
FINISHED = links.Finished(
    link=LINK, metric="miou", value=0.5, metrics={"miou": 0.5}, n_train=4, domain="aerial",
    wall_seconds=1.0, device="cpu",
)  # fmt: skip
CONFIG = """
segmentation: &all
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 3, small_steps: 2, batch_size: 4}
  datasets:
    camvid: {schedule: {steps: 5}}
    multi: {schedule: {steps: 7}}
depth: *all
"""


def _torch(write):
    def make(place):
        arrays = torch_files.some_arrays()
        return [write(place / "x.pth", torch_files.state_dict(arrays), arrays)]

    return make


def _safetensors(place):
    safetensors.numpy.save_file(torch_files.some_arrays(), place / "x.safetensors")
    return [place / "x.safetensors"]


def _tensors(name):
    def read(place):
        found = tensor_files.open_tensors(place / name)
        return {key: np.asarray(found.read(key)).tobytes() for key in found.shapes}

    return read


def _checkpoint(place):
    values = {"a": tf.Variable(np.arange(50.0)), "b": tf.Variable(np.ones((3, 4), np.float32))}
    tf.train.Checkpoint(**values).write(str(place / "ck"))
    return checkpoint_facts.checkpoint_files(place / "ck")


def _facts(place):
    facts = checkpoint_facts.CheckpointFacts(
        backbone="hrnet_mini", mean=(0.1, 0.2, 0.3), std=(0.1, 0.2, 0.3)
    )
    checkpoint_facts.write_facts(place / "ck", facts)
    return [checkpoint_facts.facts_path(place / "ck")]


def _features(place):
    rng = np.random.default_rng(0)
    origin = feature_files.Origin(
        dataset="coco", domain="consumer", train={"segmentation": 9}, data="d", split="train",
        ids=("a", "b", "c"), backbone="hrnet_mini", chain=("ilsvrc",), weights="w", size=(32, 32),
        task_type="segmentation", points_per_image=2, seed=0, version="0",
    )  # fmt: skip
    points = feature_files.Points(
        vectors=rng.random((6, 5), np.float32),
        targets=np.arange(6),
        images=np.array([0, 0, 1, 1, 2, 2]),
        probabilities=rng.random((6, 3), np.float32),
        geometry=rng.random((6, 2), np.float32),
    )
    found = feature_files.Features(
        origin=origin, vectors=rng.random((3, 5), np.float32), points=points
    )
    feature_files.write_features(place / "f.npz", [found])
    return [place / "f.npz"]


def _read_features(place):
    (found,) = feature_files.load_features(place / "f.npz")
    arrays = [found.vectors, *vars(found.points).values()]
    return repr(found.origin), [(a.dtype.str, a.shape, a.tobytes()) for a in arrays]


def _statistics(place):
    numbers = np.arange(12).reshape(4, 3)
    found = image_statistics.ImageStatistics(np.array(list("abcd")), numbers, numbers + 1)
    image_statistics.save_statistics(found, place / "i.npz")
    return [place / "i.npz"]


def _read_statistics(place):
    found = image_statistics.read_statistics(place / "i.npz")
    return [np.asarray(array).tolist() for array in vars(found).values()]


def _rows(place):
    row = result_rows.changed(result_rows.BASELINE, extra={"pixel_accuracy": 0.8})
    return [results.write_row(row, place / "rows")]


def _table(place):
    rows = place / "rows"
    for seed in (0, 1, 2):
        row = result_rows.changed(result_rows.BASELINE, seed=seed, extra={"pixel_accuracy": 0.8})
        results.write_row(row, rows)
    (place / "t.csv").write_text(results.to_csv(results.load(rows)))
    return [place / "t.csv"]


def _text(name, content):
    def write(place):
        (place / name).write_text(content)
        return [place / name]

    return write


def _read_config(place):
    return repr(configuration.load_config(str(place / "c.yaml"), registry.DATASETS))


def _read_override(place):
    text = (place / "v.txt").read_bytes().decode("utf-8", "replace")
    found = config_files.read_config_file("mini", [f"segmentation.schedule.steps={text}"])
    return repr(found["segmentation"])


def _finished(place):
    directory = LINK.directory(place)
    links.save_begun(LINK, directory)
    links.save_finished(directory, FINISHED)
    (directory / "weights.index").write_text("")
    (directory / "selected_none.json").write_text("{}")
    checkpoint_facts.write_facts(
        links.weights_path(directory),
        checkpoint_facts.CheckpointFacts(backbone="hrnet_mini", mean=None, std=None),
    )
    return [directory / "begun.json", directory / "link.json", directory / "weights.foi.json"]


def _read_finished(place):
    return repr(
        initial_weights.find_source_model(place, TASK, [None], "hrnet_mini", "none", "scratch")
    )


def _diverged(place):
    divergence.write_record(place, 3)
    return [place / "diverged.json"]


def _lease(place):
    (place / "leases").mkdir()
    record = {"process": 1, "machine": "elsewhere", "beats": 1}
    (place / "leases" / "0000.json").write_text(json.dumps(record))
    return [place / "leases" / "0000.json"]


def _read_lease(place):
    # A damaged file counts as dead after a beat and a half.
    with mock.patch.multiple(lease, POLL=0.001, BEAT=0.01):
        try:
            with lease.hold_lease(place, wait=False, waiting=lambda: None):
                return "taken over"
        except BusyError:
            return "busy"


def _read_plan(place):
    sys.stdin = io.TextIOWrapper(io.BytesIO((place / "plan.sh").read_bytes()))
    try:
        return run._read_commands()
    finally:
        sys.stdin = sys.__stdin__


TARGETS = [
    Target("weights .pth zip", _torch(torch_files.write_zip), _tensors("x.pth"), True, 8),
    Target("weights .pth old", _torch(torch_files.write_old), _tensors("x.pth"), weight=8),
    Target("weights .safetensors", _safetensors, _tensors("x.safetensors"), weight=6),
    Target("weights checkpoint", _checkpoint, _tensors("ck"), True),
    Target("weights facts", _facts, lambda p: repr(checkpoint_facts.read_facts(p / "ck"))),
    Target("features .npz", _features, _read_features, True, 8),
    Target("image statistics .npz", _statistics, _read_statistics, True, 6),
    Target("results row", _rows, lambda p: results.load(p / "rows").to_csv(), weight=8),
    Target("results table", _table, lambda p: results.load(p / "t.csv").to_csv(), weight=8),
    Target("configuration", _text("c.yaml", CONFIG), _read_config, weight=8),
    Target("override", _text("v.txt", "[1, {a: 2}]"), _read_override),
    Target("records of links", _finished, _read_finished, weight=6),
    Target(
        "record of divergence",
        _diverged,
        lambda p: divergence.check_not_diverged(p, LINK, "c"),
        weight=2,
    ),
    Target("lease", _lease, _read_lease),
    Target("plan", _text("plan.sh", "foi-source --a='b c'\nfoi-target --x=1\n"), _read_plan),
    Target(
        "description of an export",
        _text("foi_model.json", '{"format": "safetensors", "classes": 3}'),
        lambda p: opened_model.open_for_prediction(p),
        weight=2,
    ),
    *DATASET_TARGETS,
]  # fmt: skip
