"""Sessions: links that share one end as they would alone, and its step is traced once."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.chains import links
from foi_tf.chains.run_link import run_link
from foi_tf.chains.train_session import SessionCache
from foi_tf.models import backbones
from foi_tf.study.choices import Pace
from foi_tf.training import strategies
from foi_tf.training.trainer import Trainer
from tests import tiny_backbone

PACE = Pace(steps_per_loop=3, checkpoint_every=3)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


@pytest.fixture(scope="module", name="starts")
def _starts(make_link, blocks_data, tmp_path_factory):
    """Two checkpoints to start from, with their digests."""
    workdir = tmp_path_factory.mktemp("starts")
    made = [make_link(seed=seed, steps=3) for seed in (5, 6)]
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        for link in made:
            train(link, blocks_data, None, workdir, SessionCache())
    return [(link.digest, links.weights_path(link.directory(workdir))) for link in made]


def train(link, data, checkpoint, workdir, sessions):
    """Trains a link; returns its session, its weights by name and its metrics."""
    strategy = strategies.create_strategy("cpu")
    finished = run_link(link, [data], checkpoint, workdir, strategy, PACE, sessions)
    stored = tf.train.load_checkpoint(str(links.weights_path(link.directory(workdir))))
    tensors = {
        name: stored.get_tensor(name)
        for name in stored.get_variable_to_shape_map()
        if "ATTRIBUTES" in name
    }
    return sessions.newest, tensors, finished.metrics


def assert_same(after, alone):
    """Compares weights and metrics of a link after others with those of it alone, to the bit."""
    assert after[1] == alone[1]
    assert len(alone[0]) > 10 and after[0].keys() == alone[0].keys()
    for name in alone[0]:
        assert np.array_equal(after[0][name], alone[0][name]), name


def count_traces(monkeypatch):
    """Returns a list that grows whenever a training step is traced."""
    calls, replica_step = [], Trainer.replica_step
    monkeypatch.setattr(
        Trainer,
        "replica_step",
        lambda self, *given: calls.append(given) or replica_step(self, *given),
    )
    return calls


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "policy"),
    [("adam", "cosine"), ("lars", "poly")],  # SGD is in the tests below.
)
def test_a_link_ends_the_same_alone_and_after_another(
    make_link, blocks_data, starts, tmp_path, optimizer, policy
):
    schedule = {"optimizer": optimizer, "policy": policy, "warmup": 0.2}
    first, second = (
        make_link(parent=digest, schedule=schedule | {"learning_rate": rate})
        for (digest, _), rate in zip(starts, (0.05, 0.03), strict=True)
    )
    checkpoints = [checkpoint for _, checkpoint in starts]
    shared = SessionCache()
    before, *_ = train(first, blocks_data, checkpoints[0], tmp_path / "after", shared)
    traced = before.trainer._train_loop_fn
    used, *after = train(second, blocks_data, checkpoints[1], tmp_path / "after", shared)
    assert used is before and used.trainer._train_loop_fn is traced
    _, *alone = train(second, blocks_data, checkpoints[1], tmp_path / "alone", SessionCache())
    assert_same(after, alone)


@pytest.mark.slow
def test_a_link_ends_the_same_alone_and_after_others_of_other_seeds_and_images(
    make_link, blocks_data, tmp_path, monkeypatch
):
    sessions = SessionCache()
    (member,) = make_link().members
    fewer = (dataclasses.replace(member, images=8),)
    varied = ("init", "order", "subset")
    before, *_ = train(make_link(), blocks_data, None, tmp_path / "after", sessions)
    traced = count_traces(monkeypatch)
    for changes in (
        {"seed": 2, "members": fewer, "varied": varied},
        {"seed": 2, "members": fewer, "varied": varied, "holdout": 0.3},
        {"seed": 3, "members": fewer, "varied": ("order",)},
    ):
        link = make_link(**changes)
        used, *after = train(link, blocks_data, None, tmp_path / "after", sessions)
        assert used is before and not traced
        _, *alone = train(link, blocks_data, None, tmp_path / "alone", SessionCache())
        traced.clear()
        assert_same(after, alone)


@pytest.mark.slow
def test_a_link_ends_the_same_also_after_one_that_another_cache_kept(
    make_link, blocks_data, starts, tmp_path, monkeypatch
):
    first, others = SessionCache(), SessionCache()
    before, *_ = train(make_link(), blocks_data, None, tmp_path / "after", first)
    train(make_link(steps=4, seed=1), blocks_data, None, tmp_path / "after", others)
    traced = count_traces(monkeypatch)
    digest, checkpoint = starts[0]
    link = make_link(parent=digest)
    used, *after = train(link, blocks_data, checkpoint, tmp_path / "after", first)
    assert used is before and not traced
    _, *alone = train(link, blocks_data, checkpoint, tmp_path / "alone", SessionCache())
    assert_same(after, alone)


def build_dropping(input_shape):
    """Builds the tiny backbone, with dropout on its maps."""
    tiny = tiny_backbone.build_tiny(input_shape)
    dropped = tf.keras.layers.Dropout(0.5, name="dropped")(tiny.output)
    return tf.keras.Model(tiny.input, dropped)


@pytest.mark.parametrize("drops", [False, True])
def test_random_numbers_begin_anew_only_where_a_step_draws_them(
    make_link, blocks_data, tmp_path, monkeypatch, drops
):
    if drops:
        monkeypatch.setitem(backbones.ARCHITECTURES, "tiny", build_dropping)
    sessions, link = SessionCache(), make_link()
    train(link, blocks_data, None, tmp_path / "before", sessions)
    begun = []
    make_repeatable = strategies.make_repeatable
    monkeypatch.setattr(
        strategies, "make_repeatable", lambda *given: begun.append(given) or make_repeatable(*given)
    )
    used, *after = train(link, blocks_data, None, tmp_path / "after", sessions)
    assert used.trainer.draws_numbers() == drops
    assert bool(begun) == drops
    _, *alone = train(link, blocks_data, None, tmp_path / "alone", SessionCache())
    assert_same(after, alone)


@pytest.mark.parametrize(("change", "same"), [
    ({"seed": 1}, True), ({"steps": 4}, False), ({"holdout": 0.2}, True),
    ({"precision": "bfloat16"}, False), ({"rematerialize": True}, False),
    ({"schedule": {"momentum": 0.8}}, False), ({"schedule": {"learning_rate": 0.2}}, True),
    ({"parent": "x", "chain": ("ilsvrc", "blocks:segmentation")}, True),
])  # fmt: skip
def test_a_session_is_kept_for_links_whose_step_is_the_same(make_link, blocks_data, change, same):
    sessions, strategy = SessionCache(), strategies.create_strategy("cpu")
    before = sessions.get(make_link(), [blocks_data], None, strategy)
    after = sessions.get(make_link(**change), [blocks_data], None, strategy)
    assert (after is before) == same
    assert after is sessions.newest and after.link == make_link(**change)


def test_a_session_is_not_kept_for_links_of_another_order_of_sums(make_link, blocks_data):
    sessions, strategy = SessionCache(), strategies.create_strategy("cpu")
    made = [
        sessions.get(make_link(), [blocks_data], None, strategy, deterministic)
        for deterministic in (False, True, True)
    ]
    assert made[0] is not made[1] and made[1] is made[2]


@pytest.mark.slow
def test_random_weights_follow_the_seed_also_after_another_link(
    make_link, blocks_data, starts, tmp_path
):
    digest, checkpoint = starts[0]
    scratch, sessions = make_link(), SessionCache()
    _, alone, _ = train(scratch, blocks_data, None, tmp_path / "alone", SessionCache())
    before, *_ = train(make_link(parent=digest), blocks_data, checkpoint, tmp_path, sessions)
    used, after, _ = train(scratch, blocks_data, None, tmp_path, sessions)
    assert used is before
    assert all(np.array_equal(after[name], alone[name]) for name in alone)
