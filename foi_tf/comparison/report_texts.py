"""Says in words how a race was decided, and what it has spent."""

import math

from foi_tf.analysis.measures.answer import NOTHING, ONLY_ONE, Answer
from foi_tf.analysis.report.answer_text import describe_probability
from foi_tf.comparison import race
from foi_tf.comparison.race import Decision
from foi_tf.comparison.race_loop import RaceResult
from foi_tf.study.results import SCRATCH
from foi_tf.wording import count_noun, format_seconds, list_names_briefly

# Why a race has ended, where there is a choice.
REASONS = {
    race.SURE: "The choice is sure",
    race.ALIKE: "What is left makes no difference of more than 2 %",
    race.BUDGET: "The budget ended before the choice was sure",
    race.IMAGES: "More seeds would not make the choice sure, more validation images would",
    race.NOISE: "Runs scatter so much that more seeds would hardly make the choice better",
    race.SEEDS: "All seeds were used before the choice was sure",
}


def describe_decision(result: RaceResult, answer: Answer | None) -> list[str]:
    """Returns sentences on how a race was decided: why it has ended, what did not run, the rest.

    Args:
      answer: what the rows of the race say; None where it has none.
    """
    decision, confidence = result.decision, result.plan.request.confidence
    sentences = [_describe_reason(result, answer), *_describe_untried(decision)]
    for name, close in decision.dropped.items():
        seeds = count_noun(len(result.values[name]), "seed")
        sentences.append(
            f"{name} is clearly behind after {seeds}: within 2 % of the best with a probability of "
            f"{describe_probability(close)}."
        )
    diverged = [name for name, own in result.values.items() if any(map(math.isnan, own.values()))]
    if diverged:
        sentences.append(f"Training diverged, so these are not ranked: {', '.join(diverged)}.")
    sentences.append(
        f"A race ends once one start is the best with a probability of {confidence:g}, once the "
        f"best is expected to be at most {race.LEAST_LOSS:g} % better than the chosen one, or once "
        "one more seed of all that may be the best is expected to gain less than "
        f"{race.LEAST_WORTH:g} %. Until then the run comes next that is expected to gain most."
    )
    return sentences


def _describe_untried(decision: Decision) -> list[str]:
    """Says which starts did not run; nothing where all of them did."""
    if not decision.untried:
        return []
    names = list_names_briefly(decision.untried, 6)
    if decision.reason != race.BUDGET:
        return [f"These starts were not tried: {names}{_describe_chance(decision)}."]
    return [
        f"There was no time for these starts: {names}. A larger --budget makes room for them, and "
        "so do fewer steps (--set) or fewer starts."
    ]


def _describe_chance(decision: Decision) -> str:
    """Says why starts were not tried: how probably one of them is the best, if that is known."""
    posterior = decision.posterior
    if posterior is None or not {*decision.untried} <= {*posterior.names}:
        return ""
    places = [posterior.names.index(name) for name in decision.untried]
    chance = describe_probability(float(posterior.p_best[places].sum()))
    return (
        ". They rank last by foi-recommend's advice, and to judge by those that ran, the best is "
        f"among them with a probability of {chance}"
    )


def _describe_reason(result: RaceResult, answer: Answer | None) -> str:
    """Returns the sentence on why a race ended."""
    decision = result.decision
    if decision.best and answer is not None and answer.kind in (NOTHING, ONLY_ONE):
        if decision.reason == race.BUDGET and decision.untried:
            return "The budget ended before two starts had results that can be compared."
        return (
            "The race ended without two starts that can be compared: the others learned too "
            "little, or diverged; train longer, or look at the data."
        )
    if decision.reason == race.FLOOR:
        return (
            "No start learned anything that the metric counts, so there is nothing to compare; "
            "train longer, or look at the data."
        )
    if decision.posterior is None:
        return "The budget ended before any start had a result."
    p_best = decision.posterior.p_best[decision.posterior.names.index(decision.best)]
    facts = (
        f"{decision.best} is the best with a probability of {describe_probability(p_best)}, and "
        f"the best start is expected to be {max(decision.loss, 0.0):.1f} % better than it"
    )
    if decision.reason == race.BUDGET and p_best >= result.plan.request.confidence:
        return f"The budget ended before a second seed could confirm the choice: {facts}."
    return f"{REASONS[decision.reason]}: {facts}."


def describe_spending(result: RaceResult) -> list[str]:
    """Returns sentences on what a comparison has cost."""
    runs = sum(map(len, result.values.values()))
    budget = "" if math.isinf(result.budget) else f" of {format_seconds(result.budget)}"
    found = [f"{format_seconds(result.spent)}{budget}, {count_noun(runs, 'run')} of the target."]
    per_seed = result.seconds_per_seed.get(SCRATCH, math.nan)
    if not math.isnan(per_seed):
        found.append(f"One more seed of a start takes about {format_seconds(per_seed)} here.")
    return found
