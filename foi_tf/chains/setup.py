"""Holds what all runs of a study share."""

import dataclasses

import tensorflow as tf
from etils import epath

from foi_tf.chains.train_session import SessionCache
from foi_tf.study import variation
from foi_tf.study.choices import Pace
from foi_tf.study.configuration import Config


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setup:
    """Holds what all runs of a study share.

    Attributes:
      data_dir: directory of the prepared datasets.
      workdir: links and result rows are written below it.
      config: schedules and input sizes.
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      precision: one of `study.choices.PRECISIONS`.
      seed: fixes what `vary` names.
      vary: what the seed varies, some of `study.variation.KINDS`; the rest is as with seed 0,
        and the source model is that of the first seed in the workdir.
      select: how the learning rate is chosen, one of `study.choices.SELECTIONS`. Targets
        look for a source model among those that were chosen in the same way.
      strategy: the devices to train on.
      pace: steps per loop, checkpoints, and whether to wait for other workers.
      micro_batch: most images of a replica that go through the network at a time; 0 for all.
      rematerialize: whether the backward pass computes most maps again.
      sessions: keeps the traced step for the next run; share it between the setups of one
        process.
    """

    data_dir: epath.PathLike
    workdir: epath.PathLike
    config: Config
    backbone: str
    precision: str
    seed: int
    select: str
    strategy: tf.distribute.Strategy
    pace: Pace
    vary: tuple[str, ...] = variation.DEFAULT
    micro_batch: int = 0
    rematerialize: bool = False
    sessions: SessionCache = dataclasses.field(default_factory=SessionCache)
