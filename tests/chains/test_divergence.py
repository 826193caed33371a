"""Links that diverge leave no result, and damaged checkpoints fall back to the one before."""

import contextlib
import json

import numpy as np
import pytest
import tensorflow as tf
from etils import epath

from foi_tf.chains import (
    checkpoint_recovery,
    config_guard,
    divergence,
    links,
    lr_selection,
    run_link,
)
from foi_tf.chains.divergence import DivergedError
from foi_tf.errors import BusyError, FoiError
from foi_tf.models import transfer
from foi_tf.models.backbones import build_backbone
from foi_tf.study.choices import Pace
from foi_tf.training import strategies
from tests import tiny_backbone
from tests.link_fixtures import finish


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


def run(link, data, workdir, steps_per_loop=3):
    pace = Pace(steps_per_loop=steps_per_loop, checkpoint_every=steps_per_loop)
    strategy = strategies.create_strategy("cpu")
    return run_link.run_link(link, [data], None, workdir, strategy, pace, config="t.yaml")


def with_rate(make_link, rate):
    return make_link(schedule={"learning_rate": rate})


@pytest.mark.slow
def test_a_link_that_diverges_leaves_no_result(make_link, blocks_data, tmp_path, monkeypatch):
    link = with_rate(make_link, 1e30)
    with pytest.raises(DivergedError) as raised:
        run(link, blocks_data, tmp_path)
    said = str(raised.value)
    assert "blocks:segmentation: the training diverged at step 2 of 6" in said
    assert "learning rate 1e+30" in said
    assert "Lower segmentation.schedule.learning_rate in t.yaml" in said
    directory = link.directory(tmp_path)
    assert json.loads((directory / "diverged.json").read_text()) == {"step": 2}
    left = {path.name for path in directory.iterdir()}
    assert left == {"begun.json", "diverged.json", "leases", "summaries"}
    assert not links.is_finished(directory)
    # Another rate is not taken for a change of the configuration.
    config_guard.check_configuration(tmp_path, with_rate(make_link, 0.05), {0.05})
    # The same link would diverge again, and is not trained again.
    monkeypatch.setattr(run_link, "_hold_link", lambda *_: pytest.fail("trained again"))
    with pytest.raises(DivergedError, match="at step 2 of 6"):
        run(link, blocks_data, tmp_path)


def test_a_link_that_diverged_while_it_was_waited_for_is_not_trained(
    make_link, blocks_data, tmp_path, monkeypatch
):
    link = make_link()
    directory = link.directory(tmp_path)

    @contextlib.contextmanager
    def wait(place, **_):
        divergence.write_record(place, 4)
        yield None

    monkeypatch.setattr(run_link.lease, "hold_lease", wait)
    with pytest.raises(DivergedError, match="at step 4 of 6"):
        run(link, blocks_data, tmp_path)
    assert not (directory / "begun.json").exists()


@pytest.mark.parametrize("kind", [BusyError, FoiError])
def test_no_process_of_a_strategy_goes_on_where_the_first_cannot(
    make_link, blocks_data, tmp_path, monkeypatch, kind
):
    asked = []

    def any_process(strategy, says):
        del strategy
        asked.append(says())
        return len(asked) == 1 + (kind is FoiError)  # As the first process says.

    monkeypatch.setattr(strategies, "is_chief", lambda _: False)
    monkeypatch.setattr(strategies, "any_process", any_process)
    with pytest.raises(FoiError, match="the first process of the strategy cannot train") as raised:
        run(make_link(), blocks_data, tmp_path)
    assert type(raised.value) is kind and not any(asked)


@pytest.mark.slow
def test_weights_after_the_last_step_count_as_well(make_link, blocks_data, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "find_not_finite", lambda variables: variables[0].name)
    with pytest.raises(DivergedError, match="at step 1 of 1"):
        run(make_link(steps=1), blocks_data, tmp_path)


def test_variables_that_are_not_finite_are_named():
    names = ["a", "b"]
    variables = [
        tf.Variable([1.0, value], name=n) for n, value in zip(names, (2, np.inf), strict=True)
    ]
    assert transfer.find_not_finite(variables) == "b:0"
    assert transfer.find_not_finite([variables[0], tf.Variable(1)]) == ""


def test_candidates_that_diverge_do_not_end_the_others(make_link, capsys):
    def train(link):
        rate = link.schedule.learning_rate
        if rate > 0.1:
            raise DivergedError(f"{rate} diverged")
        return finish(link, rate)

    link, chosen = lr_selection.choose_rate(make_link(), "validation", (0.01, 0.02, 5.0), train)
    assert link.schedule.learning_rate == 0.02
    assert {rate: None if np.isnan(v) else v for rate, v in chosen.values.items()} == {
        0.01: 0.01, 0.02: 0.02, 5.0: None,
    }  # fmt: skip
    assert "warning: 5.0 diverged" in capsys.readouterr().err
    with pytest.raises(DivergedError, match=r"5\.0 diverged"):
        lr_selection.choose_rate(make_link(), "validation", (5.0, 9.0), train)


def test_a_record_that_is_damaged_is_named(make_link, tmp_path):
    (tmp_path / "diverged.json").write_text("{")
    with pytest.raises(Exception, match=r"diverged\.json: broken; remove it"):
        divergence.check_not_diverged(tmp_path, make_link(), "")


def test_weights_that_are_not_finite_start_no_link(tmp_path):
    backbone = build_backbone("hrnet_mini", (32, 32, 3))
    backbone.variables[0].assign(backbone.variables[0] * np.nan)
    path = tf.train.Checkpoint(backbone=backbone).write(str(tmp_path / "w"))
    with pytest.raises(Exception, match=r"w: its weights are not finite"):
        transfer.load_backbone(build_backbone("hrnet_mini", (32, 32, 3)), path)


@pytest.fixture(name="saved")
def _saved(tmp_path):
    """Three checkpoints of a variable, with the values 1, 2 and 3."""
    value = tf.Variable(tf.zeros([100]))
    state = tf.train.Checkpoint(v=value)
    manager = tf.train.CheckpointManager(state, str(tmp_path), max_to_keep=3)
    for number in (1, 2, 3):
        value.assign(tf.fill([100], float(number)))
        manager.save(number)

    def restore():
        checkpoint_recovery.drop_damaged_checkpoints(epath.Path(tmp_path))
        newest = tf.train.latest_checkpoint(str(tmp_path))
        if newest is None:
            return None
        state.restore(newest)
        return float(value[0])

    return tmp_path, restore


def cut(path):
    path.write_bytes(path.read_bytes()[:20])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [cut, flip])
@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(saved, damage, part, capsys):
    place, restore = saved
    damage(place / f"ckpt-3.{part}")
    assert restore() == 2
    assert "ckpt-3" in capsys.readouterr().err
    assert not list(place.glob("ckpt-3*"))
    damage(place / f"ckpt-2.{part}")
    damage(place / f"ckpt-1.{part}")
    assert restore() is None


@pytest.mark.parametrize("content", [b"", b"model_checkpoint_path: \xff", b"{"])
def test_a_damaged_list_of_checkpoints_is_written_anew(saved, content):
    place, restore = saved
    assert restore() == 3
    (place / "checkpoint").write_bytes(content)
    assert restore() == 3
