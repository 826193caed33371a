"""Fetches published weights by name, once, and imports them as checkpoints for --init.

They are kept in a folder of the user, `STORE`/NAME, or below the directory that the environment
variable FOI_WEIGHTS names, as one that the machines of a cluster share:

  NAME.index, NAME.data-*, NAME.foi.json   the checkpoint and its facts
  the file that was fetched, and sha256.json, the checksum that it had the first time
"""

import contextlib
import dataclasses
import hashlib
import http.client
import importlib.util
import json
import math
import os
import pathlib
import re
import sys
import urllib.request

from etils import epath

from foi_tf import files, lease, parsing
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.models.weights import checkpoint_facts
from foi_tf.progress import Progress, say
from foi_tf.study.published_weights import PUBLISHED, PublishedFile, PublishedWeights

STORE = "~/.cache/foi_tf/weights"
_VARIABLE = "FOI_WEIGHTS"
_CHECKSUMS = "sha256.json"
_TIMEOUT = 30.0  # Seconds without an answer after which a server counts as away; ours.
_BLOCK = 2**20
_PARTIAL = ".part"


def resolve_init(init: epath.PathLike) -> epath.Path:
    """Returns the path of initial weights: `init` itself, or the checkpoint that it names.

    A name of `study.published_weights.PUBLISHED` is fetched if it was not before. A file or
    directory of that name goes first.

    Raises:
      FoiError: the weights cannot be fetched.
    """
    path = epath.Path(init)
    if str(init) not in PUBLISHED or path.exists() or epath.Path(f"{init}.index").exists():
        return path
    return fetch_weights(str(init))


def checkpoint_path(name: str) -> epath.Path:
    """Returns the path of the checkpoint of published weights, whether they are there or not."""
    return epath.Path(os.environ.get(_VARIABLE) or STORE).expanduser() / name / name


def is_fetched(name: str) -> bool:
    """Tells whether published weights have been fetched and imported."""
    return checkpoint_facts.facts_path(checkpoint_path(name)).exists()


def fetch_weights(name: str) -> epath.Path:
    """Fetches and imports published weights, unless they are there; returns the checkpoint's path.

    Raises:
      FoiError: there are none of this name, they cannot be fetched, or a file is not the
        published one.
    """
    if name not in PUBLISHED:
        raise unknown_name_error("weights", name, PUBLISHED)
    checkpoint = checkpoint_path(name)
    if is_fetched(name):
        return checkpoint

    def waiting() -> None:
        say(f"waiting for the worker that fetches {name}")

    with lease.hold_lease(checkpoint.parent, wait=True, waiting=waiting, doing="fetches it"):
        if is_fetched(name):  # Another worker may have done it meanwhile.
            return checkpoint
        if PUBLISHED[name].application:
            _import_application(name, checkpoint)
        else:
            _import(name, obtain_files(name), checkpoint)
    return checkpoint


def read_checksums(name: str) -> dict[str, str]:
    """Returns the SHA-256 of each file that was fetched, by its name.

    Raises:
      FoiError: the record of them is damaged.
    """
    path = checkpoint_path(name).parent / _CHECKSUMS
    try:
        return parsing.parse_json(parsing.read_text(path)) if path.exists() else {}
    except ValueError as error:
        raise FoiError(f"{path}: damaged ({error}); remove it") from error


def obtain_files(name: str) -> list[epath.Path]:
    """Fetches the files of published weights that are not there yet, and checks all of them.

    Raises:
      FoiError: see `fetch_weights`.
    """
    weights, directory = PUBLISHED[name], checkpoint_path(name).parent
    found = []
    for file in weights.files:
        path = directory / file.name
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path = path if path.exists() else _obtain(weights, file, path)
        except FoiError:
            raise
        except Exception as error:  # Libraries that fetch raise errors of many kinds.
            raise FoiError(
                f"{name}: cannot be fetched ({files.describe_error(error)}); fetch "
                f"{file.address} where there is a network, and put it to {path}"
            ) from error
        _check_sum(name, file, path)
        found.append(path)
    return found


