"""Asks why three sources of the rendered collection harm nearly all targets (README.md).

  python -m studies.harmful_sources --work=WORK

Source models of those sources, and of one that helps, are trained as the study on the rendered
collection does, and with one thing changed each (`VARIANTS`). Few images of some targets start
from each. WORK keeps links and rows, so that a stopped call goes on; studies/harmful/results.csv
has the rows of targets, with the variant in `source`.
"""

import argparse
import dataclasses
import functools
import json
import pathlib
import shlex
from collections.abc import Collection

import cv2
import numpy as np
import pandas as pd

import foi_tf as foi
from foi_tf import files
from foi_tf.data.records import prepared_datasets, schema
from foi_tf.data.records.prepared_datasets import PreparedDataset
from foi_tf.data.records.read_examples import read_examples
from foi_tf.study import results
from studies.programs import run

HERE = pathlib.Path(__file__).parent
KEPT = HERE / "harmful" / "results.csv"
HARMFUL, HELPFUL = ("pvoc", "isaid", "vgallery"), "pcontext"
TARGETS, SEEDS = ("camvid", "suim", "scannet"), (0, 1)
RATES, STEPS = {"vgallery": 0.1}, 600  # Of the sources in the study.
OTHER_RATE = 0.03
NETWORK = ("--backbone=hrnet_mini", "--precision=bfloat16", "--strategy=cpu")


@dataclasses.dataclass(frozen=True)
class Variant:
    """Describes source models with one thing changed.

    Attributes:
      name: ends the names of the variant's sources in the kept rows.
      sources: datasets that are trained so.
      factor: of the learning rate of the source models.
      restarts: how often at most source models go on for twice as many steps, while they improve.
      sparse: whether pixels of classes that `pvoc` does not have are ignored, as they are there.
    """

    name: str
    sources: tuple[str, ...] = HARMFUL
    factor: float = 1.0
    restarts: int = 0
    sparse: bool = False


VARIANTS = (
    Variant("as_it_was", (*HARMFUL, HELPFUL)),
    Variant("converged", (*HARMFUL, HELPFUL), restarts=2),
    Variant("slower", ("vgallery",), factor=0.3),
    Variant("sparse", (HELPFUL,), sparse=True),
)


def write_changed(prepared: PreparedDataset, folder: pathlib.Path, things: Collection[str]) -> None:
    """Writes a prepared dataset as a folder; its masks ignore all classes that `things` lacks."""
    classes = list(prepared.dataset.names["segmentation"])
    kept = [one for one in classes if one in things]
    table = np.full(256, schema.IGNORE[np.dtype(np.uint8)], np.uint8)
    table[: len(classes)] = [kept.index(x) if x in kept else table[-1] for x in classes]
    examples = [
        (split, example)
        for split in ("train", "val")
        for example in read_examples(prepared, split, pixels=False)
    ]
    for split, example in examples:
        name = example["id"].replace("/", "_")
        mask = cv2.imencode(".png", table[example["mask"].squeeze()])[1].tobytes()
        for kind, data in ((f"images/{split}/{name}.jpg", example["image"]),
                           (f"masks/{split}/{name}.png", mask)):  # fmt: skip
            (folder / kind).parent.mkdir(parents=True, exist_ok=True)
            (folder / kind).write_bytes(data)
    files.write_text(folder / "classes.json", json.dumps({"classes": kept}))


def prepare(work: pathlib.Path) -> None:
    """Renders and prepares the datasets, and those with changed masks."""
    data_dir = work / "data"
    names = ["ilsvrc", HELPFUL, *HARMFUL, *TARGETS]
    run(
        "foi-prepare", "--collection=mini", f"--dataset={','.join(names)}", f"--data_dir={data_dir}"
    )
    load = functools.partial(prepared_datasets.load_annotated, data_dir)
    for variant in VARIANTS:
        for name in variant.sources if variant.sparse else ():
            made = name_source(name, variant)
            if (data_dir / made).exists():
                continue
            things = load("pvoc").dataset.names["segmentation"]
            write_changed(load(name), work / "folders" / made, things)
            foi.prepare(
                work / "folders" / made, data_dir=data_dir, name=made, format="masks",
                domain=load(name).dataset.domain,
            )  # fmt: skip


def name_source(name: str, variant: Variant) -> str:
    """Returns the name of a variant's source."""
    return name if variant == VARIANTS[0] else f"{name}_{variant.name}"


def list_commands(work: pathlib.Path, variant: Variant, init: str) -> list[str]:
    """Lists the commands of a variant: source models first, then targets."""
    config = [
        f"--config={HERE / 'mini' / 'rates.yaml'}",
        f"--set=segmentation.schedule.steps={STEPS}",
        f"--set=segmentation.schedule.restarts={variant.restarts}",
    ]
    places = [f"--data_dir={work / 'data'}", f"--workdir={work / variant.name}"]
    commands = []
    for name in variant.sources:
        source = name_source(name, variant) if variant.sparse else name
        rate = variant.factor * RATES.get(name, OTHER_RATE)
        # Changed sets have no rate of their own in the configuration, so the common one counts.
        key = "schedule" if variant.sparse else f"datasets.{name}.schedule"
        flags = [*NETWORK, *config, f"--set=segmentation.{key}.learning_rate={rate:g}"]
        flags += [*places, f"--source={source}:segmentation"]
        commands.append(["foi-source", *flags, f"--init={init}", "--seed=0"])
        commands += [
            ["foi-target", *flags, f"--target={target}:segmentation", "--setting=small",
             f"--seed={seed}", "--vary=init,order"]
            for target in TARGETS for seed in SEEDS
        ]  # fmt: skip
    if variant == VARIANTS[0]:
        commands += [
            ["foi-target", *NETWORK, *config, *places, f"--target={target}:segmentation",
             "--source=ilsvrc", f"--init={init}", "--setting=small", f"--seed={seed}",
             "--vary=init,order"]
            for target in TARGETS for seed in SEEDS
        ]  # fmt: skip
    return [shlex.join(command) for command in commands]


def main() -> None:
    """Runs all variants, and keeps their rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="Working directory.")
    work = parser.parse_args().work
    prepare(work)
    shared = [*NETWORK, f"--data_dir={work / 'data'}", f"--workdir={work / 'pretraining'}"]
    run("foi-pretrain", "--config=mini_study", *shared)
    (init,) = (work / "pretraining" / "links").glob("ilsvrc.classification-*")
    found = []
    for variant in VARIANTS:
        run("foi-run", stdin="\n".join(list_commands(work, variant, str(init))))
        rows = results.load(work / variant.name / "results")
        rows = rows[rows.setting == "small"]
        named = {name: name_source(name, variant) for name in variant.sources}
        found.append(rows.assign(source=rows.source.replace(named)))
    KEPT.parent.mkdir(exist_ok=True)
    files.write_text(KEPT, results.to_csv(pd.concat(found, ignore_index=True)))


if __name__ == "__main__":
    main()
