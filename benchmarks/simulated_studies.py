"""Simulates the rows of studies whose gains are known."""

import dataclasses
import pathlib

import numpy as np
import pandas as pd

from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study import image_statistics, results
from foi_tf.study.image_statistics import ImageStatistics

SOURCES = 15
EFFECTS = np.log1p(np.array([0.0, 0.03, 0.10]))
LEVEL = 0.4  # mIoU of baselines.
CLASSES = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """Holds how studies are simulated.

    Attributes:
      targets, seeds: numbers of each.
      noise: standard deviation of a run's log metric.
      tails: "normal", or "t3" for Student's t with 3 degrees of freedom.
      uneven: ratio of the largest to the smallest noise of targets.
      effects: "levels" of 0, 3 and 10 % by chance, "none", "spread" of 3 % between sources of
        each target, or "all" effects: of study, targets, sources and pairs.
      images: number of evaluation images; 0 for exact metrics.
      seed_effect: standard deviation of what all runs of a target with the same seed have in
        common, such as the subset of images, beside `noise`.
      further: seeds of baselines beyond those of chains.
    """

    targets: int
    seeds: int
    noise: float
    tails: str = "normal"
    uneven: float = 1.0
    effects: str = "levels"
    images: int = 0
    seed_effect: float = 0.0
    further: int = 0


def draw_effects(world: World, studies: int, rng: np.random.Generator) -> np.ndarray:
    """Draws the true log ratio of each chain, [studies, targets, sources]."""
    shape = studies, world.targets, SOURCES
    if world.effects == "levels":
        return rng.choice(EFFECTS, shape)
    if world.effects == "none":
        return np.zeros(shape)
    if world.effects == "spread":
        return rng.normal(0, 0.03, shape)
    parts = (0.02, (studies, 1, 1)), (0.04, (studies, world.targets, 1))
    parts += (0.03, (studies, 1, SOURCES)), (0.03, shape)
    return sum(rng.normal(0, deviation, part) for deviation, part in parts)


def draw_noise(world: World, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draws the noise of runs, [studies, targets, ...]."""
    if world.tails == "normal":
        drawn = rng.standard_normal(shape)
    else:
        drawn = rng.standard_t(3, shape) / np.sqrt(3)
    scale = np.geomspace(world.uneven**-0.5, world.uneven**0.5, world.targets)
    return world.noise * drawn * scale.reshape(1, -1, *[1] * (len(shape) - 2))


def simulate(
    world: World, studies: int, seed: int, directory: pathlib.Path | None = None
) -> tuple[StudyAnalysis, np.ndarray]:
    """Simulates studies and analyzes them.

    Returns:
      The analysis, with a backbone a study, and the true gain of each of its chains in %; NaN for
      baselines.
    """
    rng = np.random.default_rng(seed)
    effects = draw_effects(world, studies, rng)
    truth = np.concatenate([np.zeros((*effects.shape[:2], 1)), effects], axis=2)
    noise = draw_noise(world, (*truth.shape, world.seeds + world.further), rng)
    level = LEVEL * np.exp(rng.normal(0, 0.2, (studies, world.targets, 1, 1)))
    if world.seed_effect:
        common = (studies, world.targets, 1, noise.shape[-1])
        noise = noise + rng.normal(0, world.seed_effect, common)
    values = np.minimum(level * np.exp(truth[..., None] + noise), 1.0)
    study, target, source, run = (x.ravel() for x in np.indices(values.shape))
    none = source == 0
    frame = pd.DataFrame(
        {
            "target": np.array([f"target{i:02}" for i in range(world.targets)])[target],
            "target_type": "segmentation",
            "target_domain": "driving",
            "source": np.array([results.NO_SOURCE, *(f"source{i:02}" for i in range(SOURCES))])[
                source
            ],
            "source_type": np.where(none, "", "segmentation"),
            "source_domain": np.where(none, "", "indoor"),
            "setting": "small",
            "backbone": np.array([f"study{i:04}" for i in range(studies)])[study],
            "init": results.NO_SOURCE,
            "seed": run,
            "learning_rate": 0.1,
            "n_source": np.where(none, 0, 100),
            "n_target": 150,
            "metric": "miou",
            "value": values.ravel(),
            "steps": 1, "wall_seconds": 1.0, "device": "cpu", "devices": 1, "chip_hours": 0.0,
            "config_digest": "0", "version": "0", "selection": "none", "candidates": "{}",
        }
    )  # fmt: skip
    images = {}
    if world.images and directory is not None:
        frame["value"] = write_images(world, frame, values, directory, rng)
        images = image_statistics.find_statistics(directory)
    frame = frame[none | (frame.seed < world.seeds)]
    analysis = StudyAnalysis(frame, images=images)
    chains = analysis.chains
    names = chains.source.str.removeprefix("source")
    sourced = (chains.source_type != "").to_numpy()
    found = np.full(len(chains), np.nan)
    own = chains[sourced]
    found[sourced] = effects[
        own.backbone.str.removeprefix("study").astype(int),
        own.target.str.removeprefix("target").astype(int),
        names[sourced].astype(int),
    ]
    return analysis, 100 * np.expm1(found)


def write_images(
    world: World,
    frame: pd.DataFrame,
    values: np.ndarray,
    directory: pathlib.Path,
    rng: np.random.Generator,
) -> np.ndarray:
    """Writes statistics of images of 8 classes for each run, and returns the metrics on them.

    Images differ in how hard they are, in how much each source helps there, and by chance. Over
    all images that there could be, the metric is that of `values`.
    """
    names = np.array([f"{i:04}" for i in range(world.images)])
    studies, targets, chains, _ = values.shape
    shape = world.images, CLASSES
    union = rng.integers(100, 2000, (studies, targets, 1, 1, *shape)).astype(float)
    moved = rng.normal(0, 0.10, (studies, targets, 1, 1, *shape))
    moved = moved + rng.normal(0, 0.04, (studies, targets, chains, 1, *shape))
    found = np.empty(values.shape)
    rows = iter(frame.to_dict("records"))
    for place in np.ndindex(*values.shape):
        own = moved[(*place[:3], 0)] + rng.normal(0, 0.03, shape)
        size = union[(*place[:2], 0, 0)]
        one = ImageStatistics(names, size * np.clip(values[place] + own, 0, 1), size)
        found[place] = one.values("miou", np.ones(world.images))
        row = next(rows) | {"value": found[place]}
        image_statistics.write_beside_row(one, row, directory)
    return found.ravel()
