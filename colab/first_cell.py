# @title Install foi_tf { display-mode: "form" }
# @markdown In Colab: the address of foi_tf's git repository, or the folder of a checkout of it.
# @markdown Empty where foi_tf is installed already.
REPOSITORY = ""  # @param {type: "string"}
# @markdown Work in the folder foi_tf of your Drive, so that it survives this runtime.
DRIVE = False  # @param {type: "boolean"}

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

begun = globals().setdefault("begun", pathlib.Path.cwd())  # DRIVE changes the folder.
folder = begun / REPOSITORY
if "://" in REPOSITORY:
    folder = begun / "foi_tf_checkout"
    if not (folder / "launch/colab.sh").is_file():  # Nothing there, or a part of it.
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", "--depth=1", REPOSITORY, folder], check=True)
if REPOSITORY:
    os.environ["FOI_PYTHON"] = sys.executable
    subprocess.run(["bash", folder / "launch/colab.sh"], check=True)
    importlib.invalidate_caches()
spec = importlib.util.find_spec("foi_tf")
if spec is None or spec.origin is None:  # A folder of that name beside the notebook has no origin.
    raise RuntimeError("foi_tf is not installed; give its repository's address in REPOSITORY above")
if DRIVE:
    from google.colab import drive

    drive.mount("/content/drive")
    work = pathlib.Path("/content/drive/MyDrive/foi_tf")
    work.mkdir(exist_ok=True)
    os.chdir(work)

import foi_tf as foi  # Shows TensorFlow the way to a TPU, so it has to stand before its import.

QUICK = bool(os.environ.get("FOI_QUICK"))  # Of the tests, which only see whether all cells run.
