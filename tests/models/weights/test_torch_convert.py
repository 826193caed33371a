import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from foi_tf.errors import FoiError
from foi_tf.models import layers
from foi_tf.models.weights import hrnet_names, public_weights, tensor_files, torch_convert
from foi_tf.models.weights.import_report import ImportTarget

MINI = "hrnet_mini"


class Held:
    """Holds tensors in memory with the interface of a file."""

    def __init__(self, values):
        self.values = values
        self.shapes = {name: value.shape for name, value in values.items()}

    def read(self, name):
        return self.values[name]


@pytest.fixture(name="made", scope="module")
def _made():
    """Builds a small classifier in which all values differ."""
    tf.keras.utils.set_random_seed(7)
    made = public_weights.build_classifier(MINI, 5)
    for variable in [*made.network.backbone.variables, *made.head_model.variables]:
        noise = tf.random.uniform(variable.shape, 0.5, 1.5)
        variable.assign(variable + 0.1 * noise if "kernel" in variable.name else noise)
    return made


@pytest.fixture(name="values")
def _values(made):
    return torch_convert.collect_torch_values(made.network.backbone, made.head_model, MINI)


def target_of(made):
    return ImportTarget(backbone=made.network.backbone, backbone_name=MINI, head=made.head_model)


def load(values, *, classes=5):
    held = Held(values)
    headed = classes and torch_convert.has_head(held, "f", MINI)
    tf.keras.utils.set_random_seed(8)
    other = public_weights.build_classifier(MINI, classes if headed else 0)
    account = torch_convert.load_weights(held, "f", target_of(other))
    return other, account


def test_some_names_by_hand():
    module = hrnet_names.backbone_module
    assert module("stem/conv2") == "conv2"
    assert module("stage1/block0/shortcut_bn") == "layer1.0.downsample.1"
    assert module("transition1/branch0/conv") == "transition1.0.0"
    assert module("transition1/branch1/conv") == "transition1.1.0.0"
    assert module("transition3/branch3/bn") == "transition3.3.0.1"
    assert module("stage3/module2/branch1/block3/bn2") == "stage3.2.branches.1.3.bn2"
    assert module("stage4/module0/fuse0/from3/conv0") == "stage4.0.fuse_layers.0.3.0"
    assert module("stage4/module0/fuse3/from0/bn2") == "stage4.0.fuse_layers.3.0.2.1"
    assert hrnet_names.head_module("down1/conv") == "downsamp_modules.0.0"
    assert hrnet_names.head_module("branch2/shortcut_conv") == "incre_modules.2.0.downsample.0"


