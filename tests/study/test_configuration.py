import pathlib

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import configuration
from foi_tf.study.dataset import STRUCTURED_TASK_TYPES, Task
from foi_tf.study.registry import DATASETS
from foi_tf.study.validation_tasks import PUBLISHED

CONFIGS = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("*.yaml"))
GOOD = """
segmentation:
  crop: [96, 128]
  schedule: {optimizer: sgd, learning_rate: 1, steps: 20, small_steps: 10, batch_size: 4}
  datasets:
    suim: {schedule: {policy: poly, steps: 30}}
"""


def load(tmp_path, text):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return configuration.load_config(str(path), DATASETS)


def test_sections_are_refined_by_dataset(tmp_path):
    loaded = load(tmp_path, GOOD)
    camvid = loaded.link(Task("camvid", "segmentation"))
    suim = loaded.link(Task("suim", "segmentation"))
    assert camvid.crop == suim.crop == (96, 128)
    assert (camvid.schedule.policy, camvid.schedule.steps) == ("step", 20)
    assert (suim.schedule.policy, suim.schedule.steps) == ("poly", 30)
    assert camvid.schedule.learning_rate == 1.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("batch_size", "batchsize"), "unknown key 'batchsize'; did you mean 'batch_size'?"),
        (("crop", "crp"), "segmentation: unknown key 'crp'; did you mean 'crop'?"),
        (("steps: 20", "steps: many"), "segmentation.schedule.steps: 'many'"),
        (("steps: 20", "steps: 2.5"), "segmentation.schedule.steps: 2.5"),
        (("steps: 20", "steps: -1"), "segmentation.schedule.steps: -1"),
        (("sgd", "sdg"), "segmentation.schedule.optimizer: 'sdg'"),
        (("[96, 128]", "[96]"), "segmentation.crop"),
        (("segmentation:", "segmentatoin:"), "'segmentatoin'; did you mean 'segmentation'?"),
        (("suim", "swim"), "segmentation.datasets: unknown dataset 'swim'; did you mean 'suim'?"),
        (("poly,", "poly, polcy: x,"), "segmentation.datasets.suim.schedule: unknown key 'polcy'"),
        ((", batch_size: 4", ""), "segmentation.schedule.batch_size: the key is missing"),
        (("{policy: poly, steps: 30}", "poly"), "segmentation.datasets.suim.schedule"),
        ((GOOD, "- a"), "must map"),
        ((GOOD, "a: [b"), "not YAML"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_file_and_key(tmp_path, change, said):
    with pytest.raises(FoiError) as caught:
        load(tmp_path, GOOD.replace(*change))
    message = str(caught.value)
    assert said in message
    assert message.startswith(str(tmp_path / "c.yaml"))
    assert "\n" not in message


def test_a_range_must_rise(tmp_path):
    with pytest.raises(FoiError, match="rescale"):
        load(tmp_path, GOOD.replace("crop:", "rescale: [2.0, 0.5]\n  crop:"))


def test_the_fit_is_inside_unless_a_dataset_has_another(tmp_path):
    loaded = load(tmp_path, GOOD.replace("{policy: poly, steps: 30}", "{policy: poly}, fit: cover"))
    assert loaded.link(Task("camvid", "segmentation")).fit == "inside"
    assert loaded.link(Task("suim", "segmentation")).fit == "cover"
    with pytest.raises(FoiError, match=r"segmentation\.fit: 'outside': .*'inside' or 'cover'"):
        load(tmp_path, GOOD.replace("crop:", "fit: outside\n  crop:"))


def test_probabilities_are_upsampled_unless_it_says_logits(tmp_path):
    loaded = load(tmp_path, GOOD.replace("suim: {", "suim: {upsample: logits, "))
    assert loaded.link(Task("camvid", "segmentation")).upsample == "probabilities"
    assert loaded.link(Task("suim", "segmentation")).upsample == "logits"


@pytest.mark.parametrize(("section", "key", "value"), [
    ("depth", "upsample", "logits"), ("contrastive", "fit", "cover"),
])  # fmt: skip
def test_keys_that_a_task_type_has_no_use_for_are_refused(tmp_path, section, key, value):
    said = rf"{key}: {section} has no such choice; remove the key"
    text = GOOD.replace("segmentation:", f"{section}:")
    for place, shown in (("crop:", section), ("suim: {", rf"{section}\.datasets\.suim")):
        changed = f"{key}: {value}\n  crop:" if place == "crop:" else f"suim: {{{key}: {value}, "
        with pytest.raises(FoiError, match=rf"{shown}\.{said}"):
            load(tmp_path, text.replace(place, changed))


def test_files_and_names_that_are_not_there():
    with pytest.raises(FoiError, match=r"none\.yaml: no such configuration"):
        configuration.load_config("none.yaml", [])
    with pytest.raises(FoiError, match="unknown configuration 'minni'; did you mean 'mini'"):
        configuration.load_config("minni", [])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_our_own_configurations_load(path):
    loaded = configuration.load_config(path.stem, PUBLISHED)
    assert set(STRUCTURED_TASK_TYPES) <= set(loaded.sections)


def test_a_missing_section_is_named(tmp_path):
    with pytest.raises(FoiError, match="no section 'depth', which sunrgbd:depth needs"):
        load(tmp_path, GOOD).link(Task("sunrgbd", "depth"))


def test_the_datasets_own_input_size_fills_in(tmp_path):
    link = load(tmp_path, GOOD.replace("  crop: [96, 128]\n", "")).link(
        Task("city", "segmentation")
    )
    assert configuration.fill_in_crop(link, (64, 32), "x").crop == (64, 32)
    with pytest.raises(FoiError, match="x: no input size is known"):
        configuration.fill_in_crop(link, None, "x")


def test_a_fixed_input_size_leaves_the_pretraining_alone():
    fixed = configuration.load_config("paper", PUBLISHED, (713, 713))
    own = configuration.load_config("paper", PUBLISHED)
    for task in ("camvid:segmentation", "suim:segmentation", "uwt:detection"):
        assert fixed.link(Task.parse(task)).crop == (713, 713)
    pretraining = Task("ilsvrc", "classification")
    assert fixed.link(pretraining) == own.link(pretraining)
    suim = Task("suim", "segmentation")
    assert fixed.link(suim).schedule == own.link(suim).schedule


def test_multi_source_models_have_a_schedule_of_their_own_and_nothing_else(tmp_path):
    multi = Task("multi", "segmentation")
    text = GOOD.replace("  datasets:\n", "  datasets:\n    multi: {schedule: {steps: 7}}\n")
    assert load(tmp_path, text).link(multi).schedule.steps == 7
    text = text.replace("{schedule: {steps: 7}}", "{crop: [32, 32]}")
    with pytest.raises(FoiError, match=r"datasets\.multi: only its schedule and rate_factors"):
        load(tmp_path, text)


def test_learning_rates_to_choose_from(tmp_path):
    link = load(tmp_path, GOOD).link(Task("coco", "segmentation"))
    rate = link.schedule.learning_rate
    assert link.rates == pytest.approx((0.3 * rate, rate, 3 * rate)) and rate in link.rates
    text = GOOD.replace("  crop:", "  rate_factors: []\n  crop:")
    with pytest.raises(FoiError, match="rate_factors must name at least one factor"):
        load(tmp_path, text)


def override(tmp_path, *overrides, text=GOOD):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return configuration.load_config(str(path), DATASETS, overrides=overrides)


def test_single_values_are_overridden(tmp_path):
    changed = override(
        tmp_path,
        "segmentation.schedule.steps=25",
        "segmentation.schedule.learning_rate=1e-2",
        "segmentation.datasets.camvid.crop=[64, 32]",
        "segmentation.datasets.suim={schedule: {warmup: 0.5}}",
        "depth={schedule: {optimizer: adam, learning_rate: 1, steps: 3, small_steps: 2, "
        "batch_size: 1}}",
    )
    camvid, suim, ade = (
        changed.link(Task(name, "segmentation")) for name in ("camvid", "suim", "ade")
    )
    assert (camvid.crop, suim.crop, ade.crop) == ((64, 32), (96, 128), (96, 128))
    assert ade.schedule.learning_rate == 0.01
    assert (camvid.schedule.steps, ade.schedule.steps) == (25, 25)
    # A dataset's own value stays, and a mapping is merged into what it has.
    assert (suim.schedule.steps, suim.schedule.policy, suim.schedule.warmup) == (30, "poly", 0.5)
    assert changed.link(Task("kitti", "depth")).schedule.steps == 3
    assert override(tmp_path, "segmentation.crop=[1,2]", "segmentation.crop=[3,4]").link(
        Task("ade", "segmentation")
    ).crop == (3, 4)


def test_an_override_is_the_same_as_a_changed_file(tmp_path):
    changed = override(tmp_path, text=GOOD.replace("steps: 20", "steps: 25"))
    assert override(tmp_path, "segmentation.schedule.steps=25") == changed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("segmentation.schedule.stpes=3", "c.yaml (with --set): segmentation.schedule: unknown key "
         "'stpes'; did you mean 'steps'?"),
        ("segmentatoin.crop=[1, 2]",
         "unknown section 'segmentatoin'; did you mean 'segmentation'?"),
        ("segmentation.datasets.camvit.crop=[1, 2]", "did you mean 'camvid'?"),
        ("segmentation.schedule.steps=many", "segmentation.schedule.steps: 'many'"),
        ("segmentation.crop.height=3", "segmentation.crop"),
        ("segmentation=3", "segmentation: the section must be a mapping"),
        ("segmentation.datasets=3", "segmentation.datasets: this must be a mapping"),
        ("segmentation.crop=[1", "--set=segmentation.crop=[1: the value is not YAML"),
        ("segmentation.crop", "--set=segmentation.crop: must be KEY=VALUE"),
        ("segmentation..crop=3", "must be KEY=VALUE, as segmentation.schedule.steps=200"),
    ],
)  # fmt: skip
def test_wrong_overrides_are_one_line(tmp_path, given, said):
    with pytest.raises(FoiError) as caught:
        override(tmp_path, given)
    assert said in str(caught.value) and "\n" not in str(caught.value)
