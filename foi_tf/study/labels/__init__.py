"""What the paper's datasets call their classes and keypoints, in the order of their indices.

There are as many names as Table 1 counts classes. Mostly it counts, as the code of its
authors does (google-research/factors_of_influence), a background in front of the others,
which takes up all that a dataset ignores: such a name has an index, and no pixel.
"""

from foi_tf.study.labels import (
    aerial,
    closeup,
    consumer,
    driving,
    indoor,
    synthetic,
    underwater,
    websearch,
)

# By dataset and task type.
NAMES = (
    consumer.NAMES
    | driving.NAMES
    | aerial.NAMES
    | indoor.NAMES
    | underwater.NAMES
    | closeup.NAMES
    | synthetic.NAMES
    | websearch.NAMES
)

# By dataset, the names in the raw annotations that become the ignore label.
IGNORED = consumer.IGNORED | driving.IGNORED | aerial.IGNORED | indoor.IGNORED | synthetic.IGNORED
