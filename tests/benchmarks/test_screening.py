"""Checks how screening is judged; the whole benchmark needs a finished study."""

import importlib.util
import pathlib

import pandas as pd
import pytest

PATH = pathlib.Path(__file__).parents[2] / "benchmarks" / "screening.py"


@pytest.mark.slow
def test_tau_is_averaged_over_targets_and_higher_scores_are_better():
    spec = importlib.util.spec_from_file_location("screening", PATH)
    screening = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(screening)
    tried = pd.DataFrame(
        {
            "target": ["a"] * 3 + ["b"] * 3, "target_type": "depth", "source": list("xyzxyz"),
            "source_type": "depth", "metric": "rmse", "value": [1.0, 2, 3, 1, 2, 3],
        }
    )  # fmt: skip
    scores = pd.Series([-1.0, -2, -3, -3, -2, -1])  # Right for a, the wrong way round for b.
    assert screening.judge(tried, scores) == pytest.approx(0)
    assert screening.judge(tried[:3], scores[:3]) == pytest.approx(1)
    assert screening.judge(tried, pd.Series([-1.0, -2, -3, 0, 0, 0])) == pytest.approx(0.5)
