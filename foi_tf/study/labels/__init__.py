"""What the paper's datasets call their classes and keypoints, in the order of their indices.

There are as many names as Table 1 counts classes. Mostly it counts, as the code of its
authors does (google-research/factors_of_influence), a background in front of the others,
which takes up all that a dataset ignores: such a name has an index, and no pixel.
"""

from foi_tf.study.labels import aerial, consumer, driving, synthetic, underwater

# By dataset and task type.
NAMES = driving.NAMES | aerial.NAMES | underwater.NAMES | synthetic.NAMES

# By dataset, the names in the raw annotations that become the ignore label.
IGNORED = consumer.IGNORED | driving.IGNORED | aerial.IGNORED | synthetic.IGNORED
