"""Writes the commands that go on from a comparison."""

import dataclasses
import math
import shlex

from foi_tf.comparison import fewer_steps, race
from foi_tf.comparison.inputs import DataOptions
from foi_tf.comparison.planning import Request
from foi_tf.comparison.race_loop import RaceResult
from foi_tf.comparison.settings import Settings

# Fields of `Settings` and `DataOptions` that are flags of the same name.
_OF_LINKS = ("config", "crop", "backbone", "precision", "micro_batch", "rematerialize", "select_lr")
_OF_DATA = ("collection", "val_fraction")


def list_commands(result: RaceResult) -> dict[str, str]:
    """Returns the commands that go on from a comparison, by what they do."""
    best, request = result.decision.best, result.plan.request
    own = ["foi-compare", *list_comparison_flags(request)]
    more = [*own, f"--budget={math.ceil(max(result.spent, 60) / 30)}m"]
    if not best:
        return {"Compare with twice the time": shlex.join(more)}
    found = {}
    run = result.runs.targets[best, 0]
    if run.setting != "full":
        own_arguments = [
            word
            for word in run.arguments()
            if word != "--seed=0" and not word.startswith(("--setting=", "--vary="))
        ]
        words = ["foi-target", *list_link_flags(request), *own_arguments, "--setting=full"]
        found["Train on all images from it"] = shlex.join(words)
    finished = [one.finished for one in result.outcomes[best].values() if one.finished is not None]
    directory = finished[0].link.directory(request.settings.workdir)
    data = f"--data_dir={request.settings.data_dir}"
    words = ["foi-weights", "export", f"--init={directory}", data, "--out=model"]
    found["Export the model of its first seed"] = shlex.join(words)
    if result.decision.reason == race.BUDGET:
        found["Go on with twice the time"] = shlex.join(more)
        if result.decision.untried and (fewer := fewer_steps.fit_steps(result)) is not None:
            words = [*own, f"--set={fewer[0]}={fewer[1]}", f"--budget={math.floor(result.budget)}s"]
            found["Run each start in the same time, with fewer steps"] = shlex.join(words)
    elif result.decision.untried:
        sources = [name for name in (best, *result.decision.untried) if ":" in name]
        tried = dataclasses.replace(request, sources=sources)
        words = ["foi-compare", *list_comparison_flags(tried)]
        found["Try those that were not"] = shlex.join(words)
    return found


def list_link_flags(request: Request) -> list[str]:
    """Lists the flags of foi-target that all runs of a comparison share."""
    own = request.settings
    words = [f"--data_dir={own.data_dir}", f"--workdir={own.workdir}"]
    words += _list_changed(own, Settings(data_dir="", workdir=""), _OF_LINKS)
    words += [f"--set={override}" for override in own.overrides]
    return [*words, *request.device_flags]


def list_comparison_flags(request: Request) -> list[str]:
    """Lists the flags of foi-compare that make a request, but --budget."""
    own, options = request.settings, request.options
    words = [f"--target={request.target}"]
    if request.sources:
        words.append(f"--sources={','.join(request.sources)}")
    if own.init:
        words.append(f"--init={own.init}")
    if request.images:
        counts = ("all" if count is None else str(count) for count in request.images)
        words.append(f"--images={','.join(counts)}")
    elif own.setting is not None:
        words.append(f"--setting={own.setting}")
    if options.domains:
        pairs = (f"{folder}={domain}" for folder, domain in options.domains.items())
        words.append(f"--domains={','.join(pairs)}")
    words += _list_changed(options, DataOptions(data_dir=""), _OF_DATA)
    usual = Request(target="", sources=(), options=options, settings=own)
    words += _list_changed(request, usual, ("confidence", "seeds", "out"))
    return [*words, *list_link_flags(request)]


def _list_changed(given: object, usual: object, names: tuple[str, ...]) -> list[str]:
    """Lists the fields with another value than usual, as flags."""
    changed = {name: getattr(given, name) for name in names}
    return [
        f"--{name}={_write_value(value)}"
        for name, value in changed.items()
        if value != getattr(usual, name)
    ]


def _write_value(value: object) -> str:
    if isinstance(value, tuple):  # Height and width.
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
