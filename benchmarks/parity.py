"""Compares our HRNetV2 with imported weights to PyTorch + timm, in float32.

  pip install -r benchmarks/requirements.txt
  python benchmarks/parity.py [--torch_python=PATH]

Compared are W18, W32 and W48 with random weights: features and classification logits at four
sizes, features with branches fused bilinearly as in the authors' segmentation code, and the
running statistics of every batch norm after a step in training mode. Each
largest difference, relative to the largest value of its tensor, should be at most 1e-4. Then
backbone and head are exported as .safetensors, with the same bits as in the imported file. The
reference's file of torch.save has the same bits, too.

The second size is not square. The third is no multiple of 32, but the reference takes it, since
rounding up leads to one. The reference refuses sizes like the fourth, where an upsampled coarse
branch is larger than a finer one. Ours crops the branch; here the reference does so, too. On 2
cores this takes about 2 minutes.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf
from absl import app, flags

from foi_tf.models import hrnet
from foi_tf.models.weights import public_weights, tensor_files
from foi_tf.study.backbones import ALIGNED, BILINEAR

REQUIRED = 1e-4
SIZES = ("128x128", "96x160", "125x253", "90x140")
HERE = pathlib.Path(__file__).parent

TORCH_PYTHON = flags.DEFINE_string(
    "torch_python", sys.executable, "Python interpreter that has torch, timm and safetensors."
)
WIDTHS = flags.DEFINE_list("widths", ["18", "32", "48"], "Widths of the networks.")


def difference(ours, reference) -> float:
    """Returns the largest difference, relative to the largest value."""
    ours = np.asarray(ours)
    assert ours.shape == reference.shape
    return float(np.abs(ours - reference).max() / np.abs(reference).max())


def compare(width: str, place: pathlib.Path) -> dict[str, float]:
    """Returns differences by name, for one network."""
    name = f"hrnet_w{width}"
    made, _ = public_weights.import_weights(place / "weights.safetensors", name)
    backbone, head = made.network.backbone, made.head_model
    model = tf.keras.Model(backbone.input, made.head.connect(backbone))
    found = {}
    for size in SIZES:
        reference = np.load(place / f"{size}.npz")
        label = f"{size}{' (cropped)' if reference['cropped'] else ''}"
        features = backbone(reference["images"], training=False)
        found[f"{label} features"] = difference(features, reference["features"])
        found[f"{label} logits"] = difference(
            model(reference["images"], training=False), reference["logits"]
        )
    for fusion in (BILINEAR, ALIGNED):
        other = hrnet.hrnet_v2(int(width), fusion=fusion)
        for layer in other.layers:
            layer.set_weights(backbone.get_layer(layer.name).get_weights() if layer.weights else [])
        reference = np.load(place / f"{fusion}.npz")
        for size in SIZES:
            features = other(np.load(place / f"{size}.npz")["images"], training=False)
            found[f"{size} features, {fusion}"] = difference(features, reference[size])
    public_weights.write_safetensors(backbone, head, place / "again.safetensors", {}, name)
    before, after, pickled = (
        tensor_files.open_tensors(place / n)
        for n in ("weights.safetensors", "again.safetensors", "weights.pth")
    )
    assert set(pickled.shapes) == set(before.shapes)
    assert all(np.array_equal(before.read(n), pickled.read(n)) for n in before.shapes)
    counters = {n for n in before.shapes if n.endswith("num_batches_tracked")}
    assert set(after.shapes) == set(before.shapes) - counters
    assert all(np.array_equal(before.read(n), after.read(n)) for n in after.shapes)

    reference = np.load(place / "statistics.npz")
    model(np.load(place / f"{SIZES[0]}.npz")["images"], training=True)
    public_weights.write_safetensors(backbone, head, place / "trained.safetensors", {}, name)
    trained = tensor_files.open_tensors(place / "trained.safetensors")
    for kind in ("running_mean", "running_var"):
        found[f"after a step, {kind}"] = max(
            difference(trained.read(n), reference[n]) for n in reference if n.endswith(kind)
        )
    return found


def main(_):
    for width in WIDTHS.value:
        with tempfile.TemporaryDirectory() as directory:
            command = [TORCH_PYTHON.value, HERE / "torch_reference.py", width, directory, *SIZES]
            subprocess.run(command, check=True)
            for name, value in compare(width, pathlib.Path(directory)).items():
                verdict = "" if value <= REQUIRED else f"  more than {REQUIRED}"
                print(f"W{width} {name:34} {value:.1e}{verdict}", flush=True)


if __name__ == "__main__":
    app.run(main)
