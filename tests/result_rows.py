"""Makes result rows like those of real runs."""

import dataclasses

from foi_tf.study.results import Row

# A chain without a source, and the values of a row whose source is Cityscapes instead.
BASELINE = Row(
    target="camvid", target_type="segmentation", target_domain="driving", source="ilsvrc",
    source_type="", source_domain="", setting="small", backbone="hrnet_w18", init="ilsvrc",
    seed=0, learning_rate=0.01, n_source=0, n_target=150, metric="miou", value=0.5, steps=10,
    wall_seconds=1.0, device="cpu", devices=1, chip_hours=0.0, config_digest="d", version="0",
)  # fmt: skip
CITY = {"source": "city", "source_type": "segmentation", "source_domain": "driving"}


def changed(row, **fields):
    """Returns a copy of a row with other values in some fields."""
    return dataclasses.replace(row, **fields)
