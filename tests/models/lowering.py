"""Lowers training steps to XLA, which fails on operations that TPUs lack."""

import tensorflow as tf
from tensorflow.python.framework import config


def lower_training_step(model, size):
    """Returns the HLO of a training step; an odd image size covers cropping, too."""
    # Another test may have asked for it. Then XLA refuses the gradient of max pooling.
    config.disable_op_determinism()

    def step(images):
        with tf.GradientTape() as tape:
            outputs = tf.nest.flatten(model(images, training=True))
            loss = tf.add_n([tf.reduce_mean(tf.square(output)) for output in outputs])
        gradients = tape.gradient(loss, model.trainable_variables)
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            variable.assign_sub(0.1 * gradient)
        return loss

    step = tf.function(step, autograph=False, jit_compile=True)
    images = tf.zeros((2, *size, 3))
    return step.experimental_get_compiler_ir(images)(stage="hlo")
