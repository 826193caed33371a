"""Finds the weights that a link starts from: random ones, a finished link's, or a checkpoint's."""

import dataclasses
import difflib
from collections.abc import Sequence

from etils import epath

from foi_tf.chains import links, lr_selection
from foi_tf.errors import FoiError, NotReadyError
from foi_tf.models.weights import checkpoint_facts, fetch
from foi_tf.models.weights.checkpoint_facts import CheckpointFacts
from foi_tf.progress import say
from foi_tf.study import variation
from foi_tf.study.choices import SELECTIONS
from foi_tf.study.dataset import CONTRASTIVE, Task
from foi_tf.study.grid import PRETRAINING, PRETRAININGS
from foi_tf.study.published_weights import PUBLISHED
from foi_tf.study.results import NO_SOURCE, SCRATCH

_FOREIGN = (".pth", ".pt", ".bin", ".tar", ".safetensors", ".ckpt")  # Files of other libraries.

_PRETRAININGS_BY_NAME = {
    "": PRETRAINING,
    str(PRETRAININGS[CONTRASTIVE]): PRETRAININGS[CONTRASTIVE],
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Start:
    """Describes backbone weights and where they come from.

    Attributes:
      chain: what the weights were trained on. A chain that ends with a pre-training is one
        name: "ilsvrc" for the classification from random weights, otherwise all that it was
        trained on, as "ilsvrc:contrastive".
      digest: identifies the weights; empty for random weights.
      checkpoint: path of the weights; None for random weights.
      finished: record of the link that trained the weights, if it is one of ours.
      facts: facts that are kept with the checkpoint; None if it was written without, or for
        random weights.
    """

    chain: tuple[str, ...]
    digest: str = ""
    checkpoint: epath.Path | None = None
    finished: links.Finished | None = None
    facts: CheckpointFacts | None = None


def is_name(init: str) -> bool:
    """Tells whether `init` is a name of initial weights (see `find_start`), and not a path."""
    return init == SCRATCH or init in _PRETRAININGS_BY_NAME or init in PUBLISHED


def find_start(workdir: epath.PathLike, init: str, backbone: str) -> Start:
    """Finds initial weights by their name or path.

    Args:
      init: "scratch"; empty for the pre-training by classification in the working
        directory, "ilsvrc:contrastive" for the self-supervised one; or what `find_weights`
        takes.

    Raises:
      FoiError: there are no such weights, or several.
    """
    if init == SCRATCH:
        return random_start()
    if init in _PRETRAININGS_BY_NAME:
        return find_pretraining(workdir, _PRETRAININGS_BY_NAME[init], backbone)
    return find_weights(init, backbone)


def random_start() -> Start:
    """Returns the start of a chain with random weights."""
    return Start(chain=(SCRATCH,))


def find_pretraining(workdir: epath.PathLike, task: Task, backbone: str) -> Start:
    """Finds the weights of a pre-training in a working directory.

    Args:
      task: one of `study.grid.PRETRAININGS`.

    Raises:
      FoiError: there is no such pre-training, or more than one.
    """
    chain = (SCRATCH, str(task))
    kind = "" if task == PRETRAINING else f" --task_type={task.type}"
    command = f"foi-pretrain{kind}"
    return _find_link(workdir, chain, task, [None], backbone, "none", command, "--init")


def find_source_model(
    workdir: epath.PathLike,
    task: Task,
    images: Sequence[int | None],
    backbone: str,
    select: str,
    init: str = NO_SOURCE,
    seed: int | None = None,
    varied: tuple[str, ...] = variation.DEFAULT,
) -> Start:
    """Finds the source model of a task, or of a set of tasks, in a working directory.

    Args:
      images: how many training images it was allowed of each task; None for all.
      select: how its learning rate was chosen, one of `study.choices.SELECTIONS`.
      init: name of the weights that it began with.
      seed: seed that it was trained with; None for the first: of models that differ only by what
        seeds vary, one of `study.variation.DEFAULT` before others, and then the lowest seed.
      varied: what that seed varies in it, see `study.variation.varied_in_source`.

    Raises:
      FoiError: there is no such source model, or more than one.
    """
    chain, command = (init, str(task)), f"foi-source --source={task}"
    if seed is not None:
        command += f" --seed={seed}"
        if varied != variation.DEFAULT:
            command += f" --vary={variation.format_variation(varied)}"
    if init in (SCRATCH, *map(str, PRETRAININGS.values())):
        command += f" --init={init}"
    elif init != NO_SOURCE:  # Weights that were given by a path are named by its last part.
        command += f" --init=.../{init}"
    kind = None if seed is None else (seed, varied)
    flag = "--source_weights"
    found = (workdir, chain, task, images, backbone, select, command, flag, kind)
    return _find_link(*found, first=seed is None)


def find_weights(path: epath.PathLike, backbone: str) -> Start:
    """Finds the weights at a path: the directory of a finished link, or a TensorFlow checkpoint.

    A name of `study.published_weights.PUBLISHED` is fetched, if it was not before.

    Raises:
      FoiError: there are none, or they are of another backbone.
    """
    path = _fetch_for(str(path), backbone)
    if path.is_dir():
        if not links.is_finished(path):
            raise FoiError(f"{path}: not the directory of a finished link; it has no link.json")
        return _load_start(path, backbone)
    parts = checkpoint_facts.checkpoint_files(path)
    if not any(part.name == f"{path.name}.index" for part in parts):
        raise FoiError(
            f"{path}: neither a link's directory nor a checkpoint (no {path.name}.index); "
            f"{_explain_missing(path)}"
        )
    facts = checkpoint_facts.read_facts(path)
    if facts and facts.backbone != backbone:
        raise FoiError(f"{path}: weights of {facts.backbone}, but --backbone={backbone}")
    digest = checkpoint_facts.digest_files(parts)
    return Start(chain=(path.name,), digest=digest, checkpoint=path, facts=facts)


def _explain_missing(path: epath.Path) -> str:
    """Says what to do about weights that are not there, or are of another form."""
    if "," in path.name:
        return "a command takes one start; give it once for each"
    if path.suffix.lower() in _FOREIGN and path.exists():
        name = f"weights/{path.stem}"
        return f"foi-weights import --weights={path} --out={name} makes {name} of it"
    near = difflib.get_close_matches(path.name, PUBLISHED, n=1, cutoff=0.4)
    return "foi-weights list names published ones" + (f", as {near[0]}" if near else "")


def _fetch_for(init: str, backbone: str) -> epath.Path:
    """Returns the path of weights; fetches published ones if they are of this backbone."""
    if init in PUBLISHED and PUBLISHED[init].backbone != backbone:
        own = PUBLISHED[init].backbone
        raise FoiError(f"{init}: weights of {own}, but --backbone={backbone}")
    return fetch.resolve_init(init)


def name_weights(path: epath.PathLike) -> str:
    """Returns the name with which chains begin that start from the weights at a path.

    Raises:
      FoiError: the path is a directory, but not that of a finished link.
    """
    path = epath.Path(path)
    return _shorten_chain(links.load_finished(path).link.chain)[0] if path.is_dir() else path.name


def _find_link(
    workdir: epath.PathLike,
    chain: tuple[str, ...],
    task: Task,
    images: Sequence[int | None],
    backbone: str,
    select: str,
    command: str,
    flag: str,
    kind: tuple[int, tuple[str, ...]] | None = None,
    *,
    first: bool = False,
) -> Start:
    """Finds the one finished link of a chain.

    Args:
      command: the command that trains it, for the error message.
      flag: the flag that takes a link by its path, for the error message.
      kind: seed of the link and what it varies; None for any.
      first: whether the first seed is taken of links that differ only by what seeds vary.
    """

    def is_wanted(link: links.Link) -> bool:
        same = link.chain == chain and link.backbone == backbone and not link.holdout
        same = same and kind in (None, (link.seed, link.varied))
        return same and sorted(link.images, key=str) == sorted(images, key=str)

    finished = links.find_finished(workdir, task, is_wanted)
    found = [directory for directory in finished if lr_selection.is_chosen(directory, select)]
    seeded = "" if kind is None else f" and seed {kind[0]}"
    shown = f"{workdir}: {{}} {' -> '.join(chain)} with {backbone}{seeded}"
    if not found:
        others = [by for by in SELECTIONS if any(lr_selection.is_chosen(d, by) for d in finished)]
        if others:
            none = shown.format(f"no finished link, chosen by --select_lr={select},")
            raise NotReadyError(
                f"{none}; there is one by --select_lr={others[0]}: give that or {flag}"
            )
        raise NotReadyError(f"{shown.format('no finished link')}; run {command} first")
    if len(found) > 1 and first:
        found = _keep_first_seed(found)
    if len(found) > 1:
        names = ", ".join(directory.name for directory in found)
        raise FoiError(f"{shown.format('several links')}: {names}; choose one with {flag}=PATH")
    return _load_start(found[0], backbone)


def _keep_first_seed(directories: Sequence[epath.Path]) -> list[epath.Path]:
    """Keeps the link of the first seed if all of them differ only by what seeds vary."""
    found = {directory: links.load_finished(directory).link for directory in directories}
    # The seed also orders the members of a set.
    alike = {
        dataclasses.replace(
            link,
            seed=0,
            varied=variation.DEFAULT,
            members=tuple(sorted(link.members, key=lambda member: str(member.task))),
        )
        for link in found.values()
    }
    if len(alike) > 1:
        return list(directories)

    def place(directory: epath.Path) -> tuple[bool, int]:
        return found[directory].varied != variation.DEFAULT, found[directory].seed

    chosen = min(directories, key=place)
    say(f"{found[chosen].task}: of {len(found)} source models, takes seed {found[chosen].seed}")
    return [chosen]


def _load_start(directory: epath.Path, backbone: str) -> Start:
    """Loads the start that a finished link's directory holds."""
    finished = links.load_finished(directory)
    link = finished.link
    if link.backbone != backbone:
        raise FoiError(f"{directory}: trained with {link.backbone}, but --backbone={backbone}")
    if not links.weights_path(directory).with_suffix(".index").exists():
        raise FoiError(f"{directory}: its weights are gone; remove it and train again")
    return Start(
        chain=_shorten_chain(link.chain),
        digest=link.digest,
        checkpoint=links.weights_path(directory),
        finished=finished,
        facts=checkpoint_facts.read_facts(links.weights_path(directory)),
    )


def _shorten_chain(chain: tuple[str, ...]) -> tuple[str, ...]:
    """Makes one name of a chain that ends with a pre-training; returns others as they are."""
    if chain[-1] not in map(str, PRETRAININGS.values()):
        return chain
    if chain == (SCRATCH, str(PRETRAINING)):
        return (NO_SOURCE,)
    return ("+".join(name for name in chain if name != SCRATCH),)
