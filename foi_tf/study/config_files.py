"""Reads the files of configurations, and the values that replace some of theirs (--set)."""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from etils import epath

from foi_tf import parsing
from foi_tf.errors import FoiError, unknown_name_error


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
    if not path.exists():
        raise FoiError(f"{path}: no such configuration file")
    text = parsing.read_text(path)
    try:
        raw = parsing.parse_yaml(text)
    except ValueError as error:
        raise FoiError(f"{path}: the file is not YAML ({error}); correct it") from error
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
        raise FoiError(
            f"--set={_show(override)}: must be KEY=VALUE, as segmentation.schedule.steps=200"
        )
    try:
        value = parsing.parse_yaml(text)
    except ValueError as error:
        raise FoiError(f"--set={_show(override)}: the value is not YAML ({error})") from error
    for name in reversed(names):
        value = {name: value}
    return value


def _show(text: str) -> str:
    """Returns the start of a text in one line, with what cannot be printed as escapes."""
    return repr(text[:60])[1:-1] + ("..." if len(text) > 60 else "")


def _package_configs() -> epath.Path:
    """Returns the directory of the configurations that come with the package."""
    try:
        return epath.Path(str(resources.files("foi_tf.configs")))  # As installed.
    except ModuleNotFoundError:
        return epath.Path(__file__).parents[2] / "configs"  # In a checkout.
