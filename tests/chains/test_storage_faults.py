"""Writes of a link fail: the cause is told, and the same command goes on to the same end."""

import errno

import pytest

from benchmarks import storage
from foi_tf import lease
from tests import tiny_backbone
from tests.storage_faults import FailingWrites


@pytest.mark.slow
def test_some_writes_fail_and_nothing_is_lost(blocks, tmp_path, monkeypatch):
    """All of them: `python -m benchmarks.storage`."""
    tiny_backbone.use_tiny_backbone(monkeypatch)
    monkeypatch.setattr(lease, "BEAT", 1e6)  # How many signs of life there are depends on time.
    train = storage.make_trainer(blocks, tmp_path)
    with FailingWrites().active() as writes:
        calm = storage.read_outcome(tmp_path / "calm", train(tmp_path / "calm"))
    kinds = [done.partition(" ")[0] for done in writes.done]
    assert {"open", "replace", "fsync", "tensors", "list"} <= set(kinds)
    for number in (kinds.index("tensors"), kinds.index("list"), len(kinds) - 2):
        code = errno.EIO if number % 2 else errno.ENOSPC
        assert storage.fail_at(number, code, train, tmp_path / f"w{number}", calm)
