import html.parser
import re

import pytest

from foi_tf.analysis.measures import chain_costs
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import report
from foi_tf.analysis.report.report import write_report
from foi_tf.study.registry import DATASETS

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

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parse(path):
    checker = Checker()
    checker.feed(path.read_text())
    assert not checker.open
    return checker


def text_of(path):
    return re.sub(r"\s+", " ", " ".join(parse(path).texts))


@pytest.fixture(scope="module")
def written(study, tmp_path_factory):
    return write_report(StudyAnalysis(study), tmp_path_factory.mktemp("report") / "out")


def test_everything_is_written(written):
    names = {f"{root.name}/{name}" for root, _, files in written.parent.walk() for name in files}
    table = "table-4e-small-depth-any-hrnet_w48-ilsvrc"
    assert {
        "out/report.html", "out/gains.csv", f"tables/{table}.md", f"tables/{table}.csv",
        f"tables/{table}.tex", f"figures/{table}.svg",
        "tables/table-7-hrnet_w48-ilsvrc.tex", "tables/further-answers.csv",
        "tables/further-findings-hrnet_w48-ilsvrc.csv", "figures/levels-hrnet_w48-ilsvrc.svg",
        "figures/levels-hrnet_w48-ilsvrc.png",
    } <= names  # fmt: skip
    assert not [name for name in names if "/." in name]


def check_self_contained(path):
    checker = parse(path)
    assert all(value.startswith("#") for name, value in checker.attributes if name == "href")
    sources = [value for name, value in checker.attributes if name == "src"]
    assert all(value.startswith("data:image/") for value in sources)
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)", path.read_text())
    ids = [value for name, value in checker.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert ("name", "viewport") in checker.attributes
    assert any("default-src 'none'" in (value or "") for _, value in checker.attributes)


def test_the_report_needs_no_other_file(written):
    check_self_contained(written)


def test_the_report_says_what_was_run_and_found(written):
    text = text_of(written)
    best = "camvid:segmentation city:segmentation coco:segmentation, coco:detection"
    assert best in text and "probably positive very positive (0.88) mIoU +25.0 ± 7.1 (2)" in text
    assert "sunrgbd:depth vkitti2:depth unknown cannot be told – RMSE" in text
    assert "result rows 15" in text and "chains with a source 8 (+ 4 without)" in text
    assert "ilsvrc classification hrnet_w48 top1 0.795" in text
    assert "c0ffee" in text
    assert "Of 3 targets: for 1 a source is the best start, for 2 there is too little" in text
    # So few chains are not enough to judge a finding.
    assert "The paper's findings" not in text


def test_missing_cells_are_shown_as_missing(written):
    text = written.read_text()
    assert 'title="sunrgbd:depth' not in text
    assert "city:segmentation → isprs:segmentation: not run" in text


def test_costs_are_shared_among_targets(make_results, tmp_path):
    hours = {"setting": "full", "chip_hours": 100.0, "n_target": 118_287}
    source = "coco:segmentation"
    frame = make_results(
        ("ilsvrc:classification", "scratch", 0.8, hours | {"chip_hours": 400.0}),
        ("ilsvrc:contrastive", "scratch", 0.1, hours | {"chip_hours": 7.0}),
        (source, "ilsvrc", 0.5, hours),
        ("camvid:segmentation", "ilsvrc", 0.5),
        ("isprs:segmentation", "ilsvrc", 0.5),
        ("camvid:segmentation", source, 0.6),
        ("isprs:segmentation", source, 0.6),
        ("isprs:segmentation", "city:segmentation", 0.6),
    )
    text = text_of(write_report(StudyAnalysis(frame), tmp_path))
    assert "coco 2 100.00 50.00 25" in text  # Two targets; 25 % of the pre-training.
    assert "city 1 – – –" in text
    assert "pre-training TPU v3 2 407.00" in text


def test_names_are_escaped_and_missing_baselines_explained(make_results, tmp_path):
    frame = make_results(("camvid:segmentation", "city:segmentation", 0.6, {"target": "<b>&"}))
    text = text_of(write_report(StudyAnalysis(frame), tmp_path))
    assert "foi-target --source=ilsvrc --target=<b>&:segmentation --setting=small" in text


def test_a_report_of_pretraining_alone(study, tmp_path):
    written = write_report(StudyAnalysis(study[study.target == "ilsvrc"]), tmp_path)
    assert "No chain with a source has been run" in text_of(written)


def test_settings_stand_in_the_order_of_the_paper(make_results, tmp_path):
    frame = make_results(
        *[
            ("camvid:segmentation", source, 0.5, {"setting": setting})
            for source in ("ilsvrc", "city:segmentation")
            for setting in ("full", "small")
        ]
    )
    text = write_report(StudyAnalysis(frame), tmp_path).read_text()
    best = text[text.index('id="best-sources"') :]
    assert best.index("few target images (") < best.index("all target images (")


def test_sources_trained_from_scratch_have_no_baseline(make_results, tmp_path):
    frame = make_results(
        ("camvid:segmentation", "ilsvrc", 0.5),
        ("camvid:segmentation", "scratch", 0.3),
        ("camvid:segmentation", "city:segmentation", 0.4, {"init": "scratch"}),
    )
    text = write_report(StudyAnalysis(frame), tmp_path).read_text()
    assert "from city: Eq. 2 has no baseline for sources from scratch" in text


def test_the_published_report(tmp_path):
    written = report.write_published(tmp_path / "out")
    check_self_contained(written)
    text = text_of(written)
    assert "best of all for 10 of 16 targets" in text
    for name, row in DATASETS.items():
        assert (name in text) == ("segmentation" in row.classes) or name == "ilsvrc"
    assert (tmp_path / "out" / "figures" / "further-published-ranks.svg").exists()


def test_a_run_that_two_settings_share_is_paid_once(make_results):
    limited = {"setting": "small_source"}
    frame = make_results(
        ("camvid:segmentation", "ilsvrc", 0.5),
        ("camvid:segmentation", "ilsvrc", 0.5, limited),
        ("camvid:segmentation", "city:segmentation", 0.6),
        ("camvid:segmentation", "city:segmentation", 0.6, limited | {"n_source": 9}),
    )
    spent = chain_costs.total_costs(frame).set_index("what").sort_index()
    assert spent.index.str.startswith("chains with a source").tolist() == [True, False]
    assert spent.runs.tolist() == [2, 1] and spent.chip_hours.tolist() == [8, 4]
