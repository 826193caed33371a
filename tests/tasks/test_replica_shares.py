"""Losses of replicas and micro-batches are shares of the mean over the whole batch."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.distribute import mirrored_run
from tensorflow.python.distribute.tpu_strategy import _TPUReplicaContext

from foi_tf import tasks
from foi_tf.models import transfer
from foi_tf.study.dataset import Task
from foi_tf.tasks import base, micro_batches
from tests import tiny_backbone
from tests.augmented_examples import ROW
from tests.training.trainers import CROP, make_batches

HALF = 4  # Images of a replica; the first one has no object and no known pixel.


@pytest.fixture(name="case", params=sorted(tasks.TYPES), scope="module")
def _case(request):
    """Makes a task type, random outputs of its head and targets of twice `HALF` images."""
    task = tasks.create(Task("x", request.param), ROW)
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        statistics = {"x": ((0.0,) * 3, (1 / 255,) * 3)}
        network = transfer.build_network("hrnet_mini", {"x": task.head()}, {"x": CROP}, statistics)
    rng = np.random.default_rng(0)
    outputs = tf.nest.map_structure(
        lambda spec: tf.constant(
            rng.normal(0, 0.3, (2 * HALF * task.views, *spec.shape[1:])), tf.float32
        ),
        network.models["x"].output,
    )
    targets = next(iter(make_batches(request.param, 2 * HALF)))["targets"]
    return task, outputs, targets


def compute_losses(task, outputs, targets):
    """Returns the loss terms, and the gradients of their sum for each of the outputs."""
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        terms = task.loss(outputs, targets)
        loss = tf.add_n(list(terms.values()))
    return terms, tape.gradient(loss, tf.nest.flatten(outputs))


def take_half(case, index):
    task, *rest = case
    outputs, targets = tf.nest.map_structure(lambda rows: tf.split(rows, 2)[index], rest)
    return task, outputs, targets


def assert_shares_add_up(case, two_replicas):
    """Shares and their gradients add up to those of the whole batch."""
    terms, gradients = compute_losses(*case)

    halves = two_replicas.experimental_distribute_values_from_function(
        lambda context: take_half(case, context.replica_id_in_sync_group)[1:]
    )
    compute = tf.autograph.experimental.do_not_convert(functools.partial(compute_losses, case[0]))
    compute_both = tf.function(lambda given: two_replicas.run(compute, given), autograph=False)
    shares, parts = compute_both(halves)
    for name, share in shares.items():
        total = sum(two_replicas.experimental_local_results(share))
        np.testing.assert_allclose(total, terms[name], rtol=1e-5, err_msg=name)
    for part, gradient in zip(parts, gradients, strict=True):
        both = np.concatenate(two_replicas.experimental_local_results(part))
        np.testing.assert_allclose(both, gradient, rtol=1e-4, atol=1e-6 * np.abs(gradient).max())


def test_shares_and_their_gradients_add_up_to_those_of_the_whole_batch(case, two_replicas):
    assert_shares_add_up(case, two_replicas)


@pytest.mark.parametrize("case", ["contrastive"], indirect=True)
def test_they_add_up_with_the_gathering_of_tpu_strategy(case, two_replicas, monkeypatch):
    """Has the replicas of two CPUs gather as those of a TPU: by a masked sum over replicas."""
    gathered = []

    def all_gather(self, value, axis, options=None):
        gathered.append(value)
        return _TPUReplicaContext.all_gather(self, value, axis, options)

    shape = _TPUReplicaContext._compute_all_gather_output_shape
    ours = mirrored_run._MirroredReplicaContext
    monkeypatch.setattr(ours, "all_gather", all_gather)
    monkeypatch.setattr(ours, "_compute_all_gather_output_shape", shape, raising=False)
    assert_shares_add_up(case, two_replicas)
    assert len(gathered) == 2  # Each replica's views, once.


def test_micro_batches_and_their_gradients_add_up_to_those_of_the_whole_batch(case):
    task, outputs, targets = case
    if task.views == 2:
        return  # Its loss compares all images of a batch.
    terms, gradients = compute_losses(*case)
    counts = micro_batches.count_valid(lambda: task.loss(outputs, targets))
    found = []
    for index in (0, 1):
        with micro_batches.one_part(2, tf.zeros([0]) if counts is None else counts):
            found.append(compute_losses(*take_half(case, index)))
    for name, term in terms.items():
        total = sum(shares[name] for shares, _ in found)
        np.testing.assert_allclose(total, term, rtol=1e-5, err_msg=name)
    for *parts, gradient in zip(*(parts for _, parts in found), gradients, strict=True):
        both = np.concatenate(parts)
        np.testing.assert_allclose(both, gradient, rtol=1e-4, atol=1e-6 * np.abs(gradient).max())


def test_replicas_meet_once_for_all_terms(case, monkeypatch):
    calls = []
    counted = base.sum_over_replicas
    monkeypatch.setattr(base, "sum_over_replicas", lambda x: calls.append(x) or counted(x))
    task, outputs, targets = case
    task.loss(outputs, targets)
    # Classes and views are never missing, so that their number needs no sum.
    assert len(calls) == (0 if "label" in targets or task.views == 2 else 1)


def test_the_mean_of_each_half_alone_would_be_another_loss(case):
    """Shows that the halves are uneven; classes of images and views are never missing."""
    terms, _ = compute_losses(*case)
    halves = [compute_losses(*take_half(case, index))[0] for index in (0, 1)]
    for name, term in terms.items():
        apart = np.mean([half[name] for half in halves])
        even = case[0].terms == ("cross_entropy",) and "label" in case[2]
        assert np.isclose(apart, term, rtol=1e-4) == even, name
