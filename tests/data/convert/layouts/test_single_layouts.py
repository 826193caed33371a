"""Tests rules of single datasets; `test_layouts` tests the rules that all share."""

import dataclasses
import json

import numpy as np
import pytest

from foi_tf.data.convert import builder, inventory, layouts
from foi_tf.data.convert.readers import labels
from foi_tf.data.records import schema
from foi_tf.errors import FoiError
from foi_tf.study.labels import IGNORED, NAMES
from foi_tf.study.registry import DATASETS
from tests.data.convert.layouts import (
    bdd,
    coco,
    dogs,
    drawing,
    idd,
    isaid,
    isprs,
    kitti,
    mapillary,
    suim,
)


def examples(name, root, split="train"):
    return {
        example["id"]: example
        for example, _ in layouts.find_published_dataset(name, root).examples(split)
    }


def assert_all_kinds_found(name, root):
    """Asserts that --check finds files of each kind, also where a publisher renamed them."""
    assert all(part.found for part in inventory.inspect_published(name, root).parts)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_camvid_has_the_splits_of_the_tutorial(tmp_path):
    stills = [
        *(f"0001TP_{n:06d}" for n in range(6690, 10381, 30)),
        *(f"0006R0_f{n:05d}" for n in range(930, 3931, 30)),
        *(f"0016E5_{n:05d}" for n in (*range(390, 2401, 30), *range(4350, 7921, 30))),
        *(f"0016E5_{n:05d}" for n in (*range(7959, 8160, 2), *range(8190, 8641, 30))),
        *(f"Seq05VD_f{n:05d}" for n in range(0, 5101, 30)),
    ]
    for still in stills:
        touch(tmp_path / f"701_StillsRaw_full/{still}.png")
        touch(tmp_path / f"LabeledApproved_full/{still}_L.png")
    found = layouts.find_published_dataset("camvid", tmp_path)
    assert len(stills) == 701
    assert (len(found.splits["train"]), len(found.splits["val"])) == (367, 101)


def test_validation_images_of_coco_without_objects_are_annotated_with_none(tmp_path):
    coco.write(tmp_path)
    for split, number in (("train", 285), ("val", 900)):
        drawing.photo(tmp_path / f"{split}2017/{number:012d}.jpg")
        for kind in ("instances", "person_keypoints"):
            path = tmp_path / f"annotations/{kind}_{split}2017.json"
            content = json.loads(path.read_text())
            listed = {"id": number, "file_name": f"{number:012d}.jpg"}
            content["images"] = [
                *(image for image in content["images"] if image["id"] != number), listed
            ]  # fmt: skip
            path.write_text(json.dumps(content))
    train = examples("coco", tmp_path)["train/000000000285"]
    val = examples("coco", tmp_path, "val")["val/000000000900"]
    assert schema.annotated_task_types(train) == ["segmentation"]
    assert schema.annotated_task_types(val) == ["detection", "keypoints"]
    assert val["boxes"].shape == (0, 4) and val["keypoints"].shape == (0, 17, 3)


def test_kitti_is_split_in_150_and_50(tmp_path):
    for number in range(200):
        for folder in ("image_2", "semantic"):
            touch(tmp_path / f"training/{folder}/{number:06d}_10.png")
    found = layouts.find_published_dataset("kitti", tmp_path)
    assert (found.dataset.train, found.dataset.val) == (150, 50)
    kitti.write(tmp_path)
    assert layouts.find_published_dataset("kitti", tmp_path).dataset.train == 150


def test_isprs_has_red_green_and_their_mean(tmp_path):
    isprs.write(tmp_path)
    pixels = isprs.pixels()[10:810].astype(int)
    for split, name, (red, green) in (
        ("train", "potsdam_2_10", (0, 1)),
        ("val", "vaihingen_1", (1, 2)),  # Infrared, red, green.
    ):
        image = examples("isprs", tmp_path, split)[f"{name}_10_810_0_800"]["image"]
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image[..., 0], pixels[..., red])
        np.testing.assert_array_equal(image[..., 1], pixels[..., green])
        mean = (pixels[..., red] + pixels[..., green]) // 2
        np.testing.assert_array_equal(image[..., 2], mean)


def test_isaids_tiles_are_parts_of_its_images(tmp_path):
    isaid.write(tmp_path)
    rows, columns = np.mgrid[20:820, 10:810]
    found = examples("isaid", tmp_path)
    assert found["P0005"]["image"] == (tmp_path / "train/images/P0005.png").read_bytes()
    image = found["P0002_20_820_10_810"]["image"]
    np.testing.assert_array_equal(image[..., 0], rows * 9 % 256)
    np.testing.assert_array_equal(image[..., 1], columns * 7 % 256)


def test_two_images_of_isaid_are_skipped_as_its_development_kit_does(tmp_path):
    isaid.write(tmp_path)
    found = layouts.find_published_dataset("isaid", tmp_path)
    names = [entry.id for split in found.splits.values() for entry in split]
    assert not [name for name in names if name.startswith(("P1527", "P1530"))] and len(names) == 6


