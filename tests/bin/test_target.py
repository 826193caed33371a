"""Checks what foi-target says about where a chain starts, its devices and its errors."""

import pytest
import tensorflow as tf

from foi_tf.bin import target
from foi_tf.chains import stages
from foi_tf.training import strategies
from tests.bin.conftest import AUTO, error, misuse


@pytest.fixture(name="flags")
def _flags(blocks, tmp_path):
    return {
        "data_dir": blocks, "workdir": tmp_path, "target": "blocks:segmentation",
        "config": "laptop",
    }  # fmt: skip


@pytest.fixture(name="asked")
def _asked(monkeypatch):
    """Collects what `stages.target` is asked for, instead of training."""
    asked = []

    def stop(setup, task, source_name, setting, **starts):
        asked.append((setup, source_name, starts))
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "target", stop)
    return asked


@pytest.mark.parametrize(
    ("source", "given", "init", "weights", "notes"),
    [
        ("ilsvrc", {}, "", "", 0),
        ("ilsvrc", {"init": "weights/ilsvrc"}, "weights/ilsvrc", "", 0),
        ("coco:segmentation", {}, "", "", 0),
        ("coco:segmentation", {"init": "scratch"}, "scratch", "", 0),
        ("coco:segmentation", {"init": "ilsvrc:contrastive"}, "ilsvrc:contrastive", "", 0),
        # A directory is a link, which names its task; a checkpoint does not.
        ("coco:segmentation", {"source_weights": "/"}, "", "/", 0),
        ("coco:segmentation", {"source_weights": "w/coco"}, "", "w/coco", 1),
        # The old form.
        ("coco:segmentation", {"init": "/"}, "", "/", 1),
        ("coco:segmentation", {"init": "w/coco"}, "", "w/coco", 2),
    ],
)
def test_source_weights_and_init(call, flags, asked, source, given, init, weights, notes):
    code, _, err = call(target, **flags, **given, source=source)
    assert code == 130
    ((_, name, starts),) = asked
    assert (name, starts["init"], starts["source_weights"]) == (source, init, weights)
    assert len(err.splitlines()) == notes + 2
    if "init" in given and weights:
        assert (
            f"--init={weights} with a --source task is deprecated, use --source_weights={weights}"
        ) in err
    taken = f"{weights} is taken for a model that was trained on {source}" in err
    assert taken == (weights == "w/coco")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "ilsvrc", "source_weights": "w"}, "--source=ilsvrc takes other weights"),
        ({"source": "scratch", "source_weights": "w"}, "--source must name its task"),
        ({"source": "coco:segmentation", "source_weights": "w", "init": "scratch"},
         "give either --source_weights or --init"),
        ({"source": "coco:segmentation", "source_weights": "w", "source_init": "simclr"},
         "--source_init goes with a --source task, and without --init and --source_weights"),
        ({"source": "ilsvrc", "set": "steps"}, "must be KEY=VALUE"),
        ({"source": "ilsvrc", "setting": "images0"}, "one of small, full, small_source, or as im"),
    ],
)  # fmt: skip
def test_flags_must_agree(call, flags, given, said):
    assert said in misuse(call(target, **flags, **given))


@pytest.mark.parametrize("setting", ["small", "images7"])
def test_a_target_may_have_any_number_of_images(call, flags, monkeypatch, setting):
    asked = []
    monkeypatch.setattr(
        stages, "target", lambda setup, task, source, setting, **_: asked.append(setting)
    )
    call(target, **flags, source="scratch", setting=setting)
    assert asked == [setting]


def test_values_of_the_configuration_are_set(call, flags, asked):
    given = ["--set=segmentation.schedule.steps=7", "--set=segmentation.crop=[32, 64]"]
    assert call(target, *given, **flags, source="scratch")[0] == 130
    ((setup, _, _),) = asked
    changed = setup.config.sections["segmentation"]
    assert changed.schedule.steps == 7 and changed.crop == (32, 64)
    said = error(call(target, "--set=segmentation.crp=1", **flags, source="scratch"))
    assert "laptop.yaml (with --set): segmentation: unknown key 'crp'; did you mean 'crop'?" in said


def test_the_configuration_is_by_default_that_of_the_collection(call, flags, asked):
    del flags["config"]
    assert call(target, **flags, source="scratch", crop="32,64")[0] == 130
    ((setup, _, _),) = asked
    assert setup.config.name == "own.yaml" and setup.config.crop == (32, 64)


def test_automatic_devices_are_named(call, flags, asked):
    assert AUTO in call(target, **flags, source="scratch")[2].splitlines()
    assert AUTO not in call(target, **flags, source="scratch", strategy="cpu")[2]


def test_an_idle_gpu_is_named(call, flags, asked, monkeypatch):
    monkeypatch.setattr(strategies, "has_gpu", lambda: True)
    _, _, err = call(target, source="scratch", strategy="cpu", **flags)
    assert "this machine has a GPU, which --strategy=cpu does not use" in err


def test_what_tensorflow_says_of_a_bucket_is_one_line(call, flags, monkeypatch):
    def away(*_, **__):
        raise tf.errors.UnavailableError(None, None, "the bucket is away\nand more")

    monkeypatch.setattr(stages, "target", away)
    said = error(call(target, source="scratch", **flags))
    assert said == "foi-target: error: the bucket is away"
    with pytest.raises(tf.errors.UnavailableError):
        call(target, source="scratch", debug="true", **flags)
