import numpy as np
import pytest

from foi_tf.analysis.findings import evidence
from foi_tf.analysis.findings.evidence import Evidence, Finding


def piece(draws, *, holds=True, required=False):
    return Evidence(
        what="share", found="1", paper="", count=9, threshold="more", holds=holds,
        required=required, draws=np.array(draws, float),
    )  # fmt: skip


def finding(*pieces):
    return Finding(id="A1", claim="It helps.", needs="chains", evidence=pieces)


@pytest.mark.parametrize(
    ("met", "judgment"),
    [
        (1000, "holds (p > 0.99)"),
        (950, "holds (p = 0.95)"),
        (949, "probably holds (p = 0.94)"),
        (800, "probably holds (p = 0.80)"),
        (799, "cannot be told (p = 0.79)"),
        (201, "cannot be told (p = 0.21)"),
        (200, "probably does not hold (p = 0.20)"),
        (51, "probably does not hold (p = 0.06)"),
        (50, "does not hold (p = 0.05)"),
        (9, "does not hold (p < 0.01)"),
    ],
)
def test_words_follow_the_probability(met, judgment):
    assert finding(piece([1] * met + [0] * (1000 - met))).judgment == judgment


def test_a_finding_asks_all_its_pieces_of_the_same_draw():
    one, other = piece([1, 1, 0, 0, 1]), piece([1, 0, 1, 0, np.nan])
    assert one.probability == pytest.approx(0.6) and other.probability == pytest.approx(0.5)
    assert finding(one, other).probability == pytest.approx(0.25)  # The last is not known.
    shown = Evidence(what="more", found="1", paper="", count=3)
    assert np.isnan(shown.probability) and finding(one, shown).probability == pytest.approx(0.6)


def test_what_cannot_be_asked_is_not_judged():
    few = piece([1, 1], holds=None)
    assert finding(few).judgment == evidence.NOT_ENOUGH and np.isnan(few.probability)
    assert finding(few, piece([1, 1])).verdict == evidence.HOLDS
    needed = piece([1, 1], holds=None, required=True)
    assert finding(needed, piece([1, 1])).verdict == evidence.NOT_ENOUGH
    # What is asked besides fails, whatever the required piece would say.
    assert finding(needed, piece([0, 0], holds=False)).verdict == evidence.FAILS


def test_numbers_that_a_condition_compares_have_to_be_known():
    numbers = np.array([1.0, np.nan, 3.0])
    found = evidence.ask(numbers > 2, True, numbers)
    assert found["holds"] is False
    np.testing.assert_array_equal(found["draws"], [np.nan, 1])
    assert evidence.ask(numbers > 2, False, numbers)["holds"] is None
    assert evidence.ask(numbers > 0, True, numbers[::-1], numbers[1:2].repeat(3))["holds"] is None
