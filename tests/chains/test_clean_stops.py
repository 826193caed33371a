"""What ends a link between two loops of steps leaves a checkpoint, and costs no finished step."""

import dataclasses

import pytest

from foi_tf.chains import run_link
from foi_tf.errors import FoiError
from foi_tf.study.choices import Pace
from foi_tf.training import strategies
from tests import tiny_backbone


@pytest.mark.slow
@pytest.mark.parametrize("reason", [KeyboardInterrupt(), FoiError("no time left")])
def test_what_stops_a_link_leaves_a_checkpoint(
    make_link, blocks_data, tmp_path, monkeypatch, reason
):
    tiny_backbone.use_tiny_backbone(monkeypatch)
    strategy, link, seen = strategies.create_strategy("cpu"), make_link(), []
    pace = Pace(steps_per_loop=2, checkpoint_every=100)

    def watch(done, total):
        assert total == link.steps == 6
        seen.append(done)
        if len(seen) == 1:
            raise reason

    def train(folder, **changes):
        own = dataclasses.replace(pace, **changes)
        return run_link.run_link(link, [blocks_data], None, tmp_path / folder, strategy, own)

    with pytest.raises(type(reason)) as raised:
        train("stopped", watch=watch)
    assert raised.value is reason
    assert train("stopped", watch=watch).metrics == train("whole").metrics
    assert seen == [2, 4, 6]
