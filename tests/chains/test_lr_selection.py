"""Choosing a learning rate, and what a working directory lets stand side by side."""

import dataclasses
import json
import math

import pytest

from foi_tf.chains import (
    config_guard,
    initial_weights,
    link_inputs,
    links,
    lr_selection,
    result_row,
)
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Task
from foi_tf.tasks.segmentation import Segmentation
from tests.link_fixtures import finish

RATES = (0.015, 0.05, 0.15)


def select(link, by, values, metric="miou"):
    """Chooses among candidates that reach `values` by learning rate, and less on a holdout.

    Returns:
      The candidates, the chosen link, and the selection.
    """
    candidates = lr_selection.list_candidates(link, by, RATES)
    tried = [
        finish(one, values[one.schedule.learning_rate] - one.holdout, metric) for one in candidates
    ]
    return candidates, *lr_selection.choose_best(link, by, tried)


def with_rate(link, rate, holdout=0.0):
    schedule = dataclasses.replace(link.schedule, learning_rate=rate)
    return dataclasses.replace(link, schedule=schedule, holdout=holdout)


def leave(link, workdir):
    """Leaves what a trained link would."""
    directory = link.directory(workdir)
    links.save_begun(link, directory)
    links.save_finished(directory, finish(link))
    (directory / "weights.index").write_text("")
    return directory


def test_without_selection_the_configuration_s_rate_is_taken(make_link):
    candidates, link, chosen = select(make_link(), "none", {})
    assert candidates == [] and link == make_link()
    assert chosen == lr_selection.Selection("none", {})


def test_the_best_on_the_validation_images_is_the_result(make_link):
    values = {0.015: 0.4, 0.05: 0.5, 0.15: 0.7}
    candidates, link, chosen = select(make_link(), "validation", values)
    assert candidates == [with_rate(make_link(), rate) for rate in RATES]
    assert link == candidates[2]  # Its record is read, and nothing is trained again.
    assert chosen == lr_selection.Selection("validation", values)


def test_lower_is_better_for_depth_and_nan_is_worst(make_link):
    values = {0.015: math.nan, 0.05: 0.5, 0.15: 0.7}
    _, link, _ = select(make_link(), "validation", values, "rmse")
    assert link.schedule.learning_rate == 0.05
    values = {0.015: math.nan, 0.05: math.nan, 0.15: 0.7}
    _, link, _ = select(make_link(), "validation", values)
    assert link.schedule.learning_rate == 0.15


def test_a_candidate_that_diverged_is_null_in_its_row(make_link):
    values = {0.015: math.nan, 0.05: 0.5, 0.15: 0.7}
    _, link, chosen = select(make_link(), "validation", values)
    start = initial_weights.random_start()
    columns = result_row.build_source_columns(start, "", 0)
    row = result_row.build_row(finish(link), chosen, start, columns, "small")
    found = json.loads(row.candidates, parse_constant=pytest.fail)
    assert found == {"0.015": None, "0.05": 0.5, "0.15": 0.7}


def test_a_holdout_chooses_and_the_whole_set_trains(make_link):
    values, held = {0.015: 0.4, 0.05: 0.5, 0.15: 0.3}, lr_selection.HOLDOUT
    candidates, link, chosen = select(make_link(), "holdout", values)
    assert candidates == [with_rate(make_link(), rate, held) for rate in RATES]
    assert link == make_link()
    assert chosen.values == pytest.approx({0.015: 0.4 - held, 0.05: 0.5 - held, 0.15: 0.3 - held})


def test_held_out_images_are_seeded_and_not_trained_on(make_link, blocks_data):
    task = Segmentation(blocks_data.dataset)
    plain = set(link_inputs.make_train_input(make_link(), 0, blocks_data, task).ids())
    splits = []
    for seed in (0, 0, 1):
        link = make_link(holdout=0.25, seed=seed)
        train = link_inputs.make_train_input(link, 0, blocks_data, task)
        held = link_inputs.make_evaluation_input(link, 0, blocks_data, task)
        assert held.split == "train" and len(held.ids()) == 3
        assert set(train.ids()) | set(held.ids()) == plain and not set(train.ids()) & set(
            held.ids()
        )
        splits.append(held.ids())
    assert splits[0] == splits[1] != splits[2]
    assert link_inputs.make_evaluation_input(make_link(), 0, blocks_data, task).split == "val"
    (member,) = make_link().members
    one = make_link(holdout=0.25, members=(dataclasses.replace(member, images=1),))
    with pytest.raises(FoiError, match="1 training image, too few to hold some out"):
        link_inputs.make_train_input(one, 0, blocks_data, task)


