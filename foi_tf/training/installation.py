"""Checks that all libraries load and that the devices of this machine train."""

import importlib.metadata
import platform

import tensorflow as tf

import foi_tf
from foi_tf.errors import FoiError
from foi_tf.training import strategies

# Their modules load only where their versions fit each other.
_LIBRARIES = {"tf-models-official": "orbit", "tensorflow-datasets": "tensorflow_datasets"}


def check_installation(strategy: str = "auto") -> str:
    """Returns lines on the versions and the devices, after one training step on each device.

    Args:
      strategy: as in `create_strategy`; "auto" takes the TPU, else the GPUs, else the CPU.

    Raises:
      FoiError: a library does not load, the devices do not come up, or their step is wrong.
    """
    lines = [f"Python {platform.python_version()}, foi_tf {foi_tf.__version__}"]
    keras = getattr(tf.keras, "__version__", "") or importlib.metadata.version("tf-keras")
    lines.append(f"TensorFlow {tf.__version__}, Keras {keras}")
    if not keras.startswith("2."):
        raise FoiError("tf.keras is Keras 3; restart, and import foi_tf before tensorflow")
    for name, module in _LIBRARIES.items():
        try:
            importlib.import_module(module)
            lines.append(f"{name} {importlib.metadata.version(name)}")
        except (ImportError, TypeError, AttributeError) as error:
            raise FoiError(f"{name} does not load ({error}); install foi_tf anew") from error
    chosen = strategies.create_strategy(strategy)
    value = _train_a_step(chosen)
    if abs(value - 0.5) > 1e-3:
        raise FoiError(f"a training step gives {value}, and not 0.5, on {chosen}; choose others")
    count = chosen.num_replicas_in_sync
    machine = strategies.describe_machine(chosen)
    lines.append(f"Links run on {count} x {strategies.device_kind(chosen)}: {machine}")
    return "\n".join(lines)


def _train_a_step(strategy: tf.distribute.Strategy) -> float:
    """Returns a weight, 1 at first, after a step of SGD on w^2 / 4 with the learning rate 1."""
    with strategy.scope():
        weight = tf.Variable(1.0)
        optimizer = tf.keras.optimizers.SGD(1.0 / strategy.num_replicas_in_sync)
        optimizer.build([weight])

    def step() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.conv2d(
                tf.ones([1, 1, 1, 1]) * weight, tf.reshape(weight, [1, 1, 1, 1]), 1, "VALID"
            )) / 4.0  # fmt: skip
        optimizer.apply_gradients([(tape.gradient(loss, weight), weight)])

    tf.function(lambda: strategy.run(step))()
    return float(weight.numpy())
