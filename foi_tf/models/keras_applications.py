"""Builds backbones of the networks of tf.keras.applications."""

import inspect
import sys
import types
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import adapter


def keras_application(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    *,
    application: str,
    weights: str | None = None,
) -> tf.keras.Model:
    """Builds a backbone of a network of tf.keras.applications; see `adapter.adapt_model`.

    Images have pixels in [0, 1]. The backbone prepares them as the network's weights expect.

    Args:
      input_shape: (H, W, 3), None where unknown.
      application: name of the function, such as "EfficientNetV2B0".
      weights: "imagenet" for weights that Keras downloads, or keeps from an earlier time; None
        for random ones.

    Raises:
      FoiError: there is no such network, or it lacks a map of one of the strides.
    """
    module = find_module(application)
    order, scale, offset = find_preparation(module.preprocess_input)
    network = getattr(module, application)(
        include_top=False, weights=weights, input_shape=(None, None, 3)
    )
    return adapter.adapt_model(
        network, input_shape, order=order, scale=scale, offset=offset, name=f"keras:{application}"
    )


def find_preparation(
    preprocess: Callable[[np.ndarray], np.ndarray],
) -> tuple[list[int], list[float], list[float]]:
    """Finds what a function does to pixels in [0, 255]: it orders channels, scales and shifts.

    Returns:
      Order of the channels, factors and offsets, for pixels in [0, 1].

    Raises:
      FoiError: it does anything else.
    """
    black = preprocess(np.zeros((1, 3), np.float32))[0]
    # Row i is the answer to channel i alone.
    primary = preprocess(255 * np.eye(3, dtype=np.float32)) - black
    order = np.abs(primary).argmax(axis=0)
    scale = primary[order, range(3)]
    pixels = np.array([[31, 155, 226]], np.float32)
    expected = preprocess(pixels.copy())
    if not np.allclose(pixels[:, order] / 255 * scale + black, expected, atol=1e-3):
        raise FoiError("a network that prepares its pixels in another way than by channel")
    return order.tolist(), scale.tolist(), black.tolist()


def find_module(application: str) -> types.ModuleType:
    """Finds the module of Keras that has a network and its preprocessing.

    Raises:
      FoiError: there is none.
    """
    function = getattr(tf.keras.applications, application, None)
    # Not all of the public modules have the function of their network.
    module = sys.modules.get(getattr(function, "__module__", ""))
    if not inspect.isfunction(function) or not hasattr(module, "preprocess_input"):
        raise FoiError(f"keras:{application}: not in tf.keras.applications of this version")
    return module
