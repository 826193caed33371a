import dataclasses
import pathlib
import re

import pandas as pd
import pytest

from foi_tf.study import chain_choice, choices, configuration, costs, grid, plan
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS
from foi_tf.study.validation_tasks import PUBLISHED
from tests.result_rows import BASELINE

CONFIG = """
segmentation:
  crop: [100, 200]
  rate_factors: [0.3, 1]
  schedule: {optimizer: sgd, learning_rate: 0.1, steps: 1000, small_steps: 100, batch_size: 10}
  datasets:
    multi: {schedule: {steps: 300}}
depth:
  crop: [100, 200]
  schedule: {optimizer: sgd, learning_rate: 0.1, steps: 1000, small_steps: 100, batch_size: 10}
"""
CITY, CAMVID = Task("city", "segmentation"), Task("camvid", "segmentation")
ROW = dataclasses.replace(BASELINE, steps=100, device="tpu", devices=4, chip_hours=1.0)


@pytest.fixture(name="model")
def _cost_model(tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    return costs.CostModel(
        datasets=DATASETS,
        config=configuration.load_config(str(tmp_path / "c.yaml"), DATASETS),
        backbone="hrnet_w18",
    )


def frame(*changes):
    return pd.DataFrame([dataclasses.asdict(dataclasses.replace(ROW, **c)) for c in changes])


def run(task, **given):
    given = {"program": "target", "setting": "small", "seed": 0, "stage": 2} | given
    return plan.PlannedRun(task=task, **given)


def test_work_is_in_megapixels_with_a_third_for_evaluation(model):
    # 100 steps of 10 images, and 101 validation images, of 0.02 megapixels.
    assert model.count_megapixels(CAMVID, 100) == pytest.approx((1000 + 101 / 3) * 0.02)


@pytest.fixture(name="whole", scope="module")
def _whole_cost_model():
    """The paper's grid as the paper ran it."""
    return costs.CostModel(
        datasets=DATASETS,
        config=configuration.load_config("paper", PUBLISHED),
        backbone="hrnet_w48",
    )


def estimate_source(model, task, setting="full"):
    program = "pretrain" if task == grid.PRETRAINING else "source"
    return model.estimate(
        run(task, program=program, setting=setting), model.measure_prices(None, "tpu")
    )


def test_the_papers_pretraining_costs_what_the_paper_says(whole):
    """364 hours (Appendix D) for 200 epochs (A.1) of 1,281,167 images of 224 x 224."""
    found = estimate_source(whole, grid.PRETRAINING)
    # The configuration's steps are 200 epochs; evaluation, which it adds, is little.
    assert found.chip_hours == pytest.approx(364, rel=0.002) and found.basis == costs.PAPER
    prices = whole.measure_prices(None, "tpu")
    assert prices.paper == pytest.approx(364 * 3600 / (200 * 1.281167 * 224 * 224))


@pytest.mark.parametrize(
    ("name", "hours"),
    [("ilsvrc:classification", 364), ("coco:segmentation", 92), ("mapillary:segmentation", 352),
     ("multi:segmentation", 228)],
)  # fmt: skip
def test_sources_cost_what_appendix_d_prints(whole, name, hours):
    found = estimate_source(whole, Task.parse(name))
    assert found.chip_hours == pytest.approx(hours, rel=0.15)
    assert found.basis == costs.PAPER


def test_only_printed_hours_are_called_the_papers(whole):
    coco = Task("coco", "segmentation")
    assert estimate_source(whole, CITY).basis == costs.PAPER_PRICE
    assert estimate_source(whole, coco, "small_source").basis == costs.PAPER_PRICE
    narrow = dataclasses.replace(whole, backbone="hrnet_w18")
    assert estimate_source(narrow, coco).basis == costs.PAPER_PRICE
    tried = dataclasses.replace(whole, select="validation")  # Three learning rates.
    three = estimate_source(tried, coco)
    assert three.chip_hours == pytest.approx(3 * 92, rel=0.15)
    assert three.basis == costs.PAPER_PRICE
    target = whole.estimate(run(coco, setting="full"), whole.measure_prices(None, "tpu"))
    assert target.basis == costs.PAPER_PRICE


def test_no_source_costs_more_than_the_dearest_of_the_paper(whole):
    runs = plan.build_plan(DATASETS, "full", list(grid.chains(DATASETS, "full")))
    sources = {one.task for one in runs if one.program == "source"}
    shares = {task: estimate_source(whole, task).chip_hours / 364 for task in sources}
    assert max(shares, key=shares.get) == Task("mapillary", "segmentation")
    assert max(shares.values()) == pytest.approx(0.97, rel=0.15)


def test_steps_of_segmentation_grow_with_the_training_set(whole):
    """Driving sets have as many epochs as Mapillary, others as COCO, and 10,000 steps or more."""
    steps = {
        row.id: whole.config.link(Task(row.id, "segmentation")).schedule.steps
        for row in DATASETS.values()
        if "segmentation" in row.classes
    }
    sizes = {name: DATASETS[name].size("segmentation", "train") for name in steps}
    for name, found in steps.items():
        like = "mapillary" if DATASETS[name].domain == "driving" else "coco"
        scaled = steps[like] * sizes[name] / sizes[like]
        assert found == pytest.approx(max(scaled, 10_000), rel=0.03), name


def test_the_table_of_hours_in_the_docs_is_what_is_estimated(whole):
    page = (pathlib.Path(__file__).parents[2] / "docs" / "studies.md").read_text()
    lines = re.findall(
        r"^\| `(\w+:\w+)` \| ([\d,]+) \| (\d+) \| ([\d.]+) \| (\d+) % \|$", page, re.M
    )
    assert [Task.parse(name) for name, *_ in lines] == list(costs.PRINTED_HOURS)
    for name, steps, printed, hours, share in lines:
        task = Task.parse(name)
        found = estimate_source(whole, task).chip_hours
        assert whole.config.link_of_source(task).schedule.steps == int(steps.replace(",", ""))
        assert costs.PRINTED_HOURS[task] == int(printed)
        assert f"{found:.1f}" == hours and f"{100 * found / 364:.0f}" == share


def test_all_strategies_have_devices():
    assert set(choices.STRATEGIES) == set(costs._DEVICES_OF_STRATEGY)


def test_a_task_that_ran_costs_what_it_took(model):
    prices = model.measure_prices(frame({}), "tpu")
    found = model.estimate(run(CAMVID), prices)
    assert found == costs.Cost(pytest.approx(1.0), costs.MEASURED)
    # Ten times the steps on all images, but the same evaluation.
    full = model.estimate(run(CAMVID, setting="full"), prices)
    assert full.chip_hours == pytest.approx((10000 + 101 / 3) / (1000 + 101 / 3))


def test_all_restarts_are_counted(model):
    prices = model.measure_prices(frame({}), "tpu")
    whole = run(CAMVID, setting="full")
    once = model.estimate(whole, prices).chip_hours
    sections = {
        kind: dataclasses.replace(own, schedule=dataclasses.replace(own.schedule, restarts=2))
        for kind, own in model.config.sections.items()
    }
    config = dataclasses.replace(model.config, sections=sections)
    more = dataclasses.replace(model, config=config)
    assert 6 < more.estimate(whole, prices).chip_hours / once < 7
    assert more.estimate(run(CAMVID), prices) == model.estimate(run(CAMVID), prices)


def test_targets_that_do_not_restart_cost_one_pass(model):
    def change(**values):
        sections = {
            kind: dataclasses.replace(own, schedule=dataclasses.replace(own.schedule, **values))
            for kind, own in model.config.sections.items()
        }
        return dataclasses.replace(
            model, config=dataclasses.replace(model.config, sections=sections)
        )

    restarting, sources_alone = change(restarts=2), change(restarts=2, target_restarts=0)
    whole = run(CAMVID, setting="full")
    source = dataclasses.replace(whole, program="source", source="")
    assert sources_alone.count_steps(whole) == model.count_steps(whole)
    assert sources_alone.count_steps(source) == restarting.count_steps(source)
    assert restarting.count_steps(whole) == 7 * model.count_steps(whole)


def test_others_cost_what_the_nearest_did(model):
    rows = frame({}, {"target": "kitti", "chip_hours": 3.0}, {"backbone": "hrnet_w48"},
                 {"device": "cpu", "chip_hours": 99.0}, {"target": "foreign"})  # fmt: skip
    prices = model.measure_prices(rows, "tpu")
    camvid, kitti = (hours * 3600 / model.count_megapixels(Task(name, "segmentation"), 100)
                     for name, hours in (("camvid", 1), ("kitti", 3)))  # fmt: skip
    assert prices.price_of(CITY) == (pytest.approx((camvid + kitti) / 2), costs.SAME_TYPE)
    assert prices.price_of(Task("vkitti2", "depth")) == (
        prices.price_of(CITY)[0],
        costs.OTHER_TASKS,
    )
    assert model.measure_prices(rows, "cpu").price_of(CAMVID)[0] == pytest.approx(99 * camvid)


def test_each_candidate_of_a_selection_is_paid_for(model):
    prices = model.measure_prices(frame({}), "tpu")
    hours = [
        dataclasses.replace(model, select=by).estimate(run(CAMVID), prices).chip_hours
        for by in ("none", "validation", "holdout")
    ]
    assert hours == pytest.approx([1, 2, 3])


def test_a_multi_source_step_takes_a_batch_of_each_member(model):
    prices = model.measure_prices(frame({}), "tpu")
    multi = run(Task("multi", "depth"), program="source", setting="full")
    members = [Task(name, "depth") for name in ("sunrgbd", "vgallery", "vkitti2")]
    # Depth has no schedule of its own for sets, so that of all depth tasks holds.
    work = sum(model.count_megapixels(member, 1000) for member in members)
    found = model.estimate(multi, prices)
    assert found.chip_hours == pytest.approx(work * prices.overall / 3600)
    assert found.basis == costs.OTHER_TASKS
    sets = model.estimate(
        run(Task("multi", "segmentation"), program="source", setting="full"), prices
    )
    assert sets.chip_hours < 7 * model.estimate(run(CITY, setting="full"), prices).chip_hours


def test_a_source_is_shared_by_its_targets(model):
    chains = chain_choice.select_chains(
        grid.chains(DATASETS, "small"), ["city:segmentation"],
        ["camvid:segmentation", "kitti:segmentation"],
    )  # fmt: skip
    runs = plan.build_plan(DATASETS, "small", chains, seeds=(0, 1))
    priced = [
        costs.Cost({"pretrain": 10.0, "source": 4.0}.get(r.program, 1.0), "paper") for r in runs
    ]
    (row,) = costs.planned_source_costs(runs, priced).to_dict("records")
    assert row == {
        "source": "city:segmentation", "chip_hours": 4.0, "extra": 40.0, "targets": 2, "each": 2.0,
        "basis": "paper",
    }  # fmt: skip
