"""Compares backbones of tf.keras.applications to Keras' own networks, and trains them.

  python benchmarks/keras_applications.py [--names=MobileNetV3Small] [--size=64]

For each network, with random weights: the number of parameters and of the last map's channels;
the largest difference of the map at stride 32 from Keras' own output for the same pixels, after
Keras' own preprocessing, relative to the largest value (at most 1e-4); whether a training step
lowers to HLO with static shapes, as TPUs need; the loss before and after three such steps that
really run, on one batch.

  python benchmarks/keras_applications.py --count

Prints rows for foi_tf/study/keras_applications.py: the cost of every network that can be a
backbone, and why others cannot.
"""

import inspect
import math

import numpy as np
import tensorflow as tf
from absl import app, flags

from foi_tf.errors import FoiError
from foi_tf.models import adapter, backbones, hrnet, keras_applications, operations
from foi_tf.study.network_size import NetworkSize

REQUIRED = 1e-4
KEPT_SIDE = 256  # Maps that the backward pass needs are counted for images of this side.
NAMES = flags.DEFINE_list(
    "names",
    ["EfficientNetV2B0", "ConvNeXtTiny", "ResNet50V2", "MobileNetV3Small", "DenseNet121"],
    "Networks to compare.",
)
SIZE = flags.DEFINE_integer("size", 64, "Side of the images.")
COUNT = flags.DEFINE_bool("count", False, "Print the table of costs instead.")


def compare(name: str) -> tuple[tf.keras.Model, float]:
    """Returns a backbone, and how its last map differs from Keras' own output."""
    tf.keras.utils.set_random_seed(0)
    made = backbones.build_backbone(f"keras:{name}")
    module = keras_applications.find_module(name)
    own = getattr(module, name)(
        include_top=False, weights=None, input_shape=(SIZE.value,) * 2 + (3,)
    )
    assert made.count_params() == own.count_params()
    own.set_weights(made.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIZE.value, SIZE.value, 3))
    expected = own(module.preprocess_input(pixels.astype(np.float32)), training=False).numpy()
    last = tf.keras.Model(made.input, hrnet.branches(made)[-1])
    found = last(pixels.astype(np.float32) / 255, training=False).numpy()
    return made, float(np.abs(found - expected).max() / np.abs(expected).max())


def train(made: tf.keras.Model) -> tuple[str, list[float]]:
    """Returns the HLO of a training step, and the losses of three steps on one batch."""
    pixels = tf.random.stateless_uniform((2, SIZE.value, SIZE.value, 3), [0, 1])

    def step(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(made(images, training=True)))
        variables = made.trainable_variables
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(1e-3 * gradient)
        return loss

    lowered = tf.function(step, autograph=False, jit_compile=True)
    hlo = lowered.experimental_get_compiler_ir(pixels)(stage="hlo")
    plain = tf.function(step, autograph=False)
    return hlo, [float(plain(pixels)) for _ in range(3)]


def write_row(name: str, network: tf.keras.Model) -> str:
    """Writes what a network costs, as foi_tf/study/keras_applications.py has it."""
    giga_operations = operations.count_operations(network) / 1e9
    made = backbones.build_backbone(f"keras:{name}", (KEPT_SIDE, KEPT_SIDE, 3))
    weights = sum(math.prod(x.shape) for x in made.trainable_variables)
    kept = operations.count_kept(made, (KEPT_SIDE, KEPT_SIDE)) / KEPT_SIDE**2
    size = NetworkSize(weights, round(kept, 1), made.output_shape[-1])
    return f"({giga_operations:.3g}, {size})"


def print_rows() -> None:
    """Prints the networks that can be backbones, with their cost."""
    functions = inspect.getmembers(tf.keras.applications, inspect.isfunction)
    for name, function in functions:
        try:
            tf.keras.backend.clear_session()  # Frees the network before.
            module = keras_applications.find_module(name)
            keras_applications.find_preparation(module.preprocess_input)
            network = function(include_top=False, weights=None, input_shape=(None, None, 3))
            adapter.find_maps(network, name)
            print(f'"{name}": {write_row(name, network)},', flush=True)
        except (FoiError, ValueError) as error:
            print(f"# {name}: {str(error).splitlines()[0]}", flush=True)


def main(_):
    if COUNT.value:
        print_rows()
        return
    for name in NAMES.value:
        made, difference = compare(name)
        hlo, losses = train(made)
        shapes = "static" if "<=" not in hlo else "dynamic"
        shown = " ".join(f"{loss:.4g}" for loss in losses)
        verdict = "" if difference <= REQUIRED else f"  more than {REQUIRED}"
        print(
            f"{name}: {made.count_params():,} parameters, features of {made.output.shape[-1]} "
            f"channels, differs by {difference:.1e}{verdict}, lowers, {shapes}, losses {shown}",
            flush=True,
        )


if __name__ == "__main__":
    app.run(main)
