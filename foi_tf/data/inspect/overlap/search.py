"""All pairs of hashes that differ in few bits, without comparing all pairs.

Two hashes that are near agree in most chunks, bar their weakest bits; so a query is
compared only with those that share one of its chunks (multi-index hashing, Norouzi et
al. 2012), under the few keys that its weakest bits may turn it into.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from foi_tf.data.inspect.overlap.hashes import CHUNK_BITS, CHUNKS

_AT_A_TIME = 2**24  # Pairs that are compared at once; ours.


class NearHashes(NamedTuple):
    """Pairs; int64 [P] each: index of the query, index of the hash, bits that differ."""

    query: np.ndarray
    found: np.ndarray
    distance: np.ndarray


def find_near_hashes(
    hashes: np.ndarray, queries: np.ndarray, probes: np.ndarray, most: int
) -> Iterator[NearHashes]:
    """Yields the hashes that differ from queries in at most `most` bits.

    A pair may come repeatedly; one that differs in more than its weakest bits in each chunk
    does not come.

    Args:
      hashes: uint64 [N] that are searched.
      queries: uint64 [Q].
      probes: uint16 [Q, CHUNKS, PROBES]; what to flip in the queries' chunks.
    """
    for chunk in range(CHUNKS):
        keys = _chunk(hashes, chunk)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        table = hashes[order]
        bounds = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << CHUNK_BITS))])
        for probe in range(probes.shape[2]):
            keys = (_chunk(queries, chunk) ^ probes[:, chunk, probe]).astype(np.int64)
            first, counts = bounds[keys], bounds[keys + 1] - bounds[keys]
            for start, end in _blocks(counts):
                of_block = counts[start:end]
                query = np.repeat(np.arange(start, end), of_block)
                skipped = np.cumsum(of_block) - of_block
                place = np.arange(len(query)) + np.repeat(first[start:end] - skipped, of_block)
                distance = _ones(table[place] ^ queries[query])
                close = np.flatnonzero(distance <= most)
                found = order[place[close]].astype(np.int64)
                yield NearHashes(query[close], found, distance[close].astype(np.int64))


def _chunk(hashes: np.ndarray, chunk: int) -> np.ndarray:
    return (hashes >> np.uint64(chunk * CHUNK_BITS)).astype(np.uint16)


def _ones(values: np.ndarray) -> np.ndarray:
    # NumPy counts bits from 2.0 only.
    return tf.raw_ops.PopulationCount(x=values).numpy()


def _blocks(counts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Cuts queries into runs of about as many pairs as are compared at once."""
    total = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = total[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(total, done + _AT_A_TIME, "right")))
        yield start, end
        start = end
