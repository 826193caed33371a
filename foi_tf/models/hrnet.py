"""Builds HRNetV2 (Wang et al., TPAMI 2020; Section 3.3 and Appendix A.1 of the paper).

Layer names are stable and systematic, since checkpoints are mapped onto them:
  stem/{conv,bn}{1,2}
  stage1/block{b}/{conv,bn}{1,2,3}, stage1/block0/shortcut_{conv,bn}
  transition{s}/branch{i}/{conv,bn}         from stage s to stage s + 1
  stage{s}/module{m}/branch{i}/block{b}/{conv,bn}{1,2}
  stage{s}/module{m}/fuse{i}/from{j}/{conv,bn}{k}     branch j's share in branch i
"""

import tensorflow as tf

from foi_tf.models import layers
from foi_tf.study.backbones import ALIGNED, NEAREST

BRANCHES = tuple(f"branch_{i}" for i in range(4))


@layers.not_converted
def hrnet_v2(
    width: int = 48,
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    *,
    modules: tuple[int, int, int] = (1, 4, 3),
    blocks: int = 4,
    bottlenecks: int = 4,
    stem: int = 64,
    fusion: str = NEAREST,
) -> tf.keras.Model:
    """Builds a backbone that computes features of normalized images [B, H, W, 3].

    Features are [B, ceil(H / 4), ceil(W / 4), 15 * width]: four branches, upsampled and
    concatenated. Before that, the branches are the outputs of the layers named in `BRANCHES`:
    branch_i is [B, ceil(H / 2**(i+2)), ceil(W / 2**(i+2)), width * 2**i].

    H and W may have any value and may be unknown. If they are known, the network neither
    measures nor crops at run time. At sizes that 32 does not divide, coarse branches are larger
    than a part of the finer ones. Bilinear upsampling resizes them to the finer size, as the
    authors' code does. Nearest upsampling cuts them off (ours: the authors' classification code
    and timm refuse such sizes). Batch norm is synchronized if a distribution strategy with
    more than one replica is in scope. Weights follow from `tf.keras.utils.set_random_seed`.

    Args:
      width: channels of the first branch; 48 in the paper.
      input_shape: (H, W, 3), None where unknown.
      modules: number of multi-resolution modules in stages 2, 3 and 4.
      blocks: number of basic blocks in each branch of a module.
      bottlenecks: number of bottleneck blocks in stage 1.
      stem: channels of the stem and inside the bottlenecks.
      fusion: how coarse branches come to the size of finer ones: "nearest", as in the authors'
        classification code and timm; "bilinear", as in their segmentation code; or "aligned",
        which also aligns the corners, as their networks with OCR.
    """
    image = tf.keras.Input(input_shape, name="image")
    x = layers.conv_bn(image, stem, 3, "stem/{}1", strides=2)
    x = layers.conv_bn(x, stem, 3, "stem/{}2", strides=2)
    for block in range(bottlenecks):
        x = layers.bottleneck(x, stem, f"stage1/block{block}")
    branches = [x]
    for stage, count in enumerate(modules, start=2):
        branches = _transition(branches, width, f"transition{stage - 1}")
        for module in range(count):
            name = f"stage{stage}/module{module}"
            branches = [_branch(x, blocks, f"{name}/branch{i}") for i, x in enumerate(branches)]
            last = stage == 4 and module == count - 1
            names = BRANCHES if last else [f"{name}/fuse{i}/relu" for i in range(stage)]
            branches = [
                tf.keras.layers.ReLU(name=names[i])(_fuse(branches, i, f"{name}/fuse{i}", fusion))
                for i in range(stage)
            ]
    features = layers.ConcatUpsampled(fusion == ALIGNED, name="features")(branches)
    return tf.keras.Model(image, features, name=f"hrnet_w{width}")


def branches(backbone: tf.keras.Model) -> list[tf.Tensor]:
    """Returns the symbolic outputs of the layers `BRANCHES` that a backbone has."""
    named = {layer.name: layer.output for layer in backbone.layers}
    return [named[name] for name in BRANCHES if name in named]


def aligns_corners(backbone: tf.keras.Model) -> bool:
    """Tells whether a backbone aligns the corners of its branches to concatenate them."""
    return any(getattr(layer, "aligned", False) for layer in backbone.layers)


def _transition(branches: list[tf.Tensor], width: int, name: str) -> list[tf.Tensor]:
    """Adds a branch of half the resolution, made from the last one.

    A branch that has the channels of the next stage already stays as it is.
    """
    out = [
        x
        if x.shape[-1] == width * 2**i
        else layers.conv_bn(x, width * 2**i, 3, f"{name}/branch{i}/{{}}")
        for i, x in enumerate(branches)
    ]
    i = len(branches)
    new = layers.conv_bn(branches[-1], width * 2**i, 3, f"{name}/branch{i}/{{}}", strides=2)
    return [*out, new]


def _branch(x: tf.Tensor, blocks: int, name: str) -> tf.Tensor:
    """Adds ResNet's basic blocks, which keep the shape."""
    for block in range(blocks):
        scope = f"{name}/block{block}"
        y = layers.conv_bn(x, x.shape[-1], 3, f"{scope}/{{}}1")
        y = layers.conv_bn(y, x.shape[-1], 3, f"{scope}/{{}}2", relu=False)
        y = tf.keras.layers.Add(name=f"{scope}/add")([x, y])
        x = tf.keras.layers.ReLU(name=f"{scope}/relu2")(y)
    return x


def _fuse(branches: list[tf.Tensor], target: int, name: str, fusion: str) -> tf.Tensor:
    """Sums all branches at the resolution and with the channels of branch `target`.

    Nearest upsampling by 2**n equals n times upsampling by 2. So the coarser branches are added
    from the coarsest on, and each sum is upsampled once. The result is the same as upsampling
    each branch all the way, with fewer passes over large maps. Bilinear upsampling has no such
    rule, and goes all the way.
    """
    channels = branches[target].shape[-1]
    shares = [_down(branches[j], target - j, channels, f"{name}/from{j}") for j in range(target)]
    shares.append(branches[target])
    x = tf.keras.layers.Add(name=f"{name}/add")(shares) if target else branches[target]

    coarse, resized = None, [x]
    for j in reversed(range(target + 1, len(branches))):
        share = layers.conv_bn(branches[j], channels, 1, f"{name}/from{j}/{{}}0", relu=False)
        if fusion == NEAREST:
            coarse = _add_upsampled(share, coarse, f"{name}/from{j}/add")
        else:
            resized.append(share)
    if len(resized) > 1:
        return layers.AddResized(fusion == ALIGNED, name=f"{name}/add_coarse")(resized)
    return _add_upsampled(x, coarse, f"{name}/add_coarse")


def _add_upsampled(fine: tf.Tensor, coarse: tf.Tensor | None, name: str) -> tf.Tensor:
    """Adds the upsampled coarse branch to the fine one; None adds nothing."""
    return fine if coarse is None else layers.AddUpsampled(name=name)([fine, coarse])


def _down(x: tf.Tensor, steps: int, channels: int, name: str) -> tf.Tensor:
    """Halves the resolution `steps` times; the last step sets the channels."""
    for step in range(steps - 1):
        x = layers.conv_bn(x, x.shape[-1], 3, f"{name}/{{}}{step}", strides=2)
    return layers.conv_bn(x, channels, 3, f"{name}/{{}}{steps - 1}", strides=2, relu=False)
