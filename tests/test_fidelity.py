"""docs/fidelity.md: its numbers are those of the code, and each row has a verdict."""

import pathlib
import re

import pytest

from foi_tf.analysis.measures import embedding, gains
from foi_tf.models import heads, layers
from foi_tf.study import configuration, costs, feature_files, grid
from foi_tf.study.dataset import DOMAINS, SEGMENTATION, STRUCTURED_TASK_TYPES, Task
from foi_tf.study.registry import DATASETS
from foi_tf.study.results import MULTI_SOURCE
from foi_tf.study.scenarios import SCENARIOS
from foi_tf.study.validation_tasks import PUBLISHED
from foi_tf.tasks import centernet, depth, keypoints, voc_metrics

ROOT = pathlib.Path(__file__).parents[1]
VERDICTS = ("equal", "measured", "reading", "needs a TPU")
CONFIG = configuration.load_config("paper", PUBLISHED)
PRETRAINING, COCO, MAPILLARY, MULTI = (
    CONFIG.link(task).schedule
    for task in (
        grid.PRETRAINING,
        Task("coco", SEGMENTATION),
        Task("mapillary", SEGMENTATION),
        Task(MULTI_SOURCE, SEGMENTATION),
    )
)


def read_tables():
    """Returns the rows of all tables of the page, each with the cells of its columns."""
    text = (ROOT / "docs/fidelity.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return [row for row in rows if not {*"".join(row)} <= {*"- "} and row[-1]]


RULES = [row for row in read_tables() if len(row) == 4]
TABLE_1 = [row for row in read_tables() if len(row) == 7]


def find_numbers(text):
    """Returns the numbers of a cell; those in names, codes and after a letter do not count."""
    text = re.sub(r"`[^`]*`|\[131\]|[Ss]tride 32", "", text)
    found = re.findall(r"(?<![\w.'-])-?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?=[KM%,.;:)\s]|$)", text)
    return [number.rstrip(",") for number in found]


def find_name(row):
    """Returns what identifies a row: the paper's cell before a colon."""
    return row[1].partition(":")[0]


def find_checked(row):
    """Returns the numbers that are compared with the code: ours or, without any, the paper's."""
    _, paper, ours, _ = row
    found = find_numbers(ours) or find_numbers(paper.partition(":")[2])
    return [parse(number) for number in found]


def parse(number):
    whole, _, divisor = number.replace(",", "").partition("/")
    return float(whole) / float(divisor or 1)


def schedule(task_type, dataset="ade"):
    return CONFIG.link(Task(dataset, task_type)).schedule


def count(setting, domain, task_type):
    """Counts the chains of a setting, within a domain and a task type or across."""
    every = grid.chains(DATASETS, setting, "all")
    return sum(
        (one.within_domain(DATASETS), one.within_type) == (domain, task_type) for one in every
    )


def count_targets(setting):
    every = grid.chains(DATASETS, setting)
    return len({one.target for one in every if one.within_domain(DATASETS)})


def count_parameters(head, channels=720):
    head.build((None, None, None, channels))
    return head.model.count_params() - sum(
        2 * int(layer.gamma.shape[0]) for layer in head.model.layers if hasattr(layer, "gamma")
    )


def quote(*texts):
    """Returns the numbers of texts that the findings hold beside ours."""
    source = "".join(path.read_text() for path in (ROOT / "foi_tf/analysis/findings").glob("*.py"))
    assert all(text in source for text in texts), texts
    return [float(number) for text in texts for number in re.findall(r"\d+(?:\.\d+)?", text)]


# The numbers of a row by its first words, which end before a colon.
NUMBERS = {
    "Image domains": lambda: [len({*DOMAINS} - {"websearch", "other"})],
    "Images for distances": lambda: [feature_files.MAX_IMAGES],
    "Length of an image's feature vector": lambda: [15, 48],
    "Task types": lambda: [len(STRUCTURED_TASK_TYPES)],
    "Datasets": lambda: [sum(row.number > 0 for row in DATASETS.values())],
    "Learning rates tried in each experiment": lambda: [
        len(CONFIG.sections[SEGMENTATION].rate_factors),
        *CONFIG.sections[SEGMENTATION].rate_factors,
    ],
    "Range of rescaling": lambda: [
        *CONFIG.sections[SEGMENTATION].rescale,
        *CONFIG.sections["classification"].rescale,
    ],
    "Input size of Pascal Context": lambda: DATASETS["pcontext"].crop,
    "Input size of SUN RGB-D": lambda: DATASETS["sunrgbd"].crop,
    "Input size of CityScapes": lambda: DATASETS["city"].crop,
    "Input size of MPII, Underwater Trash and Stanford Dogs": lambda: (
        CONFIG.link(Task("mpii", "keypoints")).crop
    ),
    "HRNetV2, channels of the finest branch": lambda: [48],
    "Output of the backbone": lambda: [15 * 48, centernet.STRIDE],
    "Parameters of the backbone": lambda: [65_325_120],  # tests/models/test_hrnet.py counts them.
    "Parameters of the depth head": lambda: [count_parameters(heads.DepthHead())],
    "Parameters of the segmentation head of 20 classes": lambda: [
        count_parameters(heads.SegmentationHead(20)),
        20,
    ],
    "Parameters of the detection head of 20 classes": lambda: [
        count_parameters(heads.DetectionHead(20)),
        20,
        720 // 3,
    ],
    "Parameters of the keypoint head of 17 keypoints": lambda: [
        count_parameters(heads.KeypointHead(17)),
        17,
    ],
    "Detection and keypoint heads, as shares of the backbone": lambda: [
        round(100 * count_parameters(head) / 65_325_120, 1)
        for head in (heads.DetectionHead(20), heads.KeypointHead(17))
    ],
    "Maps of detection, each by 3x3, ReLU, 3x3": lambda: [len(centernet.WEIGHTS)],
    "Predictions of an image": lambda: [centernet.MAX_PREDICTIONS],
    "Eq. A.2": lambda: [centernet._ALPHA, centernet._BETA],
    "Radius of a Gaussian, as [131]": lambda: [centernet.MIN_OVERLAP],
    "Weights of offset and size, as [131]": lambda: [
        centernet.OFFSET_WEIGHT,
        centernet.SIZE_WEIGHT,
    ],
    "Maps of keypoints, without a neck": lambda: [len(keypoints.WEIGHTS)],
    "Candidates within the box, associated by the displacement": lambda: [keypoints.MIN_SCORE],
    "Farthest candidate from the displaced place": lambda: [keypoints.MAX_DISTANCE],
    "L4 to L6": lambda: list(keypoints.WEIGHTS.values())[3:],
    "Initial values of heads": lambda: [heads.OUTPUT_STD, heads.HEATMAP_BIAS],
    "Pre-training, optimizer": lambda: [PRETRAINING.momentum],
    "Pre-training, batch": lambda: [PRETRAINING.batch_size],
    "Pre-training, epochs": lambda: [
        PRETRAINING.steps,
        round(PRETRAINING.steps * PRETRAINING.batch_size / DATASETS["ilsvrc"].train),
    ],
    "Pre-training, epochs at which the rate falls": lambda: [
        200 * boundary for boundary in PRETRAINING.boundaries
    ],
    "Segmentation, optimizer": lambda: [schedule(SEGMENTATION).momentum],
    "Segmentation, batch": lambda: [schedule(SEGMENTATION).batch_size],
    "Segmentation, factor of a step of the rate": lambda: [schedule(SEGMENTATION).decay],
    "SUIM and KITTI, power of the poly policy": lambda: [schedule(SEGMENTATION, "suim").power],
    "Detection, batch": lambda: [schedule("detection").batch_size],
    "Keypoints, batch": lambda: [schedule("keypoints").batch_size],
    "Depth, batch": lambda: [schedule("depth").batch_size],
    "Small target, training images": lambda: [grid.max_target_images(DATASETS["city"], "small")],
    "Small target, training images of COCO and ADE20K": lambda: [
        grid.max_target_images(DATASETS["ade"], "small"),
    ],
    "Small source, training images": lambda: [
        grid.max_source_images(DATASETS["city"], "small_source"),
    ],
    "Small target, chains within domain and type": lambda: [count("small", True, True)],
    "Small target, chains across domains, within type": lambda: [count("small", False, True)],
    "Full target, chains within domain and type": lambda: [count("full", True, True)],
    "Full target, chains across domains, within type": lambda: [count("full", False, True)],
    "Small target, targets with a source within domain and type": lambda: [count_targets("small")],
    "Full target, targets with a source within domain and type": lambda: [count_targets("full")],
    "All targets": lambda: [len(grid.structured_tasks(DATASETS))],
    "Small target, chains across types": lambda: [
        count("small", True, False),
        count("small", False, False),
    ],
    "Full target, chains across types": lambda: [
        count("full", True, False),
        count("full", False, False),
    ],
    "Detection on Pascal VOC and Underwater Trash, AP at IoU": lambda: [voc_metrics._IOU],
    'NMS on "Pascal VOC and SUIM", IoU': lambda: [DATASETS["uwt"].box_nms],
    "Keypoints, AP at OKS": lambda: [0.5],  # tests/tasks/test_coco_metrics.py holds it.
    "Depth, largest ratio of an accurate pixel": lambda: [depth.DELTA],
    "Very positive transfer": lambda: [gains.VERY_POSITIVE],
    "Positive transfer": lambda: [gains.POSITIVE],
    "Negative transfer": lambda: [gains.NEGATIVE],
    "Insignificant transfer": lambda: [gains.NEGATIVE, gains.POSITIVE],
    "Figure 3, images of a dataset": lambda: [embedding.IMAGES],
    "Input of the fixed size": lambda: SCENARIOS["fixed_size"].crop,
    "ILSVRC'12 beats random weights, with all target images": lambda: quote("by 5 to 46 %"),
    "Targets with a positive (very positive) source": lambda: quote("85 % (67 %)", "56 % (19 %)"),
    "Positive across types within domain, and within type across domains": lambda: quote(
        "43 % against 14 %", "22 % against 8 %"
    ),
    "Kendall's tau of gain with domain distance, with size": lambda: quote("0.40 against 0.12"),
    "Tau by assignment": lambda: quote("0.42 against 0.20, 0.06, 0.27"),
    "Targets whose largest source within domain beats multi-source": lambda: quote("7 of 10"),
    "Targets with a positive gain from the multi-source model": lambda: quote("100 %"),
    "Targets with a positive source within domain across types": lambda: quote("65 %"),
    "Positive across types, within and across domains": lambda: quote("43 % against 5 %"),
    "Positive (very positive) within domain and type": lambda: quote("69 % (44 %)", "73 % (64 %)"),
    "Positive where the source is larger, smaller": lambda: quote("60 % against 5 %"),
    "Positive in both settings, of those in full and of those in small": lambda: quote(
        "80 %", "43 %"
    ),
    "Negative in small and not positive in full": lambda: quote("100 %"),
    "Hours of the pre-training": lambda: [costs.PRINTED_HOURS[grid.PRETRAINING]],
    # tests/study/test_costs.py holds that steps make these hours.
    "Hours of COCO segmentation": lambda: [costs.PRINTED_HOURS[Task("coco", SEGMENTATION)]],
    "Hours of Mapillary segmentation": lambda: [
        costs.PRINTED_HOURS[Task("mapillary", SEGMENTATION)]
    ],
    "Hours of a multi-source model": lambda: [
        costs.PRINTED_HOURS[Task(MULTI_SOURCE, SEGMENTATION)]
    ],
    "Share of the pre-training": lambda: [
        round(100 * costs.PRINTED_HOURS[Task(name, SEGMENTATION)] / 364)
        for name in ("coco", "mapillary")
    ],
    "Hours of the other sources": lambda: [CONFIG.sections[SEGMENTATION].schedule.steps],
}


def test_rows_with_numbers_are_those_that_are_checked():
    shown = {find_name(row) for row in RULES if find_checked(row) and row[-1] != "needs a TPU"}
    assert shown == set(NUMBERS)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_those_of_the_code(name):
    (row,) = [row for row in RULES if find_name(row) == name and find_checked(row)]
    assert find_checked(row) == pytest.approx([float(number) for number in NUMBERS[name]()])


def test_each_row_has_a_verdict():
    assert len(RULES) > 120 and {row[-1] for row in RULES} == {*VERDICTS}
    assert {row[-1] for row in TABLE_1} == {"equal", "reading"}


def test_equal_rules_without_numbers_are_those_of_the_code():
    assert layers.BATCH_NORM_MOMENTUM == 0.9 and PRETRAINING.optimizer == "sgd"
    assert schedule(SEGMENTATION).optimizer == "sgd"
    assert {schedule(kind).optimizer for kind in ("detection", "keypoints", "depth")} == {"adam"}
    assert schedule(SEGMENTATION).policy == "step"
    assert {schedule(SEGMENTATION, name).policy for name in ("suim", "kitti")} == {"poly"}
    assert CONFIG.sections[SEGMENTATION].upsample == "probabilities"
    assert CONFIG.sections[SEGMENTATION].fit == "inside"
    assert {row.id for row in DATASETS.values() if row.box_metric == "map"} >= {"coco", "bdd"}
    assert DATASETS["coco"].box_nms is None and DATASETS["pvoc"].box_nms == 0.3
    assert grid.max_target_images(DATASETS["coco"], "small") == grid.LONG_TAILED_TARGET
    for kind, parts in grid.MULTI_SOURCES.items():
        assert len(parts) == count_members(kind)


def count_members(kind):
    """Counts the datasets that the page lists for the multi-source model of a task type."""
    (row,) = [row for row in RULES if row[1].startswith(f"Multi-source {kind}: ")]
    return len(row[1].split(","))


def test_table_1_is_that_of_the_registry():
    words = {
        "segmentation": "{} masks", "detection": "{} boxes", "keypoints": "{} keypoints",
        "depth": "depth", "classification": "{:,} classes",
    }  # fmt: skip
    assert [row[0] for row in TABLE_1] == [row.id for row in DATASETS.values() if row.number] + [
        "ilsvrc"
    ]
    for name, domain, classes, images, ours, found, verdict in TABLE_1:
        dataset = DATASETS[name]
        assert dataset.domain == domain.lower().rstrip("s")
        kinds = ", ".join(words[kind].format(count) for kind, count in dataset.classes.items())
        assert kinds == (classes if ours == "the same" else ours)
        assert found == f"{dataset.train:,} / {dataset.val:,}"
        train, val = images.split(" / ")
        near = is_near(dataset.train, train) and is_near(dataset.val, val)
        assert (near and ours == "the same") or verdict == "reading", name


def is_near(count, printed):
    """Tells whether a number of images may have been printed so: exactly, or in K or M."""
    unit = {"K": 1_000, "M": 1_000_000}.get(printed[-1])
    if unit is None:
        return count == int(printed)
    return abs(count - float(printed[:-1]) * unit) < (unit / 10 if "." in printed else unit)
