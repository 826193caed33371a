"""Tests foi-weights as a user runs it."""

import json
import os
import pickle
import sys
import zipfile

import pytest
import tensorflow as tf

from foi_tf.bin import weights
from foi_tf.chains import initial_weights
from foi_tf.models.backbones import build_backbone
from foi_tf.models.transfer import load_backbone
from foi_tf.models.weights import public_weights
from tests.bin.conftest import error


@pytest.fixture(name="call")
def _call(capsys, monkeypatch):
    """Runs foi-weights in this process; returns exit code, stdout and stderr."""

    def call(*arguments, **flags):
        given = [f"--{flag}={value}" for flag, value in flags.items()]
        monkeypatch.setattr(sys, "argv", ["foi-weights", *arguments, *given])
        with pytest.raises(SystemExit) as exited:
            weights.main()
        captured = capsys.readouterr()
        return exited.value.code, captured.out, captured.err

    yield call
    tf.keras.mixed_precision.set_global_policy("float32")


@pytest.fixture(name="public_file", scope="module")
def _public_file(tmp_path_factory):
    """Writes a file as timm would publish it for the small backbone, with 5 classes."""
    path = tmp_path_factory.mktemp("public") / "w.safetensors"
    tf.keras.utils.set_random_seed(5)
    made = public_weights.build_classifier("hrnet_mini", 5)
    public_weights.write_safetensors(made.network.backbone, made.head_model, path, {}, "hrnet_mini")
    return path


@pytest.mark.slow
def test_in_and_out_again(call, public_file, tmp_path):
    given = {"backbone": "hrnet_mini", "classes": 5}
    code, out, err = call("import", weights=public_file, out=tmp_path / "in/ilsvrc", **given)
    assert code == 0 and err.startswith("371 tensors used, 0 left"), err
    record = json.loads(out)
    assert record["checkpoint"] == str(tmp_path / "in/ilsvrc")
    assert record["mean"] == [0.485, 0.456, 0.406]
    assert record["used"]["classifier.bias"] == "logits/bias" and record["left"] == {}

    begin = initial_weights.find_weights(record["checkpoint"], "hrnet_mini")
    assert begin.chain == ("ilsvrc",)
    made, loaded = build_backbone("hrnet_mini"), build_backbone("hrnet_mini")
    load_backbone(made, begin.checkpoint)
    code, out, _ = call(
        "export", init=record["checkpoint"], backbone="hrnet_mini", out=tmp_path / "out",
        format="safetensors",
    )  # fmt: skip
    assert code == 0 and json.loads(out)["chain"] == ["ilsvrc"]
    assert json.loads(out)["classes"] == 5 and not json.loads(out)["assumed_statistics"]
    again = tmp_path / "out/model.safetensors"
    code, _, err = call("import", weights=again, out=tmp_path / "again", **given)
    assert code == 0 and err.startswith("371 tensors used, 0 left"), err
    load_backbone(loaded, tmp_path / "again")
    pixels = tf.random.stateless_normal((1, 40, 50, 3), [0, 1])
    assert tf.reduce_all(made(pixels) == loaded(pixels))


@pytest.mark.slow
def test_a_backbone_alone_has_features_alone(call, public_file, tmp_path):
    given = {"backbone": "hrnet_mini", "classes": 0}
    assert call("import", weights=public_file, out=tmp_path / "w", **given)[0] == 0
    code, out, _ = call(
        "export", "--frozen", init=tmp_path / "w", backbone="hrnet_mini", out=tmp_path / "m",
        precision="bfloat16", license="MIT",
    )  # fmt: skip
    assert code == 0
    metadata = json.loads(out)
    assert metadata["license"] == "MIT" and metadata["frozen"] and "task" not in metadata
    signatures = tf.saved_model.load(str(tmp_path / "m")).signatures
    assert set(signatures) == {"get_features"}
    features = signatures["get_features"](images=tf.zeros((1, 33, 64, 3), tf.uint8))["features"]
    assert features.shape == (1, 9, 16, 240) and features.dtype == tf.float32


@pytest.mark.slow
def test_bad_input_is_one_line(call, public_file, tmp_path):
    victim = tmp_path / "victim"

    class Malicious:
        def __reduce__(self):
            return os.system, (f"touch {victim}",)

    with zipfile.ZipFile(tmp_path / "evil.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Malicious()))
    (tmp_path / "cut.safetensors").write_bytes(public_file.read_bytes()[:-100])
    given = {"weights": public_file, "backbone": "hrnet_mini", "classes": 5, "out": tmp_path / "x"}
    for changes, said in (
        ({"weights": tmp_path / "none.pth"}, "none.pth: no such file"),
        ({"weights": tmp_path / "evil.pth"}, "posix.system, which is not part of a state dict"),
        ({"weights": tmp_path / "cut.safetensors"}, "not a whole .safetensors file"),
        ({"classes": 6}, "the classifier has 5 classes, not 6; check --classes"),
        ({"out": public_file / "x"}, "x: cannot be written ("),
    ):
        assert said in error(call("import", **given | changes))
    assert not victim.exists() and not list(tmp_path.glob("x*"))
    for changes, said in (
        ({"init": tmp_path}, "link.json: no finished link there"),
        ({"init": tmp_path / "none"}, "neither a link's directory nor a checkpoint"),
    ):
        assert said in error(call("export", **{"out": tmp_path / "y"} | changes))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say list, fetch, import or export first"),
        (["transport"], "say list, fetch, import or export first"),
        (["fetch"], "--name"),
        (["import"], "--weights"),
        (["export", "--init=a", "--out=b", "--classes=3"], "Unknown command line flag 'classes'"),
        (["export", "--init=a", "--out=b", "--format=onnx"], "should be one of"),
        (["export", "--init=a", "--out=b", "--format=safetensors", "--frozen"], "go with --format"),
    ],
)
def test_wrong_usage(call, arguments, said):
    code, out, err = call(*arguments)
    assert code == 2 and not out and said in err and len(err.strip().splitlines()) == 1, err


def test_help(call):
    for arguments in (["--help"], *([name, "--help"] for name in weights.PROGRAMS)):
        code, out, _ = call(*arguments)
        assert code == 0 and "foi-weights" in out