def _obtain(weights: PublishedWeights, file: PublishedFile, path: epath.Path) -> epath.Path:
    """Fetches a file; returns `path`, or the place in a package that has it."""
    if weights.package:
        return _find_in_package(weights.package, file, path)
    say(f"fetches {file.address}")
    if weights.hub:
        # It takes as long to import as the rest of the program.
        import huggingface_hub

        huggingface_hub.hf_hub_download(
            weights.hub, file.name, local_dir=path.parent, endpoint=os.environ.get("HF_ENDPOINT")
        )
    else:
        _download(file.address, path)
    return path


def _find_in_package(package: str, file: PublishedFile, path: epath.Path) -> epath.Path:
    """Finds a file in the folder of an installed package."""
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.origin:
        raise FoiError(
            f"{package}: not installed; run pip install {package}, or take {file.name} out of "
            f"{file.address} and put it to {path}"
        )
    return epath.Path(pathlib.Path(spec.origin).parent / "models" / file.name)


def _download(address: str, path: epath.Path) -> None:
    """Downloads a file; goes on with the part that an interrupted download left."""
    partial = pathlib.Path(f"{path}{_PARTIAL}")
    done = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            done = 0
        total = done + int(answer.headers["Content-Length"])
        label, megabytes = path.name, math.ceil(total / 1e6)
        with (
            partial.open("ab" if done else "wb") as out,
            Progress(label, megabytes, unit="MB") as bar,
        ):
            while block := answer.read(_BLOCK):
                out.write(block)
                done += len(block)
                bar.update(math.ceil(done / 1e6) - bar.count)
    if done != total:
        raise OSError(f"{done} of {total} bytes came")
    files.sync_files(partial)
    partial.replace(path)


def _check_sum(name: str, file: PublishedFile, path: epath.Path) -> None:
    """Compares a file's checksum with the published one, or with that of the first fetched one."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    first = read_checksums(name)
    expected = file.sha256 or first.get(file.name, found)
    if found != expected:
        raise FoiError(
            f"{path}: SHA-256 {found}, but {'the published' if file.sha256 else 'the first'} "
            f"file has {expected}; remove it, and fetch it again"
        )
    if first.get(file.name) != found:
        kept = checkpoint_path(name).parent / _CHECKSUMS
        files.write_text(kept, json.dumps(first | {file.name: found}, indent=1) + "\n")


def _import(name: str, found: list[epath.Path], checkpoint: epath.Path) -> None:
    """Imports fetched files as a checkpoint."""
    # TensorFlow takes seconds to load, and is needed by nobody who only asks what is there.
    from foi_tf.models.weights import public_weights

    weights = PUBLISHED[name]
    path = found[0].parent / found[0].name.removesuffix(".index")
    made, _ = public_weights.import_weights(path, weights.backbone)
    facts = public_weights.collect_facts(path, weights.backbone)
    facts = dataclasses.replace(facts, source=weights.files[0].address, license=weights.license)
    public_weights.write_checkpoint(made.network, checkpoint, facts)


def _import_application(name: str, checkpoint: epath.Path) -> None:
    """Lets Keras download the weights of one of its networks, and writes a checkpoint of them."""
    from foi_tf.models import keras_applications, transfer
    from foi_tf.models.weights import public_weights

    weights = PUBLISHED[name]
    try:
        # Keras shows the progress of a download on stdout, which is for results.
        with contextlib.redirect_stdout(sys.stderr):
            backbone = keras_applications.keras_application(
                application=weights.application, weights="imagenet"
            )
    except FoiError:
        raise
    except Exception as error:  # Keras raises a bare Exception if it cannot download.
        cause = files.describe_error(error)
        address = re.search(r"https?://[^\s:]+(:\d+)?[^\s:]*", str(error))
        remedy = "fetch them where there is a network"
        if address:
            file = address[0].rpartition("/")[2]
            remedy = f"fetch {address[0]} elsewhere, and put it to ~/.keras/models/{file}"
        raise FoiError(f"{name}: cannot be fetched ({cause}); {remedy}") from error
    mean, std = public_weights.channel_statistics(weights.backbone)
    facts = checkpoint_facts.CheckpointFacts(
        backbone=weights.backbone,
        mean=mean,
        std=std,
        source=weights.files[0].address,
        license=weights.license,
    )
    network = transfer.Network(backbone=backbone, models={})
    public_weights.write_checkpoint(network, checkpoint, facts)
