import base64
import dataclasses
import json
import re
import xml.etree.ElementTree as ET

import pytest

from foi_tf.analysis.measures.answer import ClassGain
from foi_tf.analysis.measures.answers import find_answers
from foi_tf.analysis.report import start_figure, start_tables
from foi_tf.analysis.report.answer_page import Command, PageParts, Strip, write_answer_page
from foi_tf.analysis.report.report import write_report
from foi_tf.errors import FoiError
from tests.analysis.measures.test_answers import CLEAR
from tests.analysis.report.test_report import check_self_contained, text_of

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def write(analysis, directory, parts=None, **changes):
    answers = [dataclasses.replace(one, **changes) for one in find_answers(analysis)]
    return write_answer_page(directory, analysis, answers, parts)


def test_the_page_begins_with_the_answer_and_leaves_out_what_it_lacks(analyze_starts, tmp_path):
    path = write(analyze_starts(CLEAR), tmp_path / "out")
    text = text_of(path)
    check_self_contained(path)
    head = text[: text.index("All starts")]
    assert "What to start camvid from" in head and "city:segmentation" in head
    assert "probability to be the best > 0.99" in head.replace("\xa0", " ")
    headings = re.findall(r"<h2>([^<]*)", path.read_text())
    assert headings == ["All starts", "How it was decided"]
    plain = json.loads((tmp_path / "out" / "answer.json").read_text())
    assert plain[0]["best"] == "city:segmentation"
    assert "How noisy runs are is known from 4 chains with several seeds." in text
    assert sorted(x.name for x in (tmp_path / "out").iterdir()) == ["answer.json", "report.html"]


def test_all_parts_are_shown(analyze_starts, tmp_path):
    parts = PageParts(
        strips=[Strip("val/7: image, truth", PNG)],
        warnings={"camvid": ["no <bus> in train"]},
        spent=["3 of 120 minutes"],
        commands=[Command("Train on all images", "foi-target --target=camvid && x")],
        decision=["`coco:segmentation` was dropped"],
        images="<p>With 25 images ...</p>",
    )
    classes = (ClassGain(name="road", images=9, baseline=0.3, value=0.42, difference=12.0),)
    path = write(analyze_starts(CLEAR), tmp_path, parts, classes=classes)
    check_self_contained(path)
    text, html = text_of(path), path.read_text()
    assert re.findall(r"<h2>([^<]*)", html) == [
        "All starts", "Number of images", "Predictions", "Warnings on data", "What was spent",
        "How to go on", "How it was decided",
    ]  # fmt: skip
    assert "1 warning on the data of camvid" in text[: text.index("All starts")]
    assert "no <bus> in train" in text and "foi-target --target=camvid && x" in text
    assert "<code>coco:segmentation</code> was dropped" in html
    assert "data:image/png;base64,iVBOR" in html and "road +12.0" in text


def test_pictures_are_checked(tmp_path):
    with pytest.raises(FoiError, match="picture of x: neither PNG nor JPEG"):
        Strip("x", b"GIF8")
    (tmp_path / "a.png").write_bytes(PNG)
    assert Strip.from_file("x", tmp_path / "a.png").image == PNG


def test_the_figure_has_all_starts_and_runs(analyze_starts):
    (answer,) = find_answers(analyze_starts(CLEAR))
    svg = start_figure.draw_starts(answer)
    names = [text.text for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"city:segmentation", "0.600 (+20.0 %)", "random weights", "ilsvrc", "mIoU"} <= {*names}
    assert svg.count('r="3.5"') == 12 and svg.count('r="6"') == 4
    assert svg.count('class="i"') == 4  # Intervals.


def test_few_runs_are_a_table_and_no_figure(analyze_starts, tmp_path):
    path = write(analyze_starts({"ilsvrc": [0.5], "city:segmentation": [0.6]}), tmp_path)
    assert "<svg" not in path.read_text()
    assert "cannot be told from it" in text_of(path)


def test_the_table_of_starts_says_how_each_stands(analyze_starts):
    starts = CLEAR | {"isprs:segmentation": [0.58, 0.61, 0.60], "coco:detection": [float("nan")]}
    (answer,) = find_answers(analyze_starts(starts))
    texts = start_tables.build_start_table(answer).texts.set_index("start")
    assert texts.standing.to_dict() == {
        "city:segmentation": "best", "isprs:segmentation": "cannot be told from it",
        "ilsvrc": "worse", "coco:segmentation": "worse", "random weights": "worse",
        "coco:detection": "not ranked: diverged",
    }  # fmt: skip
    assert texts["gain, %"]["ilsvrc"] == "–" and texts["gain, %"]["random weights"] == "-20.0"


def test_the_report_of_one_target_has_the_same_head(analyze_starts, tmp_path):
    analysis = analyze_starts(CLEAR)
    report, page = write_report(analysis, tmp_path / "a"), write(analysis, tmp_path / "b")
    heads = [re.search("<h1>.*?</h1>.*?</header>", x.read_text(), re.S)[0] for x in (report, page)]
    assert heads[0] == heads[1] and "city:segmentation" in heads[0]
    text = text_of(report)
    assert "In 12 of 12 runs, a single learning rate was run." in text
    assert "chosen by the metric" not in text


def test_a_report_says_how_learning_rates_were_chosen(analyze_starts, tmp_path):
    rates = '{"0.01": 0.5, "0.03": 0.4}'
    for way, words in (
        ("validation", "was chosen by the metric that is reported, as in the paper"),
        ("holdout", "was chosen on training images that were held out"),
    ):
        analysis = analyze_starts(CLEAR, selection=way, candidates=rates)
        assert f"In 12 of 12 runs, the learning rate {words}." in text_of(
            write_report(analysis, tmp_path / way)
        )
