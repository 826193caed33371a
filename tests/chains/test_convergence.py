"""Links that pass through their schedule again, as long as that improves the metric."""

import dataclasses
import json
import math

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.chains import convergence, links, run_link
from foi_tf.chains.train_session import SessionCache
from foi_tf.errors import FoiError
from foi_tf.study.choices import Pace
from foi_tf.training import strategies
from tests import tiny_backbone
from tests.link_fixtures import finish

TWICE = {"restarts": 2}


def always_improve(patch):
    """Has links take all restarts, whatever their metric does."""
    patch.setattr(convergence, "_improves", lambda *_: True)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


@pytest.fixture(name="run", scope="module")
def _run():
    """Trains links whose step is traced once."""
    strategy, sessions = strategies.create_strategy("cpu"), SessionCache()

    def run(link, data, workdir, watch=None):
        pace = Pace(steps_per_loop=1, checkpoint_every=2, watch=watch)
        return run_link.run_link(link, [data], None, workdir, strategy, pace, sessions)

    return run


@pytest.mark.parametrize(("metric", "passes", "more"), [
    ("miou", (0.2,), True),  # Whether it has converged is not known after a single pass.
    ("miou", (0.2, 0.21), True),
    ("miou", (0.2, 0.203), False),
    ("miou", (0.2, 0.19), False),
    ("miou", (0.1, 0.2, 0.3, 0.4), False),  # No restart is left.
    ("miou", (0.2, math.nan), False),
    ("miou", (0.0, 0.0), False),
    ("miou", (0.0, 0.01), True),
    ("rmse", (1.0, 0.9), True),
    ("rmse", (1.0, 0.99), False),
    ("rmse", (1.0, 1.1), False),
    ("mean", (0.2, 0.3), True),
])  # fmt: skip
def test_a_link_goes_on_while_its_metric_improves(make_link, metric, passes, more):
    link = make_link(schedule={"restarts": 3, "least_gain": 0.02})
    finished = dataclasses.replace(finish(link, metric=metric), passes=passes)
    assert convergence.goes_on(link, finished) is more


def test_without_restarts_one_pass_is_all(make_link, capsys):
    link = make_link()
    assert not convergence.goes_on(link, dataclasses.replace(finish(link), passes=(0.2,)))
    assert not capsys.readouterr().err


def test_each_restart_is_told_with_the_metric_so_far(make_link, capsys):
    link = make_link(schedule={"restarts": 3})
    convergence.goes_on(link, dataclasses.replace(finish(link), passes=(0.2, 0.25)))
    assert capsys.readouterr().err == (
        "blocks:segmentation: mIoU 0.200, 0.250; restart 2 of at most 3\n"
    )


def test_targets_on_a_subset_do_not_restart_and_sources_do(make_link):
    schedule = make_link(schedule={"restarts": 3, "least_gain": 0.1, "small_steps": 4}).schedule
    assert schedule.of_target([None]) == schedule == schedule.of_source()
    limited = schedule.of_target([None, 150])
    assert limited == make_link(schedule={"small_steps": 4}).schedule
    assert schedule.most_steps_on([None]) == 90 and limited.most_steps_on([150]) == 4
    assert schedule.of_source().most_steps_on([1500]) == 60


def test_restarts_change_the_digest_and_their_absence_does_not(make_link):
    once, again = make_link(), make_link(schedule={"restarts": 1})
    assert once.digest != again.digest
    assert once.digest == make_link(schedule={"least_gain": 0.5}).digest
    assert again.digest != make_link(schedule={"restarts": 1, "least_gain": 0.5}).digest


@pytest.fixture(name="whole", scope="module")
def _whole(run, make_link, blocks_data, tmp_path_factory):
    """A link that restarts twice, and its record."""
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbone.use_tiny_backbone(patch)
        always_improve(patch)
        link, workdir = make_link(4, schedule=TWICE), tmp_path_factory.mktemp("whole")
        return link.directory(workdir), run(link, blocks_data, workdir)


def load_weights(directory):
    """The weights of a finished link by name."""
    kept = tf.train.load_checkpoint(str(links.weights_path(directory)))
    names = [name for name in kept.get_variable_to_shape_map() if "ATTRIBUTES" in name]
    return {name: kept.get_tensor(name) for name in names}


def test_the_record_has_the_metric_of_each_pass(whole):
    directory, finished = whole
    assert len(finished.passes) == 3 and finished.passes[-1] == finished.value
    assert finished.steps == 28 and finished.link.steps == 4
    assert links.load_finished(directory) == finished
    assert not (directory / "passes.json").exists()


def test_the_first_pass_is_that_of_a_link_without_restarts(
    run, whole, make_link, blocks_data, tmp_path
):
    once = run(make_link(4), blocks_data, tmp_path)
    assert once.value == pytest.approx(whole[1].passes[0], rel=1e-6)
    assert once.passes == (once.value,) and once.steps == 4


@pytest.mark.slow
@pytest.mark.parametrize(("stop", "passes"), [(3, 0), (7, 1), (20, 2)])
def test_an_interrupted_pass_goes_on(
    stop, passes, run, whole, make_link, blocks_data, tmp_path, monkeypatch
):
    always_improve(monkeypatch)

    def interrupt(done, total):
        assert total == next(end for end in (4, 12, 28) if done <= end)  # That of the pass.
        if done == stop:
            raise InterruptedError

    link = make_link(4, schedule=TWICE)
    with pytest.raises(FoiError, match="the same command goes on"):
        run(link, blocks_data, tmp_path, interrupt)
    kept = link.directory(tmp_path) / "passes.json"
    assert (json.loads(kept.read_text()) if kept.exists() else []) == [*whole[1].passes][:passes]
    assert run(link, blocks_data, tmp_path).passes == whole[1].passes
    one, two = load_weights(whole[0]), load_weights(link.directory(tmp_path))
    assert len(one) > 10
    for name, value in one.items():
        assert np.array_equal(value, two[name]), name


@pytest.mark.parametrize("text", ["[0.1, null]", "{", '"0.3"', "[NaN]"])
def test_a_broken_file_of_passes_is_named(tmp_path, text):
    (tmp_path / "passes.json").write_text(text)
    with pytest.raises(FoiError, match=r"passes.json: broken; remove its directory"):
        convergence.load_passes(tmp_path)
