import pandas as pd
import pytest

from foi_tf.analysis.findings import comparison, leave_one_out
from foi_tf.analysis.findings.evidence import NOT_ENOUGH, NOT_SUPPORTED, SUPPORTED
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report import sections
from foi_tf.analysis.report.finding_tables import build_finding_table
from tests.analysis.conftest import make_row

TARGETS = ("coco", "pvoc", "camvid", "city", "isprs", "sunrgbd")


def judged(values):
    """The findings of chains from scratch and without a source, by target and seed."""
    frame = pd.DataFrame(
        make_row(f"{target}:segmentation", source, value, seed=seed)
        for (target, seed), scratch in values.items()
        for source, value in (("ilsvrc", 0.5), ("scratch", scratch))
    )
    analysis = StudyAnalysis(frame)
    return leave_one_out.judge_leaving_one_out(analysis.mean_gains, analysis.seed_gains)


def verdict(values):
    first, *others = judged(values)
    assert first.id == "A1" and {one.verdict for one in others} == {NOT_ENOUGH}
    return first.verdict, first.hangs_on


def test_a_verdict_hangs_on_the_only_target_that_speaks_against_it():
    values = {(target, 0): 0.4 for target in TARGETS}
    assert verdict(values) == (SUPPORTED, ())
    values["isprs", 0] = 0.6
    assert verdict(values) == (NOT_SUPPORTED, ("isprs:segmentation",))
    values["city", 0] = 0.6
    assert verdict(values) == (NOT_SUPPORTED, ())


def test_a_verdict_hangs_on_a_seed():
    values = {(target, seed): 0.4 for target in TARGETS for seed in (0, 1)}
    values["isprs", 1] = 0.7  # The mean is 0.55.
    assert verdict(values) == (NOT_SUPPORTED, ("seed 1", "isprs:segmentation"))
    values["city", 1] = 0.7
    assert verdict(values) == (NOT_SUPPORTED, ("seed 1",))
    values["city", 1] = 0.55  # The mean, 0.475, is below 0.5.
    assert verdict(values) == (NOT_SUPPORTED, ("seed 1", "isprs:segmentation"))


def test_too_few_targets_turn_nothing():
    # Five are the fewest that A1 is judged by, so that four would not be enough.
    values = {(target, 0): 0.4 for target in TARGETS[:5]} | {("coco", 0): 0.6}
    assert verdict(values) == (NOT_SUPPORTED, ())
    assert verdict({("coco", 0): 0.6}) == (NOT_ENOUGH, ())


@pytest.mark.parametrize(("against", "narrow"), [((), False), (("isprs",), True)])
def test_narrow_verdicts_are_told(against, narrow):
    values = {(target, 0): 0.6 if target in against else 0.4 for target in TARGETS}
    found = judged(values)
    line = comparison.compare_as_markdown({"mini": found}).splitlines()[2]
    assert line.endswith("**not supported**, narrowly |" if narrow else "**supported** |")
    page = sections.render_findings({("backbone", "family"): found})
    assert ("</span>, narrowly</p>" in page) == narrow
    assert ("left out: isprs:segmentation." in page) == narrow
    assert ("not supported, narrowly" in build_finding_table(found).texts.verdict[0]) == narrow
