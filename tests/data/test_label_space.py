"""Labels of prepared data against those of the same datasets today."""

import dataclasses
import json

import pytest
from etils import epath

import foi_tf as foi
from foi_tf import miniworld
from foi_tf.data.records import label_space, prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.study import registry
from foi_tf.study.dataset import Task

PLACE = epath.Path("data/x/1.0.0")
WATER = "BW: Background waterbody"


def check(dataset, conversion=None):
    today = label_space.count_conversions(dataset)
    label_space.check_labels(dataset, today if conversion is None else conversion, PLACE)


@pytest.mark.parametrize("datasets", [registry.DATASETS, miniworld.DATASETS], ids=["paper", "mini"])
def test_rows_of_today_pass_without_a_word(datasets, capsys):
    for dataset in datasets.values():
        check(dataset)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(("dataset", "changes", "said"), [
    (registry.DATASETS["suim"], {"ignored": ()}, "'background' was a class"),
    (miniworld.DATASETS["suim"], {"classes": {"segmentation": 8}},
     "segmentation had 8 classes, now 7"),
    (registry.DATASETS["uwt"], {"names": {"detection": ("plastic", "rov", "bio")}},
     "detection 1 was 'rov', now 'bio'; detection 2 was 'bio', now 'rov'"),
    (registry.DATASETS["mpii"], {"flip_pairs": ()}, "left and right keypoints were other ones"),
    (registry.DATASETS["city"], {"classes": {"depth": 1}}, "depth is not annotated now"),
])  # fmt: skip
def test_other_labels_are_refused_with_the_difference_and_the_remedy(dataset, changes, said):
    with pytest.raises(FoiError) as caught:
        check(dataclasses.replace(dataset, **changes))
    message = str(caught.value)
    assert said in message and "\n" not in message
    assert message.startswith(f"{PLACE}: prepared by an earlier version")
    assert f"remove data/x and prepare {dataset.id} anew, or give another --data_dir" in message


def test_a_dataset_of_fewer_task_types_than_today_passes():
    bdd = registry.DATASETS["bdd"]
    check(dataclasses.replace(bdd, classes={"detection": 10}))


def test_own_data_has_no_other_labels():
    check(dataclasses.replace(registry.DATASETS["suim"], collection="own", ignored=()))


@pytest.mark.parametrize("name", ["coco", "idd", "isaid"])
def test_records_of_an_earlier_conversion_are_read_with_a_warning(name, capsys):
    check(registry.DATASETS[name], 0)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: {PLACE}: prepared by an earlier version, which")
    assert f"prepare {name} anew" in line
    check(miniworld.DATASETS[name], 0)
    assert not capsys.readouterr().err


def test_training_on_old_records_is_refused_and_exports_of_old_links_are_not(tmp_path):
    foi.prepare(dataset="suim", collection="mini", data_dir=tmp_path, images=2)
    task = Task("suim", "segmentation")
    assert prepared_datasets.load_task_dataset(tmp_path, task).dataset.classes[task.type] == 7
    row = tmp_path / "suim/1.0.0/foi_dataset.json"
    kept = json.loads(row.read_text())
    kept["classes"]["segmentation"] = 8
    kept["names"]["segmentation"] = [WATER, *kept["names"]["segmentation"]]
    row.write_text(json.dumps(kept))
    index = row.with_name("foi_index.json")
    index.write_text(json.dumps(
        {k: v for k, v in json.loads(index.read_text()).items() if k != "conversion"}
    ))  # fmt: skip
    with pytest.raises(FoiError, match="segmentation had 8 classes, now 7"):
        prepared_datasets.load_task_dataset(tmp_path, task)
    assert prepared_datasets.load_prepared(tmp_path, "suim").dataset.classes[task.type] == 8
    # Images alone are as they were.
    prepared_datasets.load_task_dataset(tmp_path, Task("suim", "contrastive"))