def test_unknown_labels_of_idd_are_left_out_with_a_warning(tmp_path, capsys):
    idd.write(tmp_path)
    examples("idd", tmp_path)
    said = capsys.readouterr().err
    assert "object 7: unknown label 'rod'; the object is left out" in said
    assert "'pole'" not in said and "'sky'" not in said


def test_suim_with_water_as_a_class_is_other_data(tmp_path):
    suim.write(tmp_path / "raw")
    found = layouts.find_published_dataset("suim", tmp_path / "raw")
    done = builder.build_records(found, tmp_path / "data")
    before = dataclasses.replace(done.dataset, ignored=())
    assert dataclasses.replace(done, dataset=before).digest != done.digest
    with pytest.raises(FoiError, match=r"already holds another dataset 'suim'.*in 'ignored'"):
        builder.build_records(dataclasses.replace(found, dataset=before), tmp_path / "data")


def test_a_dog_without_an_outline_has_a_share_of_its_box(tmp_path):
    dogs.write(tmp_path)
    path = tmp_path / "StanfordExtra_v1.json"
    records = json.loads(path.read_text())
    path.write_text(json.dumps([record | {"seg": ""} for record in records]))
    for example in examples("dogs", tmp_path).values():
        np.testing.assert_allclose(example["keypoint_areas"], [0.53 * 4 * 6], rtol=1e-6)


def test_labels_of_version_1_are_read_from_mapillarys_release_2(tmp_path):
    expected = mapillary.write(tmp_path, "v1.2/labels")
    # Its own labels, of another list, lie beside.
    (tmp_path / "config.json").rename(tmp_path / "config_v1.2.json")
    drawing.write_text(tmp_path / "config_v2.0.json", mapillary.config(["Lane Marking - Arrow"]))
    found = examples("mapillary", tmp_path)
    for name, fields in expected["train"].items():
        np.testing.assert_array_equal(found[name]["mask"], fields["mask"])
    assert_all_kinds_found("mapillary", tmp_path)


def test_the_class_names_of_bdds_first_release_are_read(tmp_path):
    bdd.write(tmp_path)
    for split in ("train", "val"):
        text = (tmp_path / f"labels/det_20/det_{split}.json").read_text()
        text = text.replace('"pedestrian"', '"person"').replace('"other person"', '"motor"')
        drawing.write_text(tmp_path / f"labels/bdd100k_labels_images_{split}.json", text)
        (tmp_path / f"labels/det_20/det_{split}.json").unlink()
    found = examples("bdd", tmp_path)
    one = found["100k/train/b1c66a42-6f7d68ca"]
    names = DATASETS["bdd"].names["detection"]
    assert [names[label] for label in one["box_labels"]] == ["car", "motorcycle"]
    assert not one["box_crowds"].any()
    assert_all_kinds_found("bdd", tmp_path)


def test_tables_of_names_name_datasets_of_the_registry():
    for table in (NAMES, IGNORED):
        assert set(table) <= set(DATASETS)
    for row in DATASETS.values():
        assert set(row.names) <= set(row.classes)


def test_codes_are_classes_or_ignored():
    row = DATASETS["isprs"]
    table = labels.map_codes(layouts.isprs.COLORS, row)
    assert table[(255, 255, 255)] == 1 and table[(255, 255, 0)] == 5
    assert table[(255, 0, 0)] == schema.IGNORE[schema.mask_dtype(row)] == 255
    assert len(set(labels.map_codes(layouts.camvid.COLORS, DATASETS["camvid"]).values())) == 24
    with pytest.raises(FoiError, match="label 7, 'sea', is neither a class of isprs nor ignored"):
        labels.map_codes({7: "sea"}, row)


def test_a_few_stray_colors_are_ignored():
    table = {(0, 0, 9): 0, (0, 9, 0): 1}
    colors = np.zeros((40, 50, 3), np.uint8)
    colors[..., 1] = 9
    colors[7, 3] = colors[9, 9] = (0, 8, 0)  # A thousandth of the pixels.
    mask = labels.colors_to_mask(table, colors, "a.png")
    assert mask.dtype == np.uint8 and mask[7, 3] == mask[9, 9] == 255
    assert np.count_nonzero(mask == 1) == mask.size - 2
    colors[0, 0] = (1, 1, 1)
    with pytest.raises(
        FoiError, match=r"a\.png: color \(1, 1, 1\) at row 0, column 0 is not among"
    ):
        labels.colors_to_mask(table, colors, "a.png")


def test_a_stray_color_is_ignored_beside_many_classes():
    table = {(0, i // 256, i % 256): i for i in range(300)}
    colors = np.zeros((100, 100, 3), np.uint8)
    colors[0, 0] = 9, 9, 9
    mask = labels.colors_to_mask(table, colors, "a.png")
    assert mask.dtype == np.uint16 and mask[0, 0] == 65535 and not mask[1:].any()
