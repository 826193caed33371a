"""Writes the page of a comparison: the answer, and all that it rests on."""

from collections.abc import Sequence
from html import escape

import cv2
from etils import epath

from foi_tf.analysis.measures.answer import Answer
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.analysis.report.answer_page import Command, PageParts, Strip, write_answer_page
from foi_tf.comparison import report_texts
from foi_tf.comparison.commands import list_commands
from foi_tf.comparison.curve_figure import draw_curve
from foi_tf.comparison.label_budget import CurvePoint, describe_curve
from foi_tf.comparison.race_loop import RaceResult
from foi_tf.data.records import prepared_datasets
from foi_tf.errors import FoiError
from foi_tf.inference import opened_model, prediction_strips
from foi_tf.progress import warn
from foi_tf.study.results import SCRATCH

PICTURES = 4  # Validation images whose predictions are shown; ours.


def write_page(
    out: epath.PathLike,
    result: RaceResult,
    analysis: StudyAnalysis,
    answer: Answer,
    curve: Sequence[CurvePoint],
) -> epath.Path:
    """Writes the page and returns its path.

    Raises:
      FoiError: the directory cannot be written.
    """
    parts = PageParts(
        strips=_draw_strips(result, answer),
        spent=report_texts.describe_spending(result),
        commands=[Command(purpose, line) for purpose, line in list_commands(result).items()],
        decision=report_texts.describe_decision(result, answer),
        images=render_curve(curve),
    )
    return write_answer_page(out, analysis, [answer], parts)


def render_curve(curve: Sequence[CurvePoint]) -> str:
    """Renders the metric of each start by the number of target images; "" without such races."""
    told = [point for point in curve if point.race.decision.posterior is not None]
    if not told:
        return ""
    names = told[0].race.plan.starts
    head = "".join(f'<th scope="col">{point.images}</th>' for point in told)
    rows = []
    for name in names:
        cells = "".join(f"<td>{_describe_cell(point, name)}</td>" for point in told)
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in describe_curve(curve))
    return (
        f'{said}{draw_curve(told)}<div class="scroll"><table>'
        f'<thead><tr><th scope="col">start</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        "<p>Metric by number of target images, with its 95 % interval.</p>"
    )


def _describe_cell(point: CurvePoint, name: str) -> str:
    posterior = point.race.decision.posterior
    if posterior is None or name not in posterior.names or name not in point.race.values:
        return "–"
    value, low, high = posterior.estimates()[:, posterior.names.index(name)]
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _draw_strips(result: RaceResult, answer: Answer) -> list[Strip]:
    """Draws predictions from random weights, the pre-training and the best starts, side by side."""
    ranked = [start.name for start in answer.ranked[:2]]
    wanted = dict.fromkeys([SCRATCH, result.plan.init_name, *ranked])
    settings, task = result.plan.request.settings, result.plan.target.task
    found = {}
    for name in wanted:
        for outcome in result.outcomes.get(name, {}).values():
            if outcome.finished is not None:
                found.setdefault(name, outcome.finished.link.directory(settings.workdir))
    try:
        models = {
            f"from {name}": opened_model.open_for_prediction(place, data_dir=settings.data_dir)
            for name, place in found.items()
        }
        prepared = prepared_datasets.load_annotated(settings.data_dir, task.dataset)
        strips = []
        for example in prediction_strips.read_prepared(prepared, task.type, "val", PICTURES):
            drawn = prediction_strips.draw_strip(example, models, prepared.dataset)
            data = cv2.imencode(".png", drawn[..., ::-1])[1].tobytes()
            caption = f"{example['id']}: image, annotation, {', '.join(models)}"
            strips.append(Strip(caption, data))
        return strips
    except FoiError as error:  # An answer without pictures is still one.
        warn(f"no pictures of predictions: {error}")
        return []
