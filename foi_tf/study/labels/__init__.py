"""Lists the names of classes and keypoints of the paper's datasets, in the order of indices.

There are as many names as Table 1 counts classes. Like the code of the authors
(google-research/factors_of_influence), Table 1 mostly counts a background class in front of
the others, for all that a dataset ignores. Such a name has an index, but no pixel. One rule
holds for all datasets: what a publisher calls background, unlabeled, void, other or undefined
is ignored in training (Eq. A.1) and in evaluation, also where Table 1 counts it.
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

# Names of classes or keypoints, by dataset and task type.
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

# Names in the raw annotations that become the ignore label, by dataset.
IGNORED = (
    consumer.IGNORED
    | driving.IGNORED
    | aerial.IGNORED
    | indoor.IGNORED
    | synthetic.IGNORED
    | underwater.IGNORED
)
