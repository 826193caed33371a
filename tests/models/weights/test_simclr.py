"""Tests the import of checkpoints with the names and shapes that SimCLR's code writes."""

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models.resnet import convolutions
from foi_tf.models.weights import public_weights

pytestmark = pytest.mark.slow  # Building a ResNet-50 takes seconds.

PARAMETERS = ("gamma", "beta", "moving_mean", "moving_variance")
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def kernels():
    """Yields shapes in the order of SimCLR's code: a block's projection, then 1x1, 3x3, 1x1."""
    shapes, channels = [(7, 7, 3, 64)], 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            if block == 0:
                shapes.append((1, 1, channels, 4 * width))
            shapes += [(1, 1, channels, width), (3, 3, width, width), (1, 1, width, 4 * width)]
            channels = 4 * width
    return shapes


def first_version():
    """Yields names and shapes of TensorFlow 1, which numbers layers."""
    for i, shape in enumerate(kernels()):
        number = f"_{i}" if i else ""
        yield f"base_model/conv2d{number}/kernel", shape
        for parameter in PARAMETERS:
            yield f"base_model/batch_normalization{number}/{parameter}", shape[-1:]
    yield "base_model/conv2d/kernel/Momentum", (7, 7, 3, 64)
    yield "global_step", ()
    yield "head_contrastive/nl_0/dense/kernel", (2048, 2048)
    yield "head_supervised/linear_layer/dense/kernel", (2048, 10)
    yield "head_supervised/linear_layer/dense/bias", (10,)


def second_version():
    """Yields names and shapes of TensorFlow 2, which are paths of attributes."""
    root, shapes = "model/resnet_model", iter(kernels())

    def unit(path, place):
        shape = next(shapes)
        yield f"{path}/{place}/conv2d/kernel{VALUE}", shape
        place = 2 if "initial" in path else place + 1
        for parameter in PARAMETERS:
            yield f"{path}/{place}/bn/{parameter}{VALUE}", shape[-1:]

    yield from unit(f"{root}/initial_conv_relu_max_pool", 0)
    for group, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            path = f"{root}/block_groups/{group}/layers/{block}"
            if block == 0:
                yield from unit(f"{path}/projection_layers", 0)
            for place in (0, 3, 6):
                yield from unit(f"{path}/conv_relu_dropblock_layers", place)
    slot = f"{root}/initial_conv_relu_max_pool/0/conv2d/kernel"
    yield f"{slot}/.OPTIMIZER_SLOT/optimizer/Momentum{VALUE}", (7, 7, 3, 64)
    yield f"model/supervised_head/linear_layer/dense/kernel{VALUE}", (2048, 10)
    yield f"model/supervised_head/linear_layer/dense/bias{VALUE}", (10,)


VERSIONS = {"first": first_version, "second": second_version}


def write(path, names, spoil=lambda names: None):
    """Writes a checkpoint in which all values of a tensor are its place in the list."""
    names = dict(names)
    spoil(names)
    values = [np.full(shape, i, np.float32) for i, shape in enumerate(names.values())]
    tf.raw_ops.SaveV2(
        prefix=str(path), tensor_names=list(names), shape_and_slices=[""] * len(names),
        tensors=values,
    )  # fmt: skip
    return names


@pytest.mark.parametrize("version", VERSIONS)
def test_every_tensor_finds_its_place(version, tmp_path):
    names = write(tmp_path / "model.ckpt-1", VERSIONS[version]())
    made, account = public_weights.import_weights(tmp_path / "model.ckpt-1", "resnet50", classes=10)
    places = {name: i for i, name in enumerate(names)}
    backbone = made.network.backbone
    order = list(names)[: 5 * 53]
    for i, name in enumerate(convolutions()):
        norm = backbone.get_layer(name.replace("conv", "bn"))
        found = (backbone.get_layer(name).kernel, *(getattr(norm, p) for p in PARAMETERS))
        for theirs, variable in zip(order[5 * i : 5 * i + 5], found, strict=True):
            assert account.used[theirs].startswith(variable.name.rpartition("/")[0]), theirs
            assert np.all(variable == float(places[theirs])), theirs
    assert len(account.used) == 5 * 53 + 2
    assert set(account.left) == set(names) - set(account.used)
    (theirs,) = (name for name, ours in account.used.items() if ours == "logits/kernel")
    assert np.all(made.head_model.get_layer("logits").kernel == float(places[theirs]))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda n: n.pop("base_model/conv2d_9/kernel"), "lacks 1 of the 267 tensors of resnet50"),
        (lambda n: n.update({"base_model/conv2d_53/kernel": (1, 1, 8, 8)}),
         "1 tensor more than resnet50 has (base_model/conv2d_53/kernel); the file has a larger "),
        (lambda n: n.update({"head_supervised/linear_layer/dense/kernel": (2048, 11)}),
         "the classifier has 11 classes, not 10; check --classes"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(spoil, said, tmp_path):
    write(tmp_path / "m", first_version(), spoil)
    with pytest.raises(FoiError) as raised:
        public_weights.import_weights(tmp_path / "m", "resnet50", classes=10)
    assert said in str(raised.value) and "\n" not in str(raised.value)


def test_other_checkpoints_are_refused(tmp_path):
    write(tmp_path / "m", {"x/kernel": (3,)}.items())
    with pytest.raises(FoiError, match=r"no ResNet of SimCLR's code; its tensors are x/kernel"):
        public_weights.import_weights(tmp_path / "m", "resnet50")
    data = next(tmp_path.glob("m.data*"))
    data.unlink()
    (tmp_path / "m.index").write_bytes(b"1")
    with pytest.raises(FoiError, match="not a whole TensorFlow checkpoint"):
        public_weights.import_weights(tmp_path / "m", "resnet50")
