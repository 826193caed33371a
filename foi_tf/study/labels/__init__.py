"""What the paper's datasets call their classes and keypoints, in the order of their indices.

There are as many names as Table 1 counts classes. Where that counts a name whose pixels
are ignored, too, the name has an index, and no pixel.
"""

from foi_tf.study.labels import aerial, consumer, driving

# By dataset and task type.
NAMES = {**driving.NAMES}

# By dataset, the names in the raw annotations that become the ignore label.
IGNORED = consumer.IGNORED | driving.IGNORED | aerial.IGNORED