def test_the_subset_follows_the_seed_where_asked(make_link, blocks_data):
    task = Segmentation(blocks_data.dataset)
    (member,) = make_link().members
    few = (dataclasses.replace(member, images=4),)

    def ids(**changes):
        link = make_link(members=few, **changes)
        return link_inputs.make_train_input(link, 0, blocks_data, task).ids()

    assert ids(seed=0) == ids(seed=1) == ids(seed=0, varied=("init", "order", "subset"))
    other = ids(seed=1, varied=("subset",))
    assert len(other) == 4 and other != ids(seed=0)
    assert (
        link_inputs.make_train_input(make_link(seed=7, varied=("init",)), 0, blocks_data, task).seed
        == 0
    )  # The order is that of seed 0.


def test_targets_start_from_the_source_that_was_chosen(make_link, tmp_path):
    task = Task("blocks", "segmentation")
    made = {
        rate: make_link(chain=("ilsvrc", str(task)), schedule={"learning_rate": rate})
        for rate in RATES
    }
    places = {rate: leave(link, tmp_path) for rate, link in made.items()}
    leave(dataclasses.replace(made[0.05], holdout=0.2), tmp_path)

    def found(by):
        return initial_weights.find_source_model(
            tmp_path, task, [None], "hrnet_mini", by
        ).checkpoint.parent

    with pytest.raises(FoiError, match=r"no finished link .*; run foi-source"):
        found("none")
    lr_selection.mark_chosen(places[0.15], lr_selection.Selection("validation", {}))
    with pytest.raises(FoiError, match="there is one by --select_lr=validation: give that"):
        found("none")
    lr_selection.mark_chosen(places[0.05], lr_selection.Selection("none", {}))
    assert found("none") == places[0.05] and found("validation") == places[0.15]
    (places[0.05] / "weights.index").unlink()
    with pytest.raises(FoiError, match="its weights are gone; remove it and train again"):
        found("none")


def test_a_changed_configuration_is_refused_with_what_differs(make_link, tmp_path):
    links.save_begun(make_link(), make_link().directory(tmp_path))
    config_guard.check_configuration(tmp_path, make_link(), RATES)
    config_guard.check_configuration(tmp_path, make_link(seed=1), RATES)
    config_guard.check_configuration(
        tmp_path, make_link(parent="x", schedule={"momentum": 0.5}), RATES
    )
    config_guard.check_configuration(tmp_path, make_link(schedule={"learning_rate": 0.15}), RATES)
    config_guard.check_configuration(tmp_path, make_link(holdout=0.2), RATES)
    (member,) = make_link().members
    half = dataclasses.replace(member, images=6, rescale=(1.0, 1.0))
    config_guard.check_configuration(tmp_path, make_link(members=(half,)), RATES)
    other = dataclasses.replace(member, data="x", crop=(32, 64))
    for changes, said in (
        ({"schedule": {"momentum": 0.5}}, r"\(schedule.momentum was 0.9, now 0.5\)"),
        ({"precision": "bfloat16"}, r"\(precision was float32, now bfloat16\)"),
        ({"members": (other,)}, r"dataset.crop was \(32, 32\), now \(32, 64\)"),
    ):
        with pytest.raises(FoiError, match=said):
            config_guard.check_configuration(tmp_path, make_link(**changes), RATES)
    with pytest.raises(FoiError, match=r"learning_rate was 0\.05, now 0\.2"):
        config_guard.check_configuration(
            tmp_path, make_link(schedule={"learning_rate": 0.2}), (0.2, 0.6)
        )


def test_source_models_and_targets_may_restart_differently_and_no_other_way(make_link, tmp_path):
    def check(allowed, **schedule):
        config_guard.check_configuration(tmp_path, make_link(schedule=schedule), RATES, allowed)

    model = make_link(schedule={"restarts": 2, "least_gain": 0.1})
    links.save_begun(model, model.directory(tmp_path))
    check({2, 0})
    check({2, 1}, restarts=1, least_gain=0.1)
    for allowed, schedule, said in (
        ({3, 0}, {}, r"\(schedule.restarts was 2, now 0"),
        ({2, 1}, {"restarts": 1, "least_gain": 0.2}, r"\(schedule.least_gain was 0.1, now 0.2\)"),
        ({2, 0}, {"momentum": 0.5}, r"\(schedule.momentum was 0.9, now 0.5\)"),
    ):
        with pytest.raises(FoiError, match=said):
            check(allowed, **schedule)
