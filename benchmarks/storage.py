"""Lets each write of a link fail in turn, and counts what came of it.

  python -m benchmarks.storage

A tiny link is trained and evaluated. Then it is trained anew for each of its writes: that write
fails once with "No space left on device", and once with "Input/output error". The cause must be in
the message, in one line, and the same command must end with the same row, statistics of images
and weights. Writes that need not succeed, as a lease's removal, may pass.
"""

import collections
import errno
import json
import os
import pathlib
import tempfile

import numpy as np
import tensorflow as tf
from absl import app

from foi_tf.chains import stages
from foi_tf.chains.train_session import SessionCache
from foi_tf.data.convert import builder, custom_dataset
from foi_tf.errors import FoiError
from foi_tf.study import configuration, image_statistics
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Task
from foi_tf.training import strategies
from tests import raw_folders, tiny_backbone
from tests.storage_faults import FailingWrites

CONFIG = """
segmentation:
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 4, small_steps: 4, batch_size: 4}
"""
DURATIONS = ("wall_seconds", "chip_hours")


def make_trainer(data, scrap):
    """Returns a function that trains a target in a directory; all calls share a traced step."""
    sessions, path = SessionCache(), pathlib.Path(scrap) / "c.yaml"
    path.write_text(CONFIG)

    def train(workdir):
        setup = stages.Setup(
            data_dir=data,
            workdir=workdir,
            config=configuration.load_config(str(path), {"blocks"}),
            backbone=tiny_backbone.NAME,
            precision="float32",
            seed=0,
            select="none",
            strategy=strategies.create_strategy("cpu"),
            pace=Pace(steps_per_loop=2, checkpoint_every=2),
            sessions=sessions,
        )
        return stages.target(setup, Task("blocks", "segmentation"), "scratch", "small")

    return train


def read_outcome(workdir, finished):
    """Returns row, statistics and weights of a link, but for durations."""
    (row,) = (workdir / "results").glob("*.json")
    record = {k: v for k, v in json.loads(row.read_text()).items() if k not in DURATIONS}
    (images,) = (workdir / "results").glob(f"*{image_statistics.SUFFIX}")
    sums = image_statistics.read_statistics(images)
    reader = tf.train.load_checkpoint(str(finished.link.directory(workdir) / "weights"))
    names = sorted(n for n in reader.get_variable_to_shape_map() if not n.startswith("_"))
    weights = [np.asarray(reader.get_tensor(name)).tolist() for name in names]
    return record, sums.numerator.tolist(), sums.denominator.tolist(), weights


def fail_at(number, code, train, workdir, calm):
    """Fails at one write, and then goes on; returns what was said, "" if the write passed."""
    said = ""
    try:
        with FailingWrites(number, code).active():
            train(workdir)
    except FoiError as error:
        said = str(error)
        assert os.strerror(code) in said, said
    assert read_outcome(workdir, train(workdir)) == calm, said
    return said


def main(_):
    """Runs the benchmark."""
    tiny_backbone.use_tiny_backbone()
    with tempfile.TemporaryDirectory() as scrap:
        place = pathlib.Path(scrap)
        raw = raw_folders.write_folder(place / "raw", train=8, val=4)
        given = custom_dataset.find_custom_dataset(raw, ["masks"], "blocks", "aerial", None)
        builder.build_records(given, place / "data")
        train = make_trainer(place / "data", place)
        with FailingWrites().active() as writes:
            calm = read_outcome(place / "calm", train(place / "calm"))
        counts = collections.Counter()
        for code in (errno.ENOSPC, errno.EIO):
            for number, write in enumerate(writes.done):
                said = fail_at(number, code, train, place / f"{code}-{number}", calm)
                counts[os.strerror(code), "told" if said else "passed"] += 1
                print(os.strerror(code), number, write, said or "passed", sep="\t", flush=True)
    for (code, what), count in sorted(counts.items()):
        print(f"{code}: {count} {what}; row, statistics and weights equal afterwards")


if __name__ == "__main__":
    app.run(main)
