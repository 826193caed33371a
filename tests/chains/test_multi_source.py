"""Links of several members: whose turn it is, and what is left of one alone."""

import dataclasses
import os
import signal
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from foi_tf import preemption, tasks
from foi_tf.chains import link_inputs, links, run_link
from foi_tf.chains.links import Member
from foi_tf.chains.train_session import SessionCache
from foi_tf.data.input import pipeline
from foi_tf.models import transfer
from foi_tf.models.backbones import build_backbone
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Task
from foi_tf.training import optimizers, strategies
from tests import tiny_backbone

SET = Task("blocks+bricks", "segmentation")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


@pytest.fixture(name="pair")
def _pair(make_link, blocks_data, bricks):
    """A link of two members with input sizes of their own, and their datasets."""
    (first,) = make_link().members
    second = Member(
        task=Task("bricks", "segmentation"), data=bricks.digest, images=6, crop=(32, 64),
        rescale=(1.0, 1.0),
    )  # fmt: skip
    link = make_link(steps=4, task=SET, members=(second, first), chain=("scratch", str(SET)))
    return link, [bricks, blocks_data]


def weights(link, workdir):
    checkpoint = tf.train.load_checkpoint(str(links.weights_path(link.directory(workdir))))
    names = checkpoint.get_variable_to_shape_map()
    return {name: checkpoint.get_tensor(name) for name in names if "ATTRIBUTES" in name}


@pytest.fixture(name="run", scope="module")
def _run():
    """Trains links whose step is traced once for the same members."""
    strategy, sessions = strategies.create_strategy("cpu"), SessionCache()

    def run(link, data, workdir, every=100):
        pace = Pace(steps_per_loop=1, checkpoint_every=every)
        return run_link.run_link(link, data, None, workdir, strategy, pace, sessions)

    return run


@pytest.mark.slow
def test_one_member_equals_the_plain_link(run, make_link, blocks_data, tmp_path):
    plain = make_link(steps=3)
    of_one = dataclasses.replace(plain, task=Task("multi", "segmentation"))
    finished = [run(link, [blocks_data], tmp_path) for link in (plain, of_one)]
    a, b = (weights(link, tmp_path) for link in (plain, of_one))
    assert a.keys() == b.keys() and len(a) > 10
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert finished[0].metrics == finished[1].metrics


def by_hand(link, data, turns):
    """The backbone after updates by eager Keras alone, in the order of `turns`."""
    strategies.make_repeatable(link.seed)
    made = [tasks.create(m.task, d.dataset) for m, d in zip(link.members, data, strict=True)]
    names = [str(member.task) for member in link.members]
    network = transfer.build_network(
        link.backbone,
        {name: task.head() for name, task in zip(names, made, strict=True)},
        {name: member.crop for name, member in zip(names, link.members, strict=True)},
        {name: (d.dataset.mean, d.dataset.std) for name, d in zip(names, data, strict=True)},
    )
    sgd = tf.keras.optimizers.SGD(
        optimizers.create_learning_rate(link.schedule, link.steps * len(names)),
        link.schedule.momentum,
    )
    sgd.build(network.trainable_variables)
    streams = [
        iter(
            pipeline.make_train_batches(
                link_inputs.make_train_input(link, place, d, task), link.schedule.batch_size
            )
        )
        for place, (d, task) in enumerate(zip(data, made, strict=True))
    ]
    for _ in range(link.steps):
        for place in turns:
            batch, model = next(streams[place]), network.models[names[place]]
            with tf.GradientTape() as tape:
                outputs = model(batch["image"], training=True)
                loss = tf.add_n(list(made[place].loss(outputs, batch["targets"]).values()))
            variables = model.trainable_variables
            gradients = tape.gradient(loss, variables)
            sgd.apply_gradients(zip(gradients, variables, strict=True))
    return [variable.numpy() for variable in network.backbone.trainable_variables]


@pytest.mark.slow
def test_members_take_turns_batch_by_batch(run, pair, tmp_path):
    """Against a loop by hand; the other order of turns ends elsewhere."""
    link, data = pair
    schedule = dataclasses.replace(link.schedule, learning_rate=0.01)
    link = dataclasses.replace(link, schedule=schedule)
    finished = run(link, data, tmp_path)
    assert set(finished.metrics) == {
        f"{name}:segmentation/{metric}"
        for name in ("blocks", "bricks")
        for metric in ("miou", "pixel_accuracy", "constant_miou", "constant_pixel_accuracy")
    }
    means = [finished.metrics[f"{name}:segmentation/miou"] for name in ("blocks", "bricks")]
    assert finished.value == pytest.approx(np.mean(means))
    assert finished.n_train == 12 + 6 and finished.domain == ""

    reader = tf.train.Checkpoint(backbone=build_backbone(link.backbone))
    reader.read(str(links.weights_path(link.directory(tmp_path)))).expect_partial()
    found = [variable.numpy() for variable in reader.backbone.trainable_variables]
    right, wrong = (by_hand(link, data, turns) for turns in ((0, 1), (1, 0)))
    off = [max(np.abs(a - b).max() for a, b in zip(found, w, strict=True)) for w in (right, wrong)]
    assert off[0] < 1e-5 < off[1] / 10, off


@pytest.mark.slow
def test_sigterm_stops_a_set_between_two_steps_and_it_goes_on(run, pair, tmp_path):
    link, data = pair
    link = dataclasses.replace(link, steps=8)
    directory = link.directory(tmp_path / "torn")

    def stop():
        while not list(directory.glob("checkpoints/ckpt-*.index")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop, daemon=True).start()
    with preemption.raise_on_sigterm(), pytest.raises(preemption.Preempted):
        run(link, data, tmp_path / "torn", every=3)
    assert not links.is_finished(directory) and not list(directory.glob("leases/*"))
    saved = max(int(p.stem[5:]) for p in directory.glob("checkpoints/ckpt-*.index"))
    assert 1 <= saved < 8
    torn, whole = (run(link, data, tmp_path / name) for name in ("torn", "whole"))
    assert torn.metrics == whole.metrics
    a, b = (weights(link, tmp_path / name) for name in ("torn", "whole"))
    assert all(np.array_equal(a[name], b[name]) for name in a)
