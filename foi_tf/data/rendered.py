"""The rendered collection as examples, drawn by several processes."""

import contextlib
import functools
import multiprocessing
import os
from collections.abc import Callable, Iterator

import cv2

from foi_tf.data import miniworld, schema
from foi_tf.data.check import check
from foi_tf.study.dataset import Size

_AT_A_TIME = 16


@contextlib.contextmanager
def renderer() -> Iterator[Callable[[str], Callable]]:
    """Yields dataset id -> what `builder.build` takes as `examples`.

    The processes are started anew: forked ones would hang where TensorFlow has run before.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(os.cpu_count(), cv2.setNumThreads, (1,)) as pool:
        yield lambda dataset_id: functools.partial(_examples, pool, dataset_id)


def _examples(pool, dataset_id: str, split: str) -> Iterator[tuple[schema.Example, Size]]:
    dataset = miniworld.DATASETS[dataset_id]
    draw = functools.partial(miniworld.render, dataset_id, split)
    count = dataset.train if split == "train" else dataset.val
    for example in pool.imap(draw, range(count), _AT_A_TIME):
        size = example["image"].shape[:2]
        yield check(example, dataset, size, f"{dataset_id}/{example['id']}"), size
