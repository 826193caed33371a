"""Lists the keypoints of the close-up dataset."""

from foi_tf.study.labels import joints

NAMES: dict[str, dict[str, tuple[str, ...]]] = {"dogs": {"keypoints": joints.DOGS}}
