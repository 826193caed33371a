import json

import pytest

from foi_tf.errors import FoiError
from foi_tf.study import configuration, learning_rates, results
from foi_tf.study.dataset import Task
from tests.result_rows import BASELINE, changed

CONFIG = {
    "segmentation": {
        "schedule": {"optimizer": "sgd", "learning_rate": 0.1, "steps": 9, "small_steps": 5,
                     "batch_size": 2},
        "datasets": {"city": {"crop": [8, 8]}},
    },
    "depth": {"schedule": {"optimizer": "adam", "learning_rate": 0.1, "steps": 9,
                           "small_steps": 5, "batch_size": 2}},
}  # fmt: skip
SEG, DEPTH = Task("city", "segmentation"), Task("sunrgbd", "depth")


def frame(directory, *rows):
    for row in rows:
        results.write_row(row, directory)
    return results.load(directory)


def tried(values, **changes):
    return changed(BASELINE, selection="validation", candidates=json.dumps(values), **changes)


def test_the_best_mean_over_seeds_is_chosen_by_the_metric_s_direction(tmp_path):
    found = learning_rates.choose_rates(
        frame(
            tmp_path,
            tried({"0.03": 0.2, "0.1": 0.5, "0.3": 0.6}, target="city"),
            tried({"0.03": 0.2, "0.1": 0.5, "0.3": None}, target="city", seed=1),
            tried({"0.1": 1.5, "0.3": 1.2}, target="sunrgbd", target_type="depth", metric="rmse"),
            changed(BASELINE, target="city", source="scratch", selection="validation",
                    candidates='{"0.03": 1.0}'),
        )
    )  # fmt: skip
    assert found == {SEG: 0.1, DEPTH: 0.3}
    nothing = tried({"0.03": 0.0, "0.1": 0.0, "0.3": 0.0})
    assert learning_rates.choose_rates(frame(tmp_path / "none", nothing)) == {
        Task("camvid", "segmentation"): 0.1
    }


@pytest.mark.parametrize(
    ("values", "changes", "chosen"),
    [
        ({"0.03": 0.314, "0.1": 0.345, "0.3": 0.353}, {}, 0.1),
        ({"0.03": 0.314, "0.1": 0.340, "0.3": 0.353}, {}, 0.3),
        ({"0.1": 0.353, "0.3": 0.345}, {}, 0.1),  # Never a higher one.
        ({"0.03": 1.23, "0.1": 1.2, "0.3": 1.3}, {"metric": "rmse"}, 0.03),
        ({"0.03": 0.35, "0.1": None, "0.3": 0.353}, {}, 0.03),
    ],
)
def test_of_rates_that_noise_cannot_tell_apart_the_lowest_is_chosen(
    tmp_path, values, changes, chosen
):
    found = learning_rates.choose_rates(frame(tmp_path, tried(values, **changes)))
    assert list(found.values()) == [chosen]


def test_what_cannot_be_chosen_by(tmp_path):
    with pytest.raises(FoiError, match="foi-plan --baselines"):
        learning_rates.choose_rates(frame(tmp_path / "a", BASELINE))
    with pytest.raises(FoiError, match="camvid:segmentation: every learning rate diverged"):
        learning_rates.choose_rates(frame(tmp_path / "b", tried({"0.1": None})))
    with pytest.raises(FoiError, match="no learning rate was tried with every seed"):
        learning_rates.choose_rates(
            frame(tmp_path / "d", tried({"1": 0.5}), tried({"2": 0.5}, seed=1))
        )
    with pytest.raises(FoiError, match="several settings: full, small"):
        learning_rates.choose_rates(
            frame(tmp_path / "c", tried({"1": 0.5}), tried({"1": 0.5}, setting="full"))
        )


def test_the_refined_configuration_differs_in_rates_alone(tmp_path):
    refined = learning_rates.refine_config(CONFIG, {SEG: 0.3, DEPTH: 0.01})
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps(refined))
    known = ["city", "camvid", "sunrgbd"]
    loaded = configuration.load_config(str(path), known)
    assert loaded.link(SEG).schedule.learning_rate == 0.3
    assert loaded.link(SEG).crop == (8, 8)
    assert loaded.link(DEPTH).schedule.learning_rate == 0.01
    assert loaded.link(Task("camvid", "segmentation")).schedule.learning_rate == 0.1
    assert loaded.link(DEPTH).schedule.steps == 9
    assert "learning_rate" not in CONFIG["segmentation"]["datasets"]["city"]
    with pytest.raises(FoiError, match="no section 'keypoints'"):
        learning_rates.refine_config(CONFIG, {Task("coco", "keypoints"): 1.0})
