"""Fits a linear head of a target to the features of a frozen backbone.

The backbone computes features of whole images once, without augmentation. L-BFGS fits a head to
them by the target's own loss: one linear map for each output. It is evaluated by the target's own
metric on all validation images. A solver has no learning rate, which no single number would suit:
masks have classes, but depth has meters. `inference.linear_probe` classifies images.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from scipy import optimize

from foi_tf import tasks
from foi_tf.chains.initial_weights import Start
from foi_tf.data.input import pipeline
from foi_tf.errors import FoiError
from foi_tf.inference.frozen_branches import FrozenBranches
from foi_tf.inference.probe_request import ProbeRequest
from foi_tf.models import layers
from foi_tf.models.heads import LinearHead
from foi_tf.progress import Progress
from foi_tf.study.probe_files import LOSS
from foi_tf.training import strategies
from foi_tf.training.evaluator import Evaluator

PENALTY = 1e-4  # Factor of half the squared weights, which is added to the loss; ours.
_PART = 16  # Images whose loss is computed at a time.
MEMORY = 2**32  # Bytes of features and targets that may be held; ours.


class HeadProbe:
    """Probes weights of one backbone for one target; the network is traced once for all of them.

    Args:
      request: the target, of any task type whose head takes features.
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      batch_size: images that the backbone takes at a time.

    Raises:
      FoiError: the features of the images would not fit into `MEMORY`.
    """

    def __init__(self, request: ProbeRequest, backbone: str, batch_size: int = 8):
        self._request = request
        strategies.make_repeatable(request.seed)
        strategies.set_precision("float32")
        self._task = tasks.create(request.task, request.prepared.dataset)
        self._train = self._open("train", request.train_ids())
        self._train_batches = _make_batches(self._train, batch_size)
        self._backbone = backbone
        self._branches = FrozenBranches(backbone, request.input_size)
        self._check_memory()
        self._build_head()
        self._val = self._open("val", request.val_ids())
        self._val_batches = _make_batches(self._val, batch_size)
        self._evaluator = Evaluator(
            lambda pixels, training: self._apply_head(self._branches(pixels)),
            self._task,
            tf.distribute.get_strategy(),
        )

    def measure(self, begin: Start) -> tuple[str, dict[str, float]]:
        """Fits a head to the features of some weights.

        Returns:
          The name of the target's own metric, and all metrics on the validation images. Among
          them is `LOSS`, which still differs where average precision is near zero.

        Raises:
          FoiError: the weights are not for this backbone.
        """
        self._branches.load(begin, self._request.choose_statistics(self._backbone, begin))
        label = f"{self._request.task} features"
        self._fit(*self._branches.extract(self._train_batches, len(self._train.ids()), label))
        found = self._evaluator.evaluate(
            self._val_batches, ids=self._val.ids(), label=f"{self._request.task} val"
        ).metrics
        return self._task.metric, found | {LOSS: self._compute_val_loss()}

    def _open(self, split: str, ids: Sequence[str]) -> pipeline.Input:
        return pipeline.Input(
            prepared=self._request.prepared,
            split=split,
            task_type=self._request.task.type,
            encode=self._task.encode,
            crop=self._request.input_size,
            chosen=tuple(ids),
            fit=self._request.fit,
        )

    def _check_memory(self) -> None:
        """Raises FoiError unless the features and targets of all training images fit."""
        spec = tf.nest.flatten(self._train_batches.element_spec["targets"])
        one = sum(x.shape[1:].num_elements() * x.dtype.size for x in spec)
        one += self._branches.bytes_per_image
        count = len(self._train.ids())
        if one * count > MEMORY:
            raise FoiError(
                f"{self._request.task}: features of {count} images would take "
                f"{one * count / 2**30:.1f} GiB; give --images={MEMORY // one} or a smaller --size"
            )

    def _build_head(self) -> None:
        """Builds the head, and the functions of its loss."""
        head = LinearHead(self._task.head())
        self._head = self._branches.connect(head)
        self._weights = head.model.trainable_variables
        self._first = [v.numpy() for v in self._weights]

        @tf.function(autograph=False)
        @layers.not_converted
        def compute_gradients(branches, targets, rows):
            with tf.GradientTape() as tape:
                outputs = self._apply_head([tf.gather(x, rows) for x in branches])
                shown = {name: tf.gather(value, rows) for name, value in targets.items()}
                loss = tf.add_n(list(self._task.loss(outputs, shown).values()))
            return loss, tape.gradient(loss, self._weights)

        @tf.function(autograph=False)
        @layers.not_converted
        def loss_step(batch):
            outputs = self._apply_head(self._branches(batch["image"]))
            return tf.add_n(list(self._task.loss(outputs, batch["targets"]).values()))

        self._compute_gradients, self._loss_step = compute_gradients, loss_step

    def _apply_head(self, branches: Sequence[tf.Tensor]):
        """Computes the outputs of the head from standardized branches."""
        image = tf.zeros((tf.shape(branches[0])[0], *self._request.input_size, 3))
        return self._head([*branches, image], training=False)

    def _compute_val_loss(self) -> float:
        """Computes the mean over the batches of validation images of the target's loss."""
        found = [self._loss_step(batch).numpy() for batch in self._val_batches]
        return float(np.mean(found))

    def _fit(self, branches: Sequence[tf.Tensor], targets: dict[str, tf.Tensor]) -> None:
        """Fits the head to all images by L-BFGS, from its first weights on."""
        count = len(branches[0])
        parts = np.array_split(np.arange(count, dtype=np.int32), -(-count // _PART))

        def compute_loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            self._assign(flat)
            loss, gradient = 0.0, PENALTY * flat
            for rows in parts:
                share = len(rows) / count
                value, found = self._compute_gradients(branches, targets, tf.constant(rows))
                loss += share * float(value)
                gradient += share * _flatten([x.numpy() for x in found])
            return loss + PENALTY / 2 * float(flat @ flat), gradient

        steps = self._request.steps
        with Progress(f"{self._request.task} head", steps, unit="iteration") as progress:
            found = optimize.minimize(
                compute_loss,
                _flatten(self._first),
                jac=True,
                method="L-BFGS-B",
                callback=lambda _: progress.update(1),
                options={"maxiter": steps},
            )
        self._assign(found.x)

    def _assign(self, flat: np.ndarray) -> None:
        """Sets the weights of the head."""
        ends = np.cumsum([value.size for value in self._first])[:-1]
        for variable, values in zip(self._weights, np.split(flat, ends), strict=True):
            variable.assign(values.reshape(variable.shape))


def _flatten(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([x.reshape(-1) for x in arrays]).astype(np.float64)


def _make_batches(source: pipeline.Input, batch_size: int) -> tf.data.Dataset:
    """Makes batches of whole images, which are decoded once where they fit into memory."""
    batches = pipeline.make_evaluation_batches(source, batch_size)
    spec = tf.nest.flatten(batches.element_spec)
    one = sum(x.shape.num_elements() * x.dtype.size for x in spec)
    count = -(-len(source.ids()) // batch_size)
    return batches.cache() if one * count <= pipeline.MEMORY else batches
