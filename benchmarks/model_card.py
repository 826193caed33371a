"""Runs the code of model cards of `--format=safetensors` against PyTorch + timm, in float32.

  pip install -r benchmarks/requirements.txt
  python benchmarks/model_card.py [--torch_python=PATH]

Exported are a backbone alone and a classifier, with random weights, batch norm's included. The
code of each card runs as it stands, but for the path and the pixels. Its output should differ
from ours by at most 1e-4 of the largest value. On 2 cores this takes about 1 minute.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf
from absl import app, flags

from foi_tf.inference import export, saved_model
from foi_tf.models import transfer
from foi_tf.models.weights import public_weights
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts

REQUIRED = 1e-4
SIZE = (96, 160)
CLASSES = 7
FACTS = {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.25, 0.3)}

TORCH_PYTHON = flags.DEFINE_string(
    "torch_python", sys.executable, "Python interpreter that has torch, timm and safetensors."
)
WIDTHS = flags.DEFINE_list("widths", ["18", "32", "48"], "Widths of the networks.")


def randomize(network: transfer.Network) -> None:
    """Gives random values to batch norm, which would otherwise do nothing."""
    for variable in network.variables:
        if "kernel" not in variable.name:
            variable.assign(tf.random.uniform(variable.shape, 0.5, 1.5))


def run_card(directory: pathlib.Path, pixels: np.ndarray, name: str) -> np.ndarray:
    """Runs the code of the card in a directory on pixels [B, H, W, 3]; returns a variable."""
    code = re.search(r"```python\n(.*?)```", (directory / "README.md").read_text(), re.DOTALL)[1]
    np.save(directory / "pixels.npy", pixels.transpose(0, 3, 1, 2))
    given = f'torch.from_numpy(__import__("numpy").load("{directory}/pixels.npy"))'
    code, changed = re.subn(r"torch\.zeros\(\(1, 3, .*?dtype=torch\.uint8\)", given, code)
    assert changed == 1
    end = f'\n__import__("numpy").save("{directory}/out.npy", {name}.numpy())\n'
    (directory / "card.py").write_text(code.replace("PATH", str(directory)) + end)
    subprocess.run([TORCH_PYTHON.value, directory / "card.py"], check=True)
    return np.load(directory / "out.npy")


def compare(width: str, classes: int, place: pathlib.Path) -> float:
    """Returns the largest difference, relative to the largest value."""
    backbone = f"hrnet_w{width}"
    made = public_weights.build_classifier(backbone, classes)
    randomize(made.network)
    facts = CheckpointFacts(backbone=backbone, **FACTS)
    public_weights.write_checkpoint(made.network, place / "weights", facts)
    model = export.open_trained_model(place / "weights")
    export.write_model(model, place / "card", "safetensors")
    pixels = np.random.default_rng(0).integers(0, 256, (2, *SIZE, 3), np.uint8)
    if classes:
        ours = model.network.models[str(public_weights.TASK)](pixels, training=False).numpy()
        theirs = run_card(place / "card", pixels, "logits")
    else:
        functions = saved_model.build_functions(model, frozen=False)
        ours = functions["get_features"](tf.constant(pixels))["features"].numpy()
        theirs = run_card(place / "card", pixels, "features").transpose(0, 2, 3, 1)
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def main(_):
    tf.keras.utils.set_random_seed(0)
    for width in WIDTHS.value:
        for name, classes in (("features", 0), ("logits", CLASSES)):
            with tempfile.TemporaryDirectory() as directory:
                value = compare(width, classes, pathlib.Path(directory))
            verdict = "" if value <= REQUIRED else f"  more than {REQUIRED}"
            print(f"W{width} {name:10} {value:.1e}{verdict}", flush=True)


if __name__ == "__main__":
    app.run(main)
