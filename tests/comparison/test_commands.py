"""The commands that go on from a comparison are ones that their programs take, with its flags."""

import shlex
import types

import pytest

from foi_tf.bin import compare, target, weights
from foi_tf.comparison import commands, fewer_steps, race
from foi_tf.comparison.inputs import DataOptions
from foi_tf.comparison.planning import Request
from foi_tf.comparison.race import Decision
from foi_tf.comparison.settings import Settings
from foi_tf.study.dataset import Task
from foi_tf.study.plan import PlannedRun

NEAR, FAR = "near:segmentation", "far:segmentation"
PROGRAMS = {"foi-compare": compare, "foi-target": target}


def parse(command):
    """Parses a command with the flags of its program, which have to be given where required."""
    name, *words = shlex.split(command)
    program = PROGRAMS[name].PROGRAM if name in PROGRAMS else weights.PROGRAMS[words.pop(0)]
    values = program.make_flags()
    assert values([name, *words]) == [name]
    return values


def make_result(reason, best=NEAR, untried=(FAR,), setting="small", vary=None, **changes):
    settings = Settings(
        data_dir="my data",
        workdir="work",
        overrides=["segmentation.schedule.steps=9"],
        crop=(64, 96),
        backbone="efficientnet_lite0",
        init="efficientnet_lite0_imagenet",
        rematerialize=True,
        **changes.pop("settings", {}),
    )
    request = Request(
        target="mine/",
        sources=["near/", "far"],
        options=DataOptions(data_dir="my data", domains={"mine": "indoor"}, val_fraction=0.2),
        settings=settings,
        seeds=3,
        device_flags=["--strategy=cpu", "--nodeterministic"],
        **changes,
    )
    run = PlannedRun(
        program="target", task=Task("mine", "segmentation"), source=NEAR, setting=setting, seed=0,
        stage=2, **({"vary": vary} if vary else {}),
    )  # fmt: skip
    finished = types.SimpleNamespace(
        link=types.SimpleNamespace(directory=lambda workdir: f"{workdir}/links/x")
    )
    return types.SimpleNamespace(
        decision=Decision(reason=reason, best=best, untried=untried),
        plan=types.SimpleNamespace(request=request),
        runs=types.SimpleNamespace(targets={(NEAR, 0): run}),
        outcomes={NEAR: {0: types.SimpleNamespace(finished=finished)}},
        spent=100.0,
        budget=240.0,
    )


@pytest.mark.parametrize("reason", [race.SURE, race.BUDGET])
@pytest.mark.parametrize("best", [NEAR, ""])
def test_every_command_is_taken_and_says_what_was_asked(monkeypatch, reason, best):
    monkeypatch.setattr(fewer_steps, "fit_steps", lambda _: ("segmentation.schedule.steps", 5))
    found = commands.list_commands(make_result(reason, best))
    assert len(found) == (1 if not best else 3 if reason == race.SURE else 4)
    for command in found.values():
        values = parse(command)
        assert values.data_dir == "my data"
        if command.startswith("foi-weights"):
            assert values.init == "work/links/x"
            continue
        assert values.workdir == "work" and values.crop == (64, 96) and values.rematerialize
        assert values.backbone == "efficientnet_lite0" and values.deterministic is False
        assert values.set[0] == "segmentation.schedule.steps=9" and values.strategy == "cpu"
        if command.startswith("foi-target"):
            assert (values.setting, values.source) == ("full", NEAR)
            continue
        assert values.target == "mine/" and values.init == "efficientnet_lite0_imagenet"
        assert values.domains == ["mine=indoor"] and values.val_fraction == 0.2
        assert values.seeds == 3 and values.setting is None
    if best and reason == race.SURE:
        assert parse(found["Try those that were not"]).sources == [NEAR, FAR]


def test_a_comparison_by_numbers_of_images_is_repeated_with_them():
    own = make_result(
        race.BUDGET, "", images=[25, None], out="here", settings={"setting": "images25"}
    )
    (command,) = commands.list_commands(own).values()
    values = parse(command)
    assert (values.images, values.setting, values.out) == (["25", "all"], None, "here")
    ended = make_result(
        race.SURE, setting="images25", vary=("init", "order", "subset"), images=[25]
    )
    values = parse(commands.list_commands(ended)["Train on all images from it"])
    assert values.setting == "full" and values.vary == ["init", "order"]
