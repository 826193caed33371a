"""Chooses where and how a link runs: devices, precision and repeatability."""

import contextlib
import functools
import glob
import importlib.util
import os
import pathlib
import platform
from collections.abc import Callable

import tensorflow as tf
from official.common import distribute_utils

from foi_tf import tpu_machine
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.files import describe_error
from foi_tf.study.choices import PRECISIONS, STRATEGIES

# Each names a TPU or its address; a TPU VM may have none of them.
_TPU_VARIABLES = ("TPU_ADDRESS", "KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS", "TPU_NAME")
# TPU VMs have one of these; so may machines with other accelerators, but without a libtpu.
_TPU_DEVICES = ("/dev/accel[0-9]*", "/dev/vfio/[0-9]*")
_TPU_REMEDY = (
    "install tensorflow-tpu in place of tensorflow (launch/colab.sh does), restart, and import "
    "foi_tf before tensorflow; or choose --strategy=cpu"
)
_LIBTPU = ("/lib/libtpu.so", "/usr/lib/libtpu.so")


def create_strategy(name: str, tpu: str = "") -> tf.distribute.Strategy:
    """Returns a distribution strategy, the same object for the same devices.

    Args:
      name: "auto": what `resolve_strategy` says. "cpu": the first CPU device. "mirrored":
        every GPU of this machine or, without one, every logical CPU device.
        "multi_worker": the machines of TF_CONFIG. "tpu": all cores of a TPU.
      tpu: name or address of the TPU; empty for the one of this machine.

    Raises:
      FoiError: the name is unknown, or there are no such devices.
    """
    if name == "auto":
        name, tpu = resolve_strategy(name, tpu), tpu or _find_tpu() or ""
    return _create_strategy(name, tpu if name == "tpu" else "")


def resolve_strategy(name: str, tpu: str = "") -> str:
    """Returns what "auto" takes: "tpu" if there is one, else "mirrored" for GPUs, else "cpu".

    Another name is returned as it is. Starts no device, so that threads can still be set.

    Args:
      tpu: name or address of a TPU to take; empty looks for one.

    Raises:
      FoiError: the machine was chosen for its TPU, which TensorFlow does not see.
    """
    if name != "auto":
        return name
    if tpu or _find_tpu():
        return "tpu"
    if sign := tpu_machine.find_tpu_sign():
        raise FoiError(
            f"--strategy=auto: {sign} says that this machine has a TPU, and TensorFlow "
            f"{tf.__version__} does not see it; {_TPU_REMEDY}"
        )
    return "mirrored" if has_gpu() else "cpu"


def _find_tpu() -> str | None:
    """Returns the address of this machine's TPU, "local" for its own one; None without a TPU."""
    for variable in _TPU_VARIABLES:
        if address := os.environ.get(variable):
            return address
    libtpu = os.environ.get("TPU_LIBRARY_PATH") or importlib.util.find_spec("libtpu")
    if (libtpu or any(map(os.path.exists, _LIBTPU))) and any(map(glob.glob, _TPU_DEVICES)):
        return "local"
    return "local" if tf.config.list_physical_devices("TPU") else None


@functools.cache  # Variables that are created in its scope can serve the next link, too.
def _create_strategy(name: str, tpu: str) -> tf.distribute.Strategy:
    if name == "cpu":
        _spread_over_cores()
        return tf.distribute.OneDeviceStrategy("/cpu:0")
    if name in ("mirrored", "multi_worker"):
        _grow_gpu_memory()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name == "multi_worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "tpu":
        return _create_tpu_strategy(tpu)
    raise unknown_name_error("strategy", name, STRATEGIES)


def _grow_gpu_memory() -> None:
    """Has TensorFlow take the memory of GPUs as it needs it, and leave the rest to others."""
    for device in tf.config.list_physical_devices("GPU"):
        # Once TensorFlow has started it is too late, and it has taken all.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(device, True)


