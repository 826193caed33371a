"""Which source should I pre-train on for my target, and what will it gain?

Transfer chains (initial weights -> source task -> target task) over image
domains and task types, after Mensink et al., "Factors of Influence for
Transfer Learning across Diverse Appearance Domains and Task Types", TPAMI 2021.
"""

import os

__version__ = "0.1.0"

# Both must stand in the environment before TensorFlow is first imported:
# `tf.keras` is Keras 2 only with the first (TensorFlow >= 2.16 with tf-keras),
# and the second keeps start-up chatter off stderr, where our errors go.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
