"""Computes maps of a network again for its gradients, in place of keeping them.

A functional model is cut into segments. The forward pass keeps only the maps that cross a cut, and
the backward pass computes the maps of one segment at a time again: `tf.recompute_grad`, after Chen
et al. (arXiv 1604.06174). Cuts lie where few maps cross.
"""

import contextlib
import functools
import itertools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import tensorflow as tf

from foi_tf.models import layers, operations

Outputs: TypeAlias = tf.Tensor | dict[str, tf.Tensor]

_SIDE = 256  # Side of the image that maps are measured with, where it is unknown.
_MOST_SEGMENTS = 32

_recomputing = threading.local()  # Each replica of a mirrored strategy is traced in its own thread.


@layers.not_converted
def rematerialize(model: tf.keras.Model) -> Callable[[tf.Tensor], Outputs]:
    """Returns a function with the outputs of a model in training, and with the same gradients.

    Batch norm moves its averages once a step, as without it. Random numbers, as those of dropout,
    would be drawn anew; our networks draw none.

    Args:
      model: of pixels [B, H, W, 3], as `transfer.build_network` builds it: a layer that
        normalizes them and a functional model.
    """
    _, normalize, network = model.layers
    for layer in network.submodules:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.add_update = functools.partial(_update_unless_recomputing, layer.add_update)
    *segments, last = cut_into_segments(network)

    def compute(pixels: tf.Tensor) -> Outputs:
        maps = {id(network.input): normalize(pixels)}
        for segment in segments:
            given = [maps[key] for key in segment.inputs]
            maps |= zip(segment.outputs, _recompute(segment)(*given), strict=True)
        # The backward pass begins with the last segment, so that it can keep its maps.
        found = last(*(maps[key] for key in last.inputs), training=True)
        return tf.nest.pack_sequence_as(network.output, found)

    return compute


def cut_into_segments(network: tf.keras.Model) -> list["Segment"]:
    """Cuts a functional model that calls each layer once, where few maps cross."""
    called = [one for one in network.layers if not isinstance(one, tf.keras.layers.InputLayer)]
    nodes = [layer.inbound_nodes[-1] for layer in called]
    made = [tf.nest.flatten(operations.find_output(layer)) for layer in called]
    sizes = iter(_count_elements(network, [x for own in made for x in own]))
    size = {id(x): next(sizes) for own in made for x in own}
    last_use = {id(x): place for place, node in enumerate(nodes) for x in node.keras_inputs}
    last_use |= {id(x): len(nodes) for x in tf.nest.flatten(network.output)}

    def list_crossing(end: int) -> list[int]:
        """Lists the maps that are made before the layer at `end`, and used by it or later."""
        return [id(x) for own in made[:end] for x in own if last_use.get(id(x), -1) >= end]

    ends = choose_cuts(
        [sum(size[id(x)] for x in own) for own in made],
        [sum(size[key] for key in list_crossing(end)) for end in range(1, len(nodes) + 1)],
    )
    segments = []
    for begin, end in itertools.pairwise([0, *ends]):
        inside = {id(x) for own in made[begin:end] for x in own}
        used = dict.fromkeys(id(x) for node in nodes[begin:end] for x in node.keras_inputs)
        segments.append(
            Segment(
                nodes[begin:end],
                inputs=[key for key in used if key not in inside],
                outputs=[key for key in list_crossing(end) if key in inside],
            )
        )
    return segments


def choose_cuts(sizes: Sequence[float], crossing: Sequence[float]) -> list[int]:
    """Chooses where to cut a sequence of layers, so that little memory is needed at a time.

    That is the memory of all maps that cross a cut and of the largest segment.

    Args:
      sizes: size of the maps that each layer makes.
      crossing: size of the maps that cross a cut after each layer.

    Returns:
      The end of each segment; the last is the number of layers.
    """

    def estimate(ends: list[int]) -> float:
        largest = max(sum(sizes[begin:end]) for begin, end in itertools.pairwise([0, *ends]))
        return largest + sum(crossing[end - 1] for end in ends[:-1])

    counts = range(1, _MOST_SEGMENTS + 1)
    return min((_cut(sizes, crossing, sum(sizes) / count) for count in counts), key=estimate)


def _cut(sizes: Sequence[float], crossing: Sequence[float], most: float) -> list[int]:
    """Returns the ends of segments of at most `most`, or of one layer, with least maps between."""
    # Up to each layer: the least sum of crossing maps, and where its last segment begins.
    found = [(0.0, 0)]
    for end in range(1, len(sizes) + 1):
        between = crossing[end - 1] if end < len(sizes) else 0.0
        size, options = 0.0, []
        for begin in reversed(range(end)):
            size += sizes[begin]
            if size > most and options:
                break
            options.append((found[begin][0] + between, begin))
        found.append(min(options))
    ends = [len(sizes)]
    while begin := found[ends[0]][1]:
        ends.insert(0, begin)
    return ends


def _count_elements(network: tf.keras.Model, maps: Sequence[tf.Tensor]) -> list[int]:
    """Counts the elements of symbolic maps, for one image."""
    shapes = [x.shape[1:] for x in maps]
    if any(None in shape for shape in shapes):
        sides = [side or _SIDE for side in network.input.shape[1:3]]
        shapes = [shape[1:] for shape in operations.infer_shapes(network, maps, tuple(sides))]
    return [math.prod(shape) for shape in shapes]


class Segment(tf.keras.layers.Layer):
    """Calls some of a functional model's layers, one after another, as the model does.

    Attributes:
      inputs, outputs: which symbolic maps of the model come in and leave, by `id`.
    """

    def __init__(self, nodes: Sequence, inputs: Sequence[int], outputs: Sequence[int]):
        # Layers cast their own inputs.
        super().__init__(autocast=False)
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self._nodes = tuple(nodes)

    @layers.not_converted
    def call(self, *maps: tf.Tensor, training: bool | None = None) -> list[tf.Tensor]:
        """Computes the maps that leave from those that come in; layers inherit `training`."""
        del training
        values = dict(zip(self.inputs, maps, strict=True))
        for node in self._nodes:
            args, kwargs = tf.nest.map_structure(
                lambda x: values.get(id(x), x), (node.call_args, node.call_kwargs)
            )
            found = node.layer(*args, **kwargs)
            for symbolic, value in zip(
                tf.nest.flatten(node.outputs), tf.nest.flatten(found), strict=True
            ):
                values[id(symbolic)] = value
        return [values[key] for key in self.outputs]

    @property
    def layers(self) -> list[tf.keras.layers.Layer]:
        """Lists the layers that it calls, in their order."""
        return [node.layer for node in self._nodes]


def _recompute(segment: Segment) -> Callable[..., list[tf.Tensor]]:
    """Returns a function that calls a segment, and once more when its gradients are asked for."""
    calls = itertools.count()

    def compute(*maps: tf.Tensor) -> list[tf.Tensor]:
        with _recomputation(next(calls) > 0):
            return segment(*maps, training=True)

    return tf.recompute_grad(compute)


@contextlib.contextmanager
def _recomputation(active: bool) -> Iterator[None]:
    """Has batch norm leave its moving averages as they are within the block, if `active`."""
    _recomputing.active = active
    try:
        yield
    finally:
        _recomputing.active = False


def _update_unless_recomputing(add_update: Callable[..., None], *args, **kwargs) -> None:
    """Calls `tf.keras.layers.Layer.add_update`, but for maps that are computed again."""
    if not getattr(_recomputing, "active", False):
        add_update(*args, **kwargs)
