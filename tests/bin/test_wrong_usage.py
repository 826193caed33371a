"""Wrong names, flags and configurations: one line and an exit code, and nothing left behind."""

import pytest

from foi_tf.bin import plan, pretrain, recommend, target
from foi_tf.errors import FoiError
from tests.bin.conftest import CONFIG, error, misuse


def test_wrong_names_are_one_line(call, flags):
    task = "blocks:segmentation"
    wrong = {
        "unknown dataset 'block'; did you mean 'blocks'?": {"target": "block:segmentation"},
        "unknown task type 'segmentaton'": {"target": "blocks:segmentaton"},
        "blocks has no depth annotations": {"target": "blocks:depth"},
        "must be written dataset:type": {"target": task, "source": "camvid"},
        "no finished link scratch -> ilsvrc:classification with hrnet_mini; run foi-pretrain first":
            {"target": task, "source": "ilsvrc"},
        "no finished link ilsvrc -> coco:segmentation with hrnet_mini; run foi-source":
            {"target": task, "source": "coco:segmentation"},
        "no such configuration": {"target": task, "config": "none.yaml"},
        "no such directory; foi-prepare makes it": {"target": task, "data_dir": "/none"},
        "no TPU at 'local'": {"target": task, "strategy": "tpu"},
        "leave --init out": {"target": task, "init": "x"},
    }  # fmt: skip
    for said, changes in wrong.items():
        assert said in error(call(target, **{"source": "scratch"} | flags | changes)), said
    assert not flags["workdir"].exists()


def test_wrong_flags_exit_with_2(call, flags):
    for changes, said in (
        ({"setting": "tiny"}, "must be one of"),
        ({"backbone": "hrnet_w47"}, "unknown backbone 'hrnet_w47'; did you mean 'hrnet_w48'?"),
        ({"color": "red"}, "Unknown command line flag 'color'"),
        ({"seed": "x"}, "--seed"),
        ({"steps_per_loop": 0}, "--steps_per_loop"),
    ):
        given = flags | {"target": "a:segmentation", "source": "b"} | changes
        assert said in misuse(call(target, **given))
    said = misuse(call(target, **flags))
    assert "--source, --target are missing (--help lists the flags)" in said
    assert "foi-recommend: give either --target or --evaluate (--h" in misuse(call(recommend))
    # A flag of another program is not accepted and ignored.
    misuse(call(pretrain, **flags, setting="small"))


def test_a_wrong_key_in_the_configuration(call, flags):
    flags["config"].write_text(CONFIG.replace("batch_size", "batchsize"))
    said = error(call(target, **flags, source="scratch", target="blocks:segmentation"))
    assert f"{flags['config']}: segmentation.schedule: unknown key 'batchsize'" in said


def test_tracebacks_come_with_debug_only(call):
    assert "/none" in error(call(plan, results="/none"))
    with pytest.raises(FoiError, match="/none"):
        call(plan, "--debug", results="/none")
