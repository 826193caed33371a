"""Says in words what a target should start from, and how sure that is.

Names stand in backticks. Sentences are true of the rows at hand: what was not run, or cannot be
told, is said.
"""

import dataclasses
import math
from collections.abc import Sequence

from foi_tf.analysis.measures.answer import (
    ALIKE,
    BEST,
    NONE_HELPS,
    NOTHING,
    ONLY_ONE,
    TOO_LITTLE,
    Answer,
    ClassGain,
    JudgedStart,
)
from foi_tf.analysis.measures.starts import PRETRAINING, RANDOM, SOURCE
from foi_tf.analysis.report.tables import format_gain, format_probability
from foi_tf.analysis.uncertainty import verdicts
from foi_tf.study.metrics import get_metric, higher_is_better
from foi_tf.wording import count_noun

CLASS_CLEAR = 2.0  # Points from which a change of a class is named; ours, as the level P.
_NAMED = 3  # A sentence names at most so many starts or classes; ours.


@dataclasses.dataclass(frozen=True)
class AnswerText:
    """Holds an answer in words.

    Attributes:
      headline: what to do, in one sentence.
      sentences: what it rests on, and what would settle it.
    """

    headline: str
    sentences: Sequence[str]

    def __str__(self) -> str:
        """Returns one paragraph."""
        return " ".join([self.headline, *self.sentences])


def describe_answer(answer: Answer, target: str = "") -> AnswerText:
    """Describes an answer.

    Args:
      target: the name to call the target by; by default its dataset.
    """
    name = f"`{target or answer.target}`"
    best = answer.best
    if best is None:
        return AnswerText(f"Nothing can be told of {name}.", _say_nothing(answer))
    if answer.kind == ONLY_ONE:
        headline = f"Start {name} from {name_start(best)}, {ONLY_ONE}."
        return AnswerText(headline, _say_alone(answer, best))
    found = [_compare(answer, best), _say_rivals(answer, best), _say_cost(answer, best)]
    found += [describe_classes(answer.classes), _say_unranked(answer)]
    return AnswerText(_say_headline(answer, best, name), [text for text in found if text])


def name_start(start: JudgedStart) -> str:
    """Returns what a sentence calls a start."""
    if start.kind == RANDOM:
        return "random weights"
    return f"the pre-training `{start.name}`" if start.kind == PRETRAINING else f"`{start.name}`"


def describe_classes(classes: Sequence[ClassGain]) -> str:
    """Names the classes that gain and lose most; "" where none is known."""
    if not classes:
        return ""
    gained = [one for one in classes if one.difference > CLASS_CLEAR]
    lost = [one for one in reversed(classes) if one.difference < -CLASS_CLEAR]
    texts = [_list_classes(part) for part in (gained, lost) if part]
    if not texts:
        return f"By class: none changes by more than {CLASS_CLEAR:g} points."
    return f"By class, in points: {'; '.join(texts)}."


def format_value(value: float, metric: str) -> str:
    """Formats a metric with its unit."""
    return f"{value:.3f} m" if metric == "rmse" else f"{value:.3f}"


def format_range(low: float, high: float) -> str:
    """Formats the interval of a gain, as "+3.1 to +12.0"."""
    return f"{format_gain(low)} to {format_gain(high)}"


def format_minutes(minutes: float) -> str:
    """Formats a duration in the unit that suits it, as "14 minutes"."""
    if minutes >= 90:
        return f"{minutes / 60:.1f} hours"
    return "under a minute" if minutes < 1 else count_noun(round(minutes), "minute")


def describe_probability(probability: float) -> str:
    """Formats a probability inside of a sentence."""
    return format_probability(probability).replace("> ", "more than ").replace("< ", "less than ")


def _say_headline(answer: Answer, best: JudgedStart, name: str) -> str:
    """Says what to do."""
    sources = [start for start in answer.ranked if start.kind == SOURCE]
    if answer.kind == BEST:
        open_choice = best.p_best < verdicts.PROBABLE and answer.more_seeds
        more = "; which start is the best cannot be told yet" if open_choice else ""
        return f"Start {name} from {name_start(best)}{more}."
    if answer.kind == ALIKE:
        return f"Start {name} from {name_start(best)}. It is {ALIKE} of the starts that ran."
    if answer.kind == NONE_HELPS:
        which = f"None of the {len(sources)} sources" if len(sources) > 1 else "The source"
        helps = "helps" if len(sources) > 1 else f"`{sources[0].name}` does not help"
        return f"{which} {helps} {name} by more than 2 %. Start from {name_start(best)}."
    return f"Too little data to say what {name} should start from."


def _compare(answer: Answer, best: JudgedStart) -> str:
    """Gives the metrics of the best start and of those without a source, and the gain."""
    label = get_metric(answer.metric).label.partition(",")[0]
    ahead = f"So far {name_start(best)} is ahead. " if answer.kind == TOO_LITTLE else ""
    text = f"{ahead}{label} {format_value(best.value, answer.metric)}"
    if not higher_is_better(answer.metric):
        text += " (lower is better)"
    others = [start for start in answer.starts if start.kind != SOURCE and start != best]
    if answer.kind == NONE_HELPS:
        others = [*others, next(start for start in answer.ranked if start.kind == SOURCE)]
    said = [f"from {name_start(start)} {_give_value(start, answer.metric)}" for start in others]
    text += "".join(f"{'; ' if i == 0 else ', '}{one}" for i, one in enumerate(said))
    gained = others[-1] if answer.kind == NONE_HELPS else best
    if not math.isnan(gained.gain):
        text += f": {format_gain(gained.gain)} %"
        if not math.isnan(gained.gain_low):
            text += f" ({format_range(gained.gain_low, gained.gain_high)})"
        text += f" over {_name_reference(answer)}"
    if not math.isnan(best.p_best):
        text += f", probability to be the best {format_probability(best.p_best)}"
        if answer.kind == NONE_HELPS:
            text = f"{text[: text.rindex(',')]}, probability that one helps by more than 2 % "
            text += format_probability(answer.p_helps)
    missing = _list_missing(answer)
    return f"{text}.{f' {missing}' if missing else ''}"


