import math

import pytest

from foi_tf.analysis.measures.answer import ClassGain
from foi_tf.analysis.measures.answers import find_answers
from foi_tf.analysis.report.answer_text import describe_answer, describe_classes, format_minutes
from tests.analysis.measures.test_answers import CLEAR


def describe(analysis):
    (answer,) = find_answers(analysis)
    return str(describe_answer(answer))


def test_a_best_start(analyze_starts):
    text = describe(analyze_starts(CLEAR))
    assert text.startswith("Start `camvid` from `city:segmentation`. mIoU 0.600; from ")
    assert "from the pre-training `ilsvrc` 0.500, from random weights 0.400: +20.0 % (+" in text
    assert " over the pre-training, probability to be the best > 0.99." in text
    assert "With a probability of at least 0.95 the other 3 starts are worse." in text
    assert "not run" not in text and "tried" not in text


def test_rivals_with_what_would_settle_them(analyze_starts):
    text = describe(analyze_starts(CLEAR | {"isprs:segmentation": [0.58, 0.61, 0.60]}))
    assert "`isprs:segmentation` cannot be told from it; " in text
    assert " hours, probably would." in text


def test_sources_that_do_not_help(analyze_starts):
    starts = CLEAR | {
        "city:segmentation": [0.44, 0.45, 0.43],
        "coco:segmentation": [0.42, 0.43, 0.4],
    }
    text = describe(analyze_starts(starts))
    assert text.startswith("None of the 2 sources helps `camvid` by more than 2 %. Start from the ")
    assert "from `city:segmentation` 0.440: -12.0 % (" in text
    assert "probability that one helps by more than 2 % < 0.01." in text
    del starts["coco:segmentation"]
    text = describe(analyze_starts(starts))
    assert text.startswith(
        "The source `city:segmentation` does not help `camvid` by more than 2 %."
    )


def test_a_choice_that_hardly_matters(analyze_starts):
    starts = {"ilsvrc": [0.50, 0.51, 0.49], "city:segmentation": [0.515, 0.505, 0.495]}
    text = describe(analyze_starts(starts))
    assert text.startswith(
        "Start `camvid` from `city:segmentation`. It is expected to be within 2 % of the best of "
        "the starts that ran. mIoU 0.505; from the pre-training `ilsvrc` 0.500: "
    )
    assert "too little" not in text.lower() and "is ahead" not in text


def test_single_seeds_promise_nothing(analyze_starts):
    text = describe(analyze_starts({name: values[:1] for name, values in CLEAR.items()}))
    assert text.startswith("Too little data to say what `camvid` should start from. So far `city:")
    assert "Each start ran with a single seed" in text
    assert "two more seeds of each start (4.0 hours) would show how noisy runs are" in text
    assert "probability" not in text


def test_what_was_not_run_is_said(analyze_starts):
    sources = {name: values for name, values in CLEAR.items() if ":" in name}
    text = describe(analyze_starts(sources))
    assert "The pre-training and random weights were not run." in text and " over " not in text
    text = describe(analyze_starts({"ilsvrc": CLEAR["ilsvrc"], "scratch": CLEAR["scratch"]}))
    assert text.startswith("Start `camvid` from the pre-training `ilsvrc`.")
    assert "No source was tried." in text


def test_nothing_can_be_told(analyze_starts):
    text = describe(analyze_starts({"ilsvrc": [0.5]}))
    assert text == (
        "Nothing can be told of `camvid`. Only the start from the pre-training `ilsvrc` was run: "
        "0.500. Run another start, with the same seeds."
    )
    text = describe(analyze_starts({"ilsvrc": [math.nan], "city:segmentation": [math.nan]}))
    assert "no value (diverged)" in text


def test_one_start_alone_can_be_ranked(analyze_starts):
    text = describe(analyze_starts({"ilsvrc": [math.nan], "city:segmentation": [0.5]}))
    assert text == (
        "Start `camvid` from `city:segmentation`, the only start that can be ranked. mIoU 0.500, "
        "1 seed. Not ranked: the pre-training `ilsvrc` no value (diverged). More training steps, "
        "another learning rate or more images may let others learn, too."
    )


@pytest.mark.parametrize(
    ("differences", "text"),
    [
        ((), ""),
        ((1.0, -1.5), "By class: none changes by more than 2 points."),
        ((12.0, 1.0, -3.0), "By class, in points: c0 +12.0; c2 -3.0."),
        ((9, 8, 7, 6, 5), "By class, in points: c0 +9.0, c1 +8.0, c2 +7.0 and 2 more."),
    ],
)
def test_classes(differences, text):
    classes = [
        ClassGain(name=f"c{i}", images=5, baseline=0.3, value=0.4, difference=x)
        for i, x in enumerate(differences)
    ]
    assert describe_classes(classes) == text


def test_durations_are_in_the_unit_that_suits_them():
    assert [format_minutes(x) for x in (0.3, 1, 14.2, 120)] == [
        "under a minute", "1 minute", "14 minutes", "2.0 hours",
    ]  # fmt: skip
