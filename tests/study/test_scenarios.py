import pytest

from foi_tf.study import grid
from foi_tf.study.registry import DATASETS
from foi_tf.study.scenarios import SCENARIOS


@pytest.mark.parametrize("name", ["fixed_size", "self_supervised"])
def test_segmentation_is_repeated_as_in_table_4a(name):
    """17 targets with the 16 other sources, 10 of them with the multi-source model too."""
    chains = SCENARIOS[name].chains(DATASETS, "small")
    assert len(chains) == 17 * 16 + 10
    assert {task.type for one in chains for task in (one.source, one.target)} == {"segmentation"}
    assert set(chains) <= set(grid.chains(DATASETS, "small", "within_type"))


def test_another_backbone_repeats_a_part_of_detection_too():
    chains = SCENARIOS["resnet50"].chains(DATASETS, "small")
    of_detection = [one for one in chains if one.target.type == "detection"]
    # Four targets with three sources; and from segmentation, with its multi-source model.
    assert len(of_detection) == 4 * 3 + 4 * (17 + 1)
    assert len(chains) - len(of_detection) == 17 * 16 + 10


def test_the_self_supervised_chain_has_one_source():
    chains = SCENARIOS["self_supervised_chain"].chains(DATASETS, "small")
    assert {str(one.source) for one in chains} == {"coco:contrastive"} and len(chains) == 17
    assert {one.target.type for one in chains} == {"segmentation"}
