import base64
import html.parser
import re

import pytest

from foi_tf.analysis import report

VOID = {"meta", "img", "br", "hr"}


class Checker(html.parser.HTMLParser):
    """Collects attributes and text, and fails on tags that do not match."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parse(path):
    checker = Checker()
    checker.feed(path.read_text())
    assert not checker.open
    return checker


@pytest.fixture
def written(study, tmp_path):
    return report.write(study, tmp_path / "out")


def test_everything_is_written(written):
    names = [f"{root.name}/{name}" for root, _, files in written.parent.walk() for name in files]
    table = "small-depth-from-depth-hrnet_w48-ilsvrc"
    assert {
        "out/report.html", "out/gains.csv", f"tables/{table}.md", f"tables/{table}-gain.csv",
        f"tables/{table}-value.csv", f"figures/{table}.png",
    } <= set(names)  # fmt: skip
    assert len(names) == 2 + 4 * 4
    assert not [name for name in names if "/." in name]


def test_the_report_needs_no_other_file(written):
    checker = parse(written)
    sources = [value for name, value in checker.attributes if name == "src"]
    assert len(sources) == 4
    for source in sources:
        kind, data = source.split(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
    assert all(value.startswith("#") for name, value in checker.attributes if name == "href")
    assert "url(" not in written.read_text()
    assert ("name", "viewport") in checker.attributes


def test_the_report_says_what_was_run_and_found(written):
    text = re.sub(r"\s+", " ", " ".join(parse(written).texts))
    best = "camvid segmentation city segmentation very positive +25.0 ± 7.1 (2) mIoU 0.450 0.560 4"
    assert "Runs 15" in text
    assert "Some source gains more than 2 % for 3 of 3 target tasks; 8 transfers" in text
    assert best in text
    assert "ilsvrc classification hrnet_w48 top-1 accuracy 0.795" in text
    assert "Wall time, summed 7.5 hours" in text
    assert "c0ffee" in text
    assert "Shares are shown from 10 on" in text


def test_shares_are_shown_when_there_are_enough(make_results, tmp_path):
    seeds = [{"target": f"t{i}"} for i in range(10)]
    frame = make_results(
        *[("camvid:segmentation", "ilsvrc", 0.5, change) for change in seeds],
        *[("camvid:segmentation", "city:segmentation", 0.6, change) for change in seeds],
    )
    text = " ".join(parse(report.write(frame, tmp_path)).texts)
    assert re.search(r"within\s+within\s+100 %\s+100 %\s+0 %\s+10", text)


def test_names_are_escaped_and_missing_baselines_explained(make_results, tmp_path):
    frame = make_results(("camvid:segmentation", "city:segmentation", 0.6, {"target": "<b>&"}))
    written = report.write(frame, tmp_path)
    text = " ".join(parse(written).texts)
    assert "foi-target --source=ilsvrc --target=<b>&:segmentation --setting=small" in text


def test_a_report_of_pretraining_alone(study, tmp_path):
    written = report.write(study[study.target == "ilsvrc"], tmp_path)
    assert "No chain with a source has been run" in " ".join(parse(written).texts)


def test_settings_stand_in_the_order_of_the_paper(make_results, tmp_path):
    frame = make_results(
        *[
            ("camvid:segmentation", source, 0.5, {"setting": setting})
            for source in ("ilsvrc", "city:segmentation")
            for setting in ("full", "small")
        ]
    )
    text = report.write(frame, tmp_path).read_text()
    assert text.index("Few target images (") < text.index("All target images (")


def test_sources_trained_from_scratch_have_no_baseline(make_results, tmp_path):
    frame = make_results(
        ("camvid:segmentation", "ilsvrc", 0.5),
        ("camvid:segmentation", "scratch", 0.3),
        ("camvid:segmentation", "city:segmentation", 0.4, {"init": "scratch"}),
    )
    text = report.write(frame, tmp_path).read_text()
    assert "from city: Eq. 2 has no baseline for sources from scratch" in text