def _give_value(start: JudgedStart, metric: str) -> str:
    """Returns the metric of a start, and why it is not ranked."""
    value = format_value(start.value, metric) if start.seeds else "no value"
    return f"{value} ({start.reason})" if start.reason else value


def _name_reference(answer: Answer) -> str:
    """Returns what gains are over."""
    start = next(start for start in answer.starts if start.name == answer.reference)
    return "the pre-training" if start.kind == PRETRAINING else name_start(start)


def _list_missing(answer: Answer) -> str:
    """Says which starts without a source were not run."""
    kinds = {start.kind for start in answer.starts}
    words = {PRETRAINING: "the pre-training", RANDOM: "random weights"}
    absent = [word for kind, word in words.items() if kind not in kinds]
    found = ""
    if absent:
        found = f"{' and '.join(absent)} {'was' if absent == [words[PRETRAINING]] else 'were'} "
        found = f"{found[0].upper()}{found[1:]}not run."
    if SOURCE not in kinds:
        found = f"{found} No source was tried.".strip()
    return found


def _say_rivals(answer: Answer, best: JudgedStart) -> str:
    """Says which starts cannot be told from the best one, and how many seeds would tell."""
    if not answer.noise:
        seeds = max(start.seeds for start in answer.ranked)
        ran = "Each start ran with a single seed" if seeds == 1 else "Runs are few"
        return (
            f"{ran}, so nobody can tell a difference from chance; two more seeds of each "
            f"start{_say_seconds(answer)} would show how noisy runs are."
        )
    if not answer.rivals:
        others = len(answer.ranked) - 1
        other = f"the other {others} starts are" if others > 1 else "the other start is"
        return f"With a probability of at least {verdicts.LEVEL:g} {other} worse."
    names = [name_start(start) for start in answer.rivals]
    text = f"{_first_up(_list_names(names))} cannot be told from it"
    if not answer.more_seeds:
        differ = "differs" if len(names) == 1 else "differ"
        return f"{_first_up(_list_names(names))} {differ} from it by less than 2 %."
    if math.isinf(answer.more_seeds):
        return f"{text}; that would take more than {verdicts.MOST_SEEDS} more seeds."
    time = "" if math.isnan(answer.minutes) else f", {format_minutes(answer.minutes)},"
    return f"{text}; {count_noun(int(answer.more_seeds), 'more seed')}{time} probably would."


def _say_seconds(answer: Answer) -> str:
    """Says how long two more seeds of each ranked start take."""
    seconds = 2 * sum(start.seconds for start in answer.ranked)
    return "" if math.isnan(seconds) else f" ({format_minutes(seconds / 60)})"


def _say_cost(answer: Answer, best: JudgedStart) -> str:
    """Says how probable it is that another choice would not be clearly better."""
    if not answer.rivals or math.isnan(best.p_near):
        return ""
    probability = describe_probability(best.p_near)
    return f"No start is more than 2 % better with a probability of {probability}."


def _say_unranked(answer: Answer) -> str:
    """Lists the sources that are not ranked."""
    found = [
        f"`{start.name}` ({start.reason})"
        for start in answer.starts
        if start.reason and start.kind == SOURCE
    ]
    return f"Not ranked: {_list_names(found)}." if found else ""


def _say_nothing(answer: Answer) -> list[str]:
    """Says why starts cannot be compared, and what would help."""
    assert answer.kind == NOTHING
    if answer.ranked:
        only = answer.ranked[0]
        value = format_value(only.value, answer.metric)
        return [
            f"Only the start from {name_start(only)} was run: {value}.",
            "Run another start, with the same seeds.",
        ]
    return [
        f"Not ranked: {_list_reasons(answer)}.",
        "More training steps, another learning rate or more images may help.",
    ]


def _say_alone(answer: Answer, best: JudgedStart) -> list[str]:
    """Says how the only start that can be ranked did, and why the others cannot."""
    label = get_metric(answer.metric).label.partition(",")[0]
    seeds = count_noun(best.seeds, "seed")
    return [
        f"{label} {format_value(best.value, answer.metric)}, {seeds}.",
        f"Not ranked: {_list_reasons(answer)}.",
        "More training steps, another learning rate or more images may let others learn, too.",
    ]


def _list_reasons(answer: Answer) -> str:
    """Lists the starts that are not ranked, with their metric and why."""
    return _list_names(
        [
            f"{name_start(start)} {_give_value(start, answer.metric)}"
            for start in answer.starts
            if start.reason
        ]
    )


def _list_classes(classes: Sequence[ClassGain]) -> str:
    """Lists classes with their changes in points."""
    return _list_names([f"{one.name} {one.difference:+.1f}" for one in classes])


def _list_names(names: Sequence[str]) -> str:
    """Lists the first names, and counts the others."""
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _first_up(text: str) -> str:
    """Returns a text whose first letter is a capital, unless it is a name in backticks."""
    return text[:1].upper() + text[1:]
