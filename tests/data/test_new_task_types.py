"""A task type that is only rows of the table `schema.FIELDS` goes all the way through the data."""

import dataclasses

import numpy as np
import pytest

from foi_tf.data.convert import builder
from foi_tf.data.convert.entry import RawDataset
from foi_tf.data.convert.validate import validate_example
from foi_tf.data.input import pipeline
from foi_tf.data.inspect import class_coverage, describe, visualize
from foi_tf.data.inspect.palette import class_color
from foi_tf.data.records import schema
from foi_tf.data.records.read_examples import read_examples
from foi_tf.data.records.schema import FieldSpec, Geometry, RealValues
from foi_tf.errors import FoiError
from foi_tf.study.dataset import ANNOTATED_TASK_TYPES, Dataset

SIZE = (20, 30)
HEIGHTS = RealValues(quantity="centimeters", symbol="cm", step=lambda dataset: 0.5)
ROWS = (
    FieldSpec("heights", "height_map", Geometry.REAL_MAP, HEIGHTS),
    FieldSpec("counting", "count", Geometry.LABEL),
    FieldSpec("materials", "material_map", Geometry.CLASS_MAP),
    FieldSpec("wheels", "wheel_points", Geometry.POINTS),
    FieldSpec("wheels", "car_boxes", Geometry.BOXES),
    FieldSpec("wheels", "car_areas", Geometry.OBJECT_AREAS),
    FieldSpec("wheels", "car_crowds", Geometry.OBJECT_CROWDS),
)
CLASSES = {"heights": 1, "counting": 4, "materials": 300, "wheels": 2}


@dataclasses.dataclass(frozen=True)
class MadeUp:
    """An entry whose annotations follow from its number."""

    number: int
    part_of = None

    @property
    def id(self):
        return f"train/{self.number}"

    def example(self):
        height_map = np.zeros(SIZE, np.float32)
        height_map[:, 10:] = 2 + self.number
        material_map = np.full(SIZE, 299, np.uint16)
        material_map[:5] = 65535
        material_map[-1, -1] = 7  # Else nothing could be learned, which is refused.
        return {
            "id": self.id,
            "image": np.full((*SIZE, 3), 40 * self.number, np.uint8),
            "height_map": height_map,
            "count": self.number % 4,
            "material_map": material_map,
            "wheel_points": np.asarray([[[8, 4, 2], [8, 12, 1]]], np.float32),
            "car_boxes": np.asarray([[2, 2, 10, 14]], np.float32),
            "car_areas": np.asarray([60], np.float32),
            "car_crowds": np.asarray([False]),
        }

    def load(self, dataset):
        return validate_example(self.example(), dataset, SIZE, self.id), SIZE


@pytest.fixture
def prepared(monkeypatch, tmp_path):
    task_types = (*ANNOTATED_TASK_TYPES, *CLASSES)
    monkeypatch.setattr("foi_tf.study.dataset.ANNOTATED_TASK_TYPES", task_types)
    monkeypatch.setattr(schema, "FIELDS", (*schema.FIELDS, *ROWS))
    row = Dataset(
        id="madeup", domain="aerial", train=4, val=2, classes=CLASSES,
        names={"counting": ("none", "one", "two", "many")},
    )  # fmt: skip
    splits = {"train": [MadeUp(i) for i in range(4)], "val": [MadeUp(i) for i in (4, 5)]}
    return builder.build_records(RawDataset(row, splits), tmp_path)


def test_examples_are_read_back_as_they_were_written(prepared):
    assert set(prepared.annotated["train"]) == {frozenset(CLASSES)}
    for example in read_examples(prepared, "train"):
        written = MadeUp(int(example["id"][-1])).example()
        assert set(example) == {*written, "size"}
        for field in ROWS:
            assert np.array_equal(example[field.name], written[field.name]), field.name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 4}, "label 4, but madeup:counting has 4 classes"),
        ({"material_map": np.full(SIZE, 300, np.uint16)}, "madeup:materials has 300 classes (255"),
        ({"height_map": np.full(SIZE, -1.0)}, "height_map must be finite centimeters from 0"),
        ({"height_map": np.full(SIZE, 1e5)}, "height_map is up to 100000 cm, but madeup has no"),
        ({"wheel_points": np.zeros((1, 3, 3))}, "wheel_points have shape (1, 3, 3), not [M, 2, 3]"),
        ({"car_areas": np.zeros(2)}, "2 car_areas for 1 wheel_points"),
    ],
)
def test_wrong_annotations_are_named(prepared, change, message):
    with pytest.raises(FoiError) as caught:
        validate_example(MadeUp(1).example() | change, prepared.dataset, SIZE, "here")
    assert message in str(caught.value)


@pytest.mark.slow
def test_batches_hold_augmented_fields(prepared):
    def batch(task_type, *names, **options):
        source = pipeline.Input(
            prepared=prepared, split="train", task_type=task_type, crop=SIZE,
            encode=lambda example: {name: example[name] for name in names}, **options,
        )  # fmt: skip
        for made in (pipeline.make_evaluation_batches, pipeline.make_train_batches):
            yield next(iter(made(source, 1)))["targets"]

    for targets in batch("heights", "height_map"):
        assert targets["height_map"].shape == (1, *SIZE, 1)
    whole, mirrored = batch("materials", "material_map", seed=1)
    assert whole["material_map"].numpy()[0, 4:6, 0, 0].tolist() == [65535, 299]
    assert mirrored["material_map"].dtype == np.uint16
    for targets in batch("counting", "count"):
        assert targets["count"].shape == (1,)
    for targets in batch("wheels", "car_boxes", "wheel_points", "car_areas", around_objects=True):
        assert targets["car_boxes"].shape == (1, 1, 4)
        assert targets["wheel_points"].shape == (1, 1, 2, 3)
        assert targets["car_areas"].numpy().tolist() == [[60]]


def test_statistics_pictures_and_coverage_know_them(prepared, tmp_path):
    found = describe.describe_dataset(prepared, tmp_path / "sheet.png")["train"]
    assert (found["heights"]["nearest"], found["heights"]["farthest"]) == (2, 5)
    assert [row["labels"] for row in found["counting"]["classes"]] == [1, 1, 1, 1]
    assert found["materials"]["classes"][299]["pixels"] == 4 * (15 * 30 - 1)
    assert found["materials"]["ignored"] == 0.25
    assert found["wheels"]["instances"] == 4

    example = next(read_examples(prepared, "train", frozenset(["train/2"])))
    image, heights, materials = visualize.draw_tiles(example, prepared.dataset, SIZE[0])
    assert [t.caption for t in (image, heights, materials)] == [
        "train/2: two", "4.00 - 4.00 cm", "materials",
    ]  # fmt: skip
    assert tuple(image.image[2, 8]) == (255, 255, 0)  # The box's edge.
    assert tuple(image.image[8, 4]) == class_color(0)
    assert tuple(heights.image[0, 0]) == (0, 0, 0)
    assert materials.image[0, 0].tolist() == image.image[0, 0].tolist()

    for task_type, shown in (("counting", [1, 0, 1, 0]), ("heights", [2]), ("wheels", [2, 2])):
        ids = ["train/0", "train/2"]
        rows = class_coverage.count_class_coverage(prepared, task_type, ids)
        assert [row.chosen for row in rows] == shown
