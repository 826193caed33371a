import pandas as pd

from foi_tf.analysis.measures import gains
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report.report import write_report


def test_it_computes_what_the_steps_compute(study):
    analysis = StudyAnalysis(study)
    assert analysis.left_out == []
    pd.testing.assert_frame_equal(analysis.chains, gains.with_gains(study))
    assert list(analysis.mean_gains) == list(analysis.chains)[: len(analysis.mean_gains.columns)]
    assert list(analysis.networks) == [("hrnet_w48", "ilsvrc")]
    runs = analysis.runs_of(("hrnet_w48", "ilsvrc"))
    pd.testing.assert_frame_equal(runs, analysis.seed_gains)
    assert analysis.runs_of(("resnet50", "ilsvrc")).empty


def test_a_report_selects_the_best_runs_once(study, tmp_path, monkeypatch):
    asked = []
    best_runs = gains.best_runs

    def counted(rows, limited=""):
        asked.append(limited)
        return best_runs(rows, limited)

    monkeypatch.setattr(gains, "best_runs", counted)
    write_report(StudyAnalysis(study), tmp_path)
    assert sorted(asked) == ["", "small_source"]
