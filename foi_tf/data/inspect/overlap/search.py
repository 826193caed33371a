"""Finds pairs of hashes that differ in few bits, without comparing all pairs.

Two hashes that differ in few bits have most chunks in common, except for their weakest bits.
So a query is compared only with hashes that share one of its chunks (multi-index hashing,
Norouzi et al. 2012). Each chunk is looked up under the few keys that its weakest bits allow.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from foi_tf.data.inspect.overlap.hashes import CHUNK_BITS, CHUNKS

_AT_A_TIME = 2**24  # Pairs that are compared at once; ours.


class NearHashes(NamedTuple):
    """Holds P pairs of a query and a hash that differ in few bits; int64 [P] each.

    Attributes:
      query, found: the indices of the query and of the hash.
      distance: the number of bits that differ.
    """

    query: np.ndarray
    found: np.ndarray
    distance: np.ndarray


def find_near_hashes(
    hashes: np.ndarray, queries: np.ndarray, probes: np.ndarray, most: int
) -> Iterator[NearHashes]:
    """Yields the hashes that differ from queries in at most `most` bits.

    A pair may be yielded several times. A pair is missed if in each chunk other bits than the
    query's weakest ones differ.

    Args:
      hashes: uint64 [N], the hashes that are searched.
      queries: uint64 [Q].
      probes: uint16 [Q, CHUNKS, PROBES]; the bits to flip in the queries' chunks.
      most: the largest number of bits that may differ.
    """
    for chunk in range(CHUNKS):
        keys = _take_chunk(hashes, chunk)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        table = hashes[order]
        bounds = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << CHUNK_BITS))])
        for probe in range(probes.shape[2]):
            keys = (_take_chunk(queries, chunk) ^ probes[:, chunk, probe]).astype(np.int64)
            first, counts = bounds[keys], bounds[keys + 1] - bounds[keys]
            for start, end in _split_queries(counts):
                block_counts = counts[start:end]
                query = np.repeat(np.arange(start, end), block_counts)
                skipped = np.cumsum(block_counts) - block_counts
                place = np.arange(len(query)) + np.repeat(first[start:end] - skipped, block_counts)
                distance = _count_ones(table[place] ^ queries[query])
                close = np.flatnonzero(distance <= most)
                found = order[place[close]].astype(np.int64)
                yield NearHashes(query[close], found, distance[close].astype(np.int64))


def _take_chunk(hashes: np.ndarray, chunk: int) -> np.ndarray:
    return (hashes >> np.uint64(chunk * CHUNK_BITS)).astype(np.uint16)


def _count_ones(values: np.ndarray) -> np.ndarray:
    # NumPy can count bits only from version 2.0 on.
    return tf.raw_ops.PopulationCount(x=values).numpy()


def _split_queries(counts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yields ranges (start, end) of queries that have about `_AT_A_TIME` pairs together."""
    total = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = total[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(total, done + _AT_A_TIME, "right")))
        yield start, end
        start = end
