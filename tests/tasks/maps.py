"""Makes outputs of a head that equal a task's targets."""

import numpy as np
import tensorflow as tf


def perfect(targets):
    """Makes maps [1, ...] from the targets of one image, for detection or keypoints."""
    targets = {name: value.numpy() for name, value in targets.items()}
    shape = targets["background"].shape
    outputs = {}
    for name in ("heatmap", "keypoint_heatmap"):
        if name in targets:
            heat = targets[name].clip(1e-6, 1 - 1e-6)
            outputs[name] = np.log(heat / (1 - heat))
    for name, cell, present in (
        ("offset", "cell", "present"),
        ("size", "cell", "present"),
        ("displacement", "cell", "present"),
        ("keypoint_offset", "keypoint_cell", "keypoint_present"),
    ):
        if name in targets:
            there = targets[present]
            values = targets[name][there]
            values = values.reshape(len(values), int(np.prod(values.shape[1:])))
            flat = np.zeros((shape[0] * shape[1], values.shape[1]), np.float32)
            flat[targets[cell][there]] = values
            outputs[name] = flat.reshape(*shape, -1)
    return {name: tf.constant(value[None], tf.float32) for name, value in outputs.items()}