def lacks_bfloat16() -> bool:
    """Tells whether a GPU of this machine has no units for bfloat16: older than Ampere."""
    found = [
        tf.config.experimental.get_device_details(device).get("compute_capability")
        for device in tf.config.list_physical_devices("GPU")
    ]
    return any(capability < (8, 0) for capability in found if capability)


def has_gpu() -> bool:
    """Tells whether TensorFlow sees a GPU on this machine."""
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


def _create_tpu_strategy(address: str) -> tf.distribute.Strategy:
    address = address or "local"  # The VM's own TPU; an empty name would ask a cloud project.
    try:
        return distribute_utils.get_distribution_strategy("tpu", tpu_address=address)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        remedy = f"; {_TPU_REMEDY}" if address == "local" else ""
        raise FoiError(
            f"--strategy=tpu: no TPU at '{address}' ({describe_error(error)}){remedy}"
        ) from error


def set_precision(name: str) -> None:
    """Sets the precision in which networks built from now on compute; variables stay float32.

    Raises:
      FoiError: the name is unknown.
    """
    if name not in PRECISIONS:
        raise unknown_name_error("precision", name, PRECISIONS)
    tf.keras.mixed_precision.set_global_policy(PRECISIONS[name])


def check_precision(name: str, strategy: tf.distribute.Strategy) -> None:
    """Refuses a precision that a strategy cannot train in.

    Raises:
      FoiError: losses cannot be scaled on TPUs, which have bfloat16.
    """
    if name == "float16" and device_kind(strategy) == "tpu":
        raise FoiError("--precision=float16 is for GPUs; take bfloat16 on a TPU")


def is_deterministic(given: bool | None, strategy: tf.distribute.Strategy) -> bool:
    """Returns whether operations are to be deterministic: by default on CPUs, where it is free.

    On a GPU it costs time. For a TPU XLA compiles one order of sums anyway, and where determinism
    is asked for it refuses the gradient of max pooling.
    """
    return device_kind(strategy) == "cpu" if given is None else given


def make_repeatable(seed: int, deterministic: bool = True) -> None:
    """Fixes initial weights by the seed, and the order of sums in every operation.

    Args:
      deterministic: whether to fix the order of sums. It stays fixed for the rest of the process.
    """
    # Not zero, which tf.data would compare with the tensors that seed its shuffling.
    tf.keras.utils.set_random_seed(seed + 1)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def count_hosts(strategy: tf.distribute.Strategy) -> int:
    """Returns how many processes or machines read the data."""
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        cluster = strategy.cluster_resolver.cluster_spec()
        return max(1, sum(cluster.num_tasks(job) for job in cluster.jobs))
    return getattr(strategy.extended, "num_hosts", 1)  # TPU strategies have it.


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Tells whether this process is the one of the strategy's processes that writes files."""
    return strategy.extended.should_checkpoint


def any_process(strategy: tf.distribute.Strategy, says: Callable[[], bool]) -> bool:
    """Tells whether `says` returns True in any of the strategy's processes.

    All processes must ask, and all get the same answer. With one process it costs nothing.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return says()
    said = tf.constant(int(says()))
    replicas = strategy.run(lambda: tf.identity(said))
    return int(strategy.reduce(tf.distribute.ReduceOp.SUM, replicas, axis=None)) > 0


def describe_machine(strategy: tf.distribute.Strategy) -> str:
    """Returns the name of the device that a strategy trains on, such as "NVIDIA H200"."""
    kind = device_kind(strategy)
    if kind == "tpu":
        return os.environ.get("TPU_ACCELERATOR_TYPE", "TPU")
    if kind == "gpu":
        details = tf.config.experimental.get_device_details(
            tf.config.list_physical_devices("GPU")[0]
        )
        return details.get("device_name", "GPU")
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def device_kind(strategy: tf.distribute.Strategy) -> str:
    """Returns the kind of device that replicas run on: "cpu", "gpu" or "tpu"."""
    return tf.DeviceSpec.from_string(strategy.extended.worker_devices[0]).device_type.lower()
