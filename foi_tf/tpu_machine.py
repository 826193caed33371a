"""Tells whether a machine was chosen for its TPU, and shows TensorFlow the way to it.

Imports nothing heavy: `import foi_tf` calls it before TensorFlow is imported.
"""

import importlib
import importlib.metadata
import os
import sys

# Colab's TPU runtimes set the first; they, TPU VMs and Kaggle set the second. Elsewhere both are
# empty or absent. Device files would tell less: other accelerators have them, too.
_SIGNS = ("COLAB_TPU_1VM", "TPU_ACCELERATOR_TYPE")
# Each of them means that TensorFlow was shown its way already, or is to leave the TPU alone.
_SETTLED = ("TPU_NAME", "TPU_ADDRESS", "TPU_LOAD_LIBRARY", "TF_PLUGGABLE_DEVICE_LIBRARY_PATH")


def find_tpu_sign() -> str:
    """Returns the variable by which the environment says that there is a TPU; "" without one."""
    return next((f"{name}={os.environ[name]}" for name in _SIGNS if os.environ.get(name)), "")


def set_tpu_variables() -> None:
    """Sets what TensorFlow needs to find the TPU of this machine by pip's tensorflow-tpu.

    Does nothing on a machine without a TPU or without that package, where the variables are set
    already, and after TensorFlow was imported, when it would be too late.
    """
    if not find_tpu_sign() or any(map(os.environ.get, _SETTLED)) or "tensorflow" in sys.modules:
        return
    try:
        importlib.metadata.version("tensorflow-tpu")
        library = importlib.import_module("libtpu").get_library_path()
    except (ImportError, AttributeError):  # PackageNotFoundError is an ImportError.
        return
    os.environ["PJRT_DEVICE"] = "TPU"
    os.environ["NEXT_PLUGGABLE_DEVICE_USE_C_API"] = "true"
    os.environ["TF_PLUGGABLE_DEVICE_LIBRARY_PATH"] = str(library)
