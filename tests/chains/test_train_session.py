import numpy as np
import pytest
import tensorflow as tf

from foi_tf.chains import links, run_link, train_session
from foi_tf.study.choices import Pace
from foi_tf.training import strategies
from tests import tiny_backbone

PACE = Pace(steps_per_loop=3, checkpoint_every=3)
OPTIMIZERS = ("sgd", "adam", "lars")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use(monkeypatch)
    train_session.forget()
    yield
    train_session.forget()


@pytest.fixture(scope="module", name="starts")
def _starts(make_link, blocks_data, tmp_path_factory):
    """Two checkpoints to start from."""
    workdir = tmp_path_factory.mktemp("starts")
    made = [make_link(seed=seed, steps=3) for seed in (5, 6)]
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use(patch)
        for one in made:
            run_link.run(one, [blocks_data], None, workdir, strategies.make("cpu"), PACE)
    train_session.forget()
    return [(one.digest, links.weights(one.directory(workdir))) for one in made]


def train(link, data, checkpoint, workdir):
    """Trains a link; returns its rig and all that it left."""
    finished = run_link.run(link, [data], checkpoint, workdir, strategies.make("cpu"), PACE)
    stored = tf.train.load_checkpoint(str(links.weights(link.directory(workdir))))
    tensors = {
        name: stored.get_tensor(name)
        for name in stored.get_variable_to_shape_map()
        if "ATTRIBUTES" in name
    }
    return train_session._made[0], tensors, finished.metrics


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("policy", ["step", "poly", "cosine"])
def test_a_link_ends_the_same_alone_and_after_another(
    make_link, blocks_data, starts, tmp_path, optimizer, policy
):
    schedule = {"optimizer": optimizer, "policy": policy, "warmup": 0.2}
    first, second = (
        make_link(parent=digest, schedule=schedule | {"learning_rate": rate})
        for (digest, _), rate in zip(starts, (0.05, 0.03), strict=True)
    )
    checkpoints = [checkpoint for _, checkpoint in starts]
    before, *_ = train(first, blocks_data, checkpoints[0], tmp_path / "after")
    traced = before.trainer._train_loop_fn
    used, *after = train(second, blocks_data, checkpoints[1], tmp_path / "after")
    assert used is before and used.trainer._train_loop_fn is traced
    train_session.forget()
    new, *alone = train(second, blocks_data, checkpoints[1], tmp_path / "alone")
    assert new is not before
    assert after[1] == alone[1]
    assert len(alone[0]) > 10 and after[0].keys() == alone[0].keys()
    for name in alone[0]:
        assert np.array_equal(after[0][name], alone[0][name]), name


def test_a_step_is_traced_once(make_link, blocks_data, starts, tmp_path, monkeypatch):
    calls = []
    replica_step = run_link.rigs.Trainer.replica_step
    monkeypatch.setattr(
        run_link.rigs.Trainer,
        "replica_step",
        lambda self, *given: calls.append(given) or replica_step(self, *given),
    )
    for digest, checkpoint in starts:
        train(make_link(parent=digest), blocks_data, checkpoint, tmp_path)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"steps": 4}, {"holdout": 0.2}, {"schedule": {"momentum": 0.8}}]
)
def test_another_link_gets_another_rig(make_link, blocks_data, starts, tmp_path, change):
    digest, checkpoint = starts[0]
    before, *_ = train(make_link(parent=digest), blocks_data, checkpoint, tmp_path)
    after, *_ = train(make_link(parent=digest, **change), blocks_data, checkpoint, tmp_path)
    assert after is not before


def test_random_weights_are_those_of_the_seed_also_after_another_link(
    make_link, blocks_data, starts, tmp_path
):
    digest, checkpoint = starts[0]
    scratch = make_link()
    _, alone, _ = train(scratch, blocks_data, None, tmp_path / "alone")
    train_session.forget()
    before, *_ = train(make_link(parent=digest), blocks_data, checkpoint, tmp_path)
    used, after, _ = train(scratch, blocks_data, None, tmp_path)
    assert used is before
    assert all(np.array_equal(after[name], alone[name]) for name in alone)
