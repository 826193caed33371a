"""Reads the files of configurations, and the values that replace some of theirs (--set)."""

import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import yaml
from etils import epath

from foi_tf.errors import FoiError, unknown_name_error


class _Loader(yaml.SafeLoader):
    """Loads YAML in which 1e-3 is a number, as in YAML 1.2; for PyYAML itself it is a text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def find_config_file(name_or_path: str) -> epath.Path:
    """Returns the path of a configuration.

    Args:
      name_or_path: name of a configuration of the package ("paper", "mini", ...), or path of
        a file that ends in .yaml or .yml.

    Raises:
      FoiError: there is no configuration of that name.
    """
    if name_or_path.endswith((".yaml", ".yml")):
        return epath.Path(name_or_path)
    packaged = {p.stem: p for p in _package_configs().iterdir() if p.suffix == ".yaml"}
    if name_or_path not in packaged:
        raise unknown_name_error("configuration", name_or_path, packaged)
    return packaged[name_or_path]


def read_config_file(name_or_path: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Reads a configuration's file as nested dictionaries, without checking keys and values.

    Args:
      name_or_path: see `find_config_file`.
      overrides: values that replace those of the file, each as KEY=VALUE with a YAML value:
        "segmentation.schedule.steps=200", "segmentation.datasets.camvid.crop=[96, 128]". A
        mapping is merged into the file's, key by key.

    Raises:
      FoiError: the file does not exist or does not hold a YAML mapping, or an override is not
        of that form.
    """
    path = find_config_file(name_or_path)
    try:
        raw = yaml.load(path.read_text(), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FoiError(
            f"{path}: the file is not YAML ({' '.join(str(error).split())}); correct it"
        ) from error
    except OSError as error:
        raise FoiError(f"{path}: no such configuration file") from error
    if not isinstance(raw, dict):
        raise FoiError(f"{path}: the file must map task types to their settings")
    for override in overrides:
        raw = merge_settings(raw, _parse_override(override), str(path))
    return raw


def merge_settings(base: Mapping, changes: Any, where: str) -> dict:
    """Returns `base` with `changes` put over it, key by key at every depth."""
    if not isinstance(changes, Mapping):
        raise FoiError(f"{where}: this must be a mapping of keys to values")
    merged = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge_settings(merged[key], value, f"{where}.{key}") if nested else value
    return merged


def _parse_override(override: str) -> dict[str, Any]:
    """Parses KEY=VALUE to nested dictionaries: "a.b=1" to {"a": {"b": 1}}."""
    key, equals, text = override.partition("=")
    names = key.split(".")
    if not equals or not all(names):
        raise FoiError(f"--set={override}: must be KEY=VALUE, as segmentation.schedule.steps=200")
    try:
        value = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise FoiError(
            f"--set={override}: the value is not YAML ({' '.join(str(error).split())})"
        ) from error
    for name in reversed(names):
        value = {name: value}
    return value


def _package_configs() -> epath.Path:
    """Returns the directory of the configurations that come with the package."""
    try:
        return epath.Path(str(resources.files("foi_tf.configs")))  # As installed.
    except ModuleNotFoundError:
        return epath.Path(__file__).parents[2] / "configs"  # In a checkout.