def test_a_unit_is_what_pytorch_computes():
    """Computes convolution (padded by 1 on every side, strides 2), batch norm and ReLU by hand."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)  # PyTorch's (out, in, H, W).
    gamma, beta, mean, variance = rng.uniform(0.5, 1.5, (4, 4)).astype(np.float32)
    image = rng.normal(size=(9, 12, 3)).astype(np.float32)
    inputs = tf.keras.Input((None, None, 3))
    model = tf.keras.Model(inputs, layers.conv_bn(inputs, 4, 3, "{}", strides=2))
    kernel = torch_convert.from_torch(weight, model.layers[1].kernel)
    model.set_weights([kernel, gamma, beta, mean, variance])
    padded = np.pad(image, [(1, 1), (1, 1), (0, 0)])
    for i in range(4):
        shares = [
            scipy.signal.correlate(padded[..., j], weight[i, j], mode="valid") for j in range(3)
        ]
        x = sum(shares)[::2, ::2]
        x = (x - mean[i]) / np.sqrt(variance[i] + 1e-5) * gamma[i] + beta[i]
        np.testing.assert_allclose(model(image[None])[0, ..., i], np.maximum(x, 0), atol=1e-4)


def test_out_and_in_again_gives_the_same_bits(made, tmp_path):
    path = tmp_path / "x.safetensors"
    public_weights.write_safetensors(
        made.network.backbone, made.head_model, path, {"note": "1"}, MINI
    )
    again, account = public_weights.import_weights(path, MINI, classes=5)
    assert not account.left and len(account.used) == len(tensor_files.open_tensors(path).shapes)
    pixels = tf.random.stateless_uniform((1, 50, 70, 3), [0, 1], 0, 255)
    name = str(public_weights.TASK)
    assert np.array_equal(made.network.models[name](pixels), again.network.models[name](pixels))


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["model.", "module.backbone."])
def test_every_tensor_is_accounted_for(values, made, prefix):
    others = {
        f"{prefix}bn1.num_batches_tracked": np.asarray(3),
        f"{prefix}last_layer.0.weight": np.zeros((4, 4, 1, 1), np.float32),
        "loss.criterion.weight": np.ones(4, np.float32),
    }
    named = {f"{prefix}{n}": v.astype(np.float64) for n, v in values.items()}
    loaded, account = load(named | others)
    assert account.left == {
        f"{prefix}bn1.num_batches_tracked": "a counter of PyTorch",
        f"{prefix}last_layer.0.weight": "not part of the imported network",
        "loss.criterion.weight": "not part of the imported network",
    }
    assert set(account.used) == set(named)
    assert account.used[f"{prefix}bn1.running_var"] == "stem/bn1/moving_variance"
    for ours, theirs in (
        (loaded.network.backbone, made.network.backbone), (loaded.head_model, made.head_model),
    ):  # fmt: skip
        for a, b in zip(ours.variables, theirs.variables, strict=True):
            assert np.array_equal(a, b), a.name


@pytest.mark.parametrize(
    ("others", "backbone", "said"),
    [
        (["last_layer.0.weight", "last_layer.3.bias"], "hrnet_w48",
         "f: a network that fuses its branches bilinearly (HRNet's segmentation code), unlike "
         "hrnet_w48; take --backbone=hrnet_w48_bilinear"),
        (["model.conv3x3_ocr.0.weight", "aux_head.0.weight"], "hrnet_w48",
         "aligned corners (HRNet's segmentation code with OCR), unlike hrnet_w48; take "
         "--backbone=hrnet_w48_aligned"),
        (["decode_head.conv_seg.weight"], "hrnet_w48", "take --backbone=hrnet_w48_bilinear"),
        (["module.incre_modules.0.0.conv1.weight"], "hrnet_w48_bilinear",
         "f: a network that fuses its branches by the nearest pixel (HRNet's classification code, "
         "timm), unlike hrnet_w48_bilinear; take --backbone=hrnet_w48"),
        (["last_layer.0.weight"], "hrnet_w48_bilinear", ""),
        (["conv3x3_ocr.0.weight"], "hrnet_w48_aligned", ""),
        (["classifier.weight"], "hrnet_w48", ""),
        ([], "hrnet_w48_bilinear", ""),  # A bare backbone can be of any of them.
    ],
)  # fmt: skip
def test_the_way_to_fuse_branches_is_kept(others, backbone, said):
    held = Held(
        dict.fromkeys([hrnet_names.LAYOUT.landmark, *others], np.zeros(1))
        | {"transition1.0.0.weight": np.zeros((48, 256, 3, 3))}
    )
    if not said:
        torch_convert.check_fusion(held, "f", backbone)
        return
    with pytest.raises(FoiError) as raised:
        torch_convert.check_fusion(held, "f", backbone)
    assert str(raised.value).endswith(said) and "\n" not in str(raised.value)


@pytest.mark.slow
def test_a_backbone_alone(values):
    body = {n: v for n, v in values.items() if hrnet_names.is_backbone_tensor(n)}
    assert load(body)[0].head is None
    other, account = load(values, classes=0)
    assert other.head is None
    assert set(account.left) == set(values) - set(body)


def first(values, end):
    return next(name for name in values if name.endswith(end))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda v: v.pop("stage3.0.branches.1.0.conv2.weight"),
         "f: lacks 1 of the 371 tensors of hrnet_mini (stage3.0.branches.1.0.conv2.weight); "
         "the file has a smaller network, or is incomplete; check --backbone"),
        (lambda v: v.pop("final_layer.0.bias"), "--classes=0 imports the backbone alone"),
        (lambda v: v.update({"bn2.weight": np.zeros(3)}),
         "f: 1 tensor of another shape than in hrnet_mini: bn2.weight 3 not 16"),
        (lambda v: v.update({"stage2.1.branches.0.0.conv1.weight": np.zeros(3)}),
         "f: 1 tensor more than hrnet_mini has (stage2.1.branches.0.0.conv1.weight); the file"),
        (lambda v: v.update({"transition1.0.0.weight": np.zeros((18, 64, 3, 3))}),
         "f: HRNetV2 of width 18, but hrnet_mini has width 16; check --backbone"),
        (lambda v: v.update({"classifier.weight": np.zeros((6, 128))}),
         "f: the classifier has 6 classes, not 5; check --classes"),
        (lambda v: v.pop("layer1.0.conv1.weight"),
         "f: no HRNetV2 weights; its tensors are conv1.weight, bn1.weight, bn1.bias, ..."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(made, values, spoil, said):
    spoil(values)
    with pytest.raises(FoiError) as raised:
        torch_convert.load_weights(Held(values), "f", target_of(made))
    assert said in str(raised.value) and "\n" not in str(raised.value)
