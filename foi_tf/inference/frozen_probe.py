"""Probes weights for a target: fits a head to their frozen features, and evaluates it.

A probe takes seconds where fine-tuning takes minutes to hours, so it can screen many sources.
"""

import time
from collections.abc import Iterator, Sequence

from etils import epath

from foi_tf.chains.initial_weights import Start
from foi_tf.inference import features, linear_probe
from foi_tf.inference.head_probe import HeadProbe
from foi_tf.inference.probe_request import ProbeRequest
from foi_tf.study import probe_files
from foi_tf.study.dataset import CLASSIFICATION
from foi_tf.study.probe_files import ProbeScore


def probe_weights(
    request: ProbeRequest,
    backbone: str,
    starts: Sequence[Start],
    *,
    batch_size: int = 8,
    keep: epath.PathLike = "",
) -> Iterator[ProbeScore]:
    """Probes several weights of one backbone for a target, one after another.

    The network is built and traced once for all of them, when it is first needed.

    Args:
      request: the target.
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      starts: the weights, of `chains.initial_weights`.
      batch_size: images that the backbone takes at a time.
      keep: directory that scores are written to as they come; a score that is there already
        is not computed again. "" keeps none.

    Raises:
      FoiError: weights are not for this backbone, features would not fit into memory, training
        images have a single class, or the directory cannot be written.
    """
    measure = None
    for begin in starts:
        origin = request.describe(backbone, begin)
        score = probe_files.find_score(keep, origin) if keep else None
        if score is None:
            measure = measure or _make_probe(request, backbone, batch_size)
            started = time.monotonic()
            metric, found = measure(begin)
            score = probe_files.make_score(origin, metric, found, time.monotonic() - started)
            if keep:
                probe_files.write_score(keep, score)
        yield score


def _make_probe(request: ProbeRequest, backbone: str, batch_size: int):
    """Makes the function from weights to the name of the metric and all metrics."""
    if request.task.type != CLASSIFICATION:
        return HeadProbe(request, backbone, batch_size).measure

    asked = features.FeatureRequest(
        prepared=request.prepared,
        images=request.images,
        size=request.size,
        fit=request.fit,
        seed=request.seed,
    )

    def measure(begin: Start) -> tuple[str, dict[str, float]]:
        network = features.FeatureExtractor(backbone, begin, request.seed)
        found = linear_probe.evaluate_probe(asked, network, batch_size)
        return "top1", {"top1": found.top1}

    return measure
