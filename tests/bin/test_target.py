"""What foi-target says of where it starts, runs and stops."""

import pytest
import tensorflow as tf

from foi_tf.bin import target
from foi_tf.chains import stages
from foi_tf.training import strategies
from tests.bin.conftest import error


@pytest.mark.parametrize(("source", "init", "said"), [
    ("coco:segmentation", "weights/ilsvrc", True), ("ilsvrc", "weights/ilsvrc", False),
    ("coco:segmentation", "", False), ("coco:segmentation", "scratch", False),
    ("coco:segmentation", "ilsvrc:contrastive", False), ("coco:segmentation", "/", False),
])  # fmt: skip
def test_weights_that_pass_for_a_source_model_are_named(source, init, said):
    assert stages.takes_as_source(source, init) == said


def test_an_idle_gpu_is_named(call, blocks, tmp_path, monkeypatch):
    monkeypatch.setattr(strategies, "has_gpu", lambda: True)
    flags = {"data_dir": blocks, "workdir": tmp_path, "target": "none:segmentation"}
    _, _, err = call(target, source="scratch", **flags)
    assert "has a GPU, and --strategy=cpu leaves it idle" in err


def test_what_tensorflow_says_of_a_bucket_is_one_line(call, blocks, tmp_path, monkeypatch):
    def away(*_):
        raise tf.errors.UnavailableError(None, None, "the bucket is away\nand more")

    monkeypatch.setattr(stages, "target", away)
    flags = {"data_dir": blocks, "workdir": tmp_path, "target": "blocks:segmentation"}
    said = error(call(target, source="scratch", **flags))
    assert said == "foi-target: error: the bucket is away"
    with pytest.raises(tf.errors.UnavailableError):
        call(target, source="scratch", debug="true", **flags)
