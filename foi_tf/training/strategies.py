"""Where a link runs: devices, precision and repeatability."""

import contextlib
import functools
import os
from collections.abc import Callable

import tensorflow as tf
from official.common import distribute_utils

from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.files import first_line
from foi_tf.study.choices import PRECISIONS, STRATEGIES


@functools.cache  # What is made in its scope can serve the next link, too.
def create_strategy(name: str, tpu: str = "") -> tf.distribute.Strategy:
    """A distribution strategy.

    Args:
      name: "cpu": the first CPU device. "mirrored": every GPU of this machine or, without
        one, every logical CPU device. "multi_worker": the machines of TF_CONFIG. "tpu":
        all cores of a TPU.
      tpu: its name or address; empty for the one of this machine.

    Raises:
      FoiError: the name is unknown, or there are no such devices.
    """
    if name == "cpu":
        _spread_over_cores()
        return tf.distribute.OneDeviceStrategy("/cpu:0")
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name == "multi_worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "tpu":
        return _tpu(tpu)
    raise unknown_name_error("strategy", name, STRATEGIES)


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU here."""
    return bool(tf.config.list_physical_devices("GPU"))


def _spread_over_cores() -> None:
    """Runs the branches of a network side by side, rather than each on all cores in turn.

    On 2 cores that takes a sixth off a step of HRNetV2-W48; the rule for more is a guess.
    """
    cores = os.cpu_count() or 1
    # Once TensorFlow has started it is too late, and the defaults stay.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_inter_op_parallelism_threads(min(4, cores))
        tf.config.threading.set_intra_op_parallelism_threads(max(1, cores // 4))


def _tpu(address: str) -> tf.distribute.Strategy:
    address = address or "local"  # This VM's own TPU, rather than a cloud project to ask.
    try:
        return distribute_utils.get_distribution_strategy("tpu", tpu_address=address)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise FoiError(f"--strategy=tpu: no TPU at '{address}' ({first_line(error)})") from error


def set_precision(name: str) -> None:
    """Sets the policy that networks built from now on compute in; variables stay float32.

    Raises:
      FoiError: the name is unknown.
    """
    if name not in PRECISIONS:
        raise unknown_name_error("precision", name, PRECISIONS)
    tf.keras.mixed_precision.set_global_policy(PRECISIONS[name])


def make_repeatable(seed: int) -> None:
    """Fixes initial weights by the seed, and the order of sums in every operation."""
    # Not zero, which tf.data would compare with the tensors that seed its shuffling.
    tf.keras.utils.set_random_seed(seed + 1)
    tf.config.experimental.enable_op_determinism()


def count_hosts(strategy: tf.distribute.Strategy) -> int:
    """How many processes or machines read the data."""
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        cluster = strategy.cluster_resolver.cluster_spec()
        return max(1, sum(cluster.num_tasks(job) for job in cluster.jobs))
    return getattr(strategy.extended, "num_hosts", 1)  # A TPU's.


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one, of those that run the strategy, that writes files."""
    return strategy.extended.should_checkpoint


def any_process(strategy: tf.distribute.Strategy, says: Callable[[], bool]) -> bool:
    """Whether `says` is true in any of the strategy's processes; all must ask, and get one answer.

    Where there is one process it costs nothing.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return says()
    said = tf.constant(int(says()))
    replicas = strategy.run(lambda: tf.identity(said))
    return int(strategy.reduce(tf.distribute.ReduceOp.SUM, replicas, axis=None)) > 0


def device_kind(strategy: tf.distribute.Strategy) -> str:
    """What the replicas run on: "cpu", "gpu" or "tpu"."""
    return tf.DeviceSpec.from_string(strategy.extended.worker_devices[0]).device_type.lower()
