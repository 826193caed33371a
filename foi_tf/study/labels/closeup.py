"""Keypoints of the close-up dataset."""

from foi_tf.study.labels import joints

NAMES = {"dogs": {"keypoints": joints.DOGS}}
