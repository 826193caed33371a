"""Reads depth maps: 16-bit images depth/{split}/*.png and, optionally, depth.json."""

import dataclasses
import functools
import math
from typing import Any

import numpy as np
from etils import epath

from foi_tf import parsing
from foi_tf.data.convert import image_files, raw_files, text_files
from foi_tf.data.convert.reader_result import ReaderResult
from foi_tf.errors import FoiError, unknown_name_error

_AMERICAN_UNITS = {"millimeter": 0.001, "centimeter": 0.01, "meter": 1.0}  # In meters.
_BRITISH_UNITS = {name.replace("meter", "metre"): m for name, m in _AMERICAN_UNITS.items()}
_UNITS = _AMERICAN_UNITS | _BRITISH_UNITS
_FARTHEST = 655.35  # Largest depth in records, in meters: 65535 centimeters.
_UNKNOWN = 0  # Unknown depth in examples, where no visible surface can be.


@dataclasses.dataclass(frozen=True)
class DepthCoding:
    """Describes the meaning of stored values.

    Attributes:
      unit: meters per step of the stored values.
      invalid: stored value of unknown depth, besides 0.
      range: (nearest, farthest) depth in meters, which depth is clipped to later; None
        without limits.
    """

    unit: float = _UNITS["millimeter"]
    invalid: int = _UNKNOWN
    range: tuple[float, float] | None = None


def read_folder(raw_dir: epath.Path) -> ReaderResult:
    """Finds the depth maps of a folder.

    A map has its image's stem and size. By default its values are millimeters, and 0 means
    unknown. depth.json may change that with these keys: `unit` ("millimeter", "centimeter"
    or "meter", also spelled "-metre", or a number of meters per step), `invalid` (another
    value that means unknown) and `range` ([near, far] in meters, which depth is clipped to).
    Other keys are ignored.

    Raises:
      FoiError: a folder is missing, a map has no image, or depth.json is wrong.
    """
    coding = _read_coding(raw_dir / "depth.json")
    return ReaderResult(
        classes={"depth": 1},
        splits=raw_files.find_annotation_images(
            raw_dir, "depth", functools.partial(load_depth_map, coding)
        ),
        depth_range=coding.range,
    )


def load_depth_map(coding: DepthCoding, path: epath.Path) -> dict[str, Any]:
    """Loads a depth map as fields of `schema`.

    Raises:
      FoiError: the file is broken or does not have 16 bits.
    """
    values = image_files.read_labels(path)
    if values.dtype != np.uint16:
        raise FoiError(
            f"{path}: depth must have 16 bits, not 8; a picture of depth has lost its distances; "
            "export the file anew"
        )
    meters = values.astype(np.float32) * np.float32(coding.unit)
    return {"depth": np.where(values == coding.invalid, np.float32(_UNKNOWN), meters)}


def _read_coding(path: epath.Path) -> DepthCoding:
    if not path.exists():
        return DepthCoding()
    try:
        content = parsing.parse_json(text_files.read_text(path))
    except ValueError as error:
        raise FoiError(f"{path}: is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise FoiError(f'{path}: must be a mapping, as {{"unit": "millimeter"}}')
    invalid = content.get("invalid", _UNKNOWN)
    if not isinstance(invalid, int):
        raise FoiError(f"{path}: 'invalid' must be a stored value, as 0 or 65535")
    unit, limits = content.get("unit", "millimeter"), content.get("range")
    return DepthCoding(
        _parse_unit(unit, path), invalid, None if limits is None else _parse_range(limits, path)
    )


def _parse_unit(unit: Any, path: epath.Path) -> float:
    if isinstance(unit, str):
        if unit not in _UNITS:
            raise unknown_name_error("unit", unit, _AMERICAN_UNITS, where=str(path))
        return _UNITS[unit]
    if not _is_number(unit) or unit <= 0:
        raise FoiError(f"{path}: 'unit' must be a name or meters per step, not {unit!r}")
    return float(unit)


def _parse_range(limits: Any, path: epath.Path) -> tuple[float, float]:
    if (
        not isinstance(limits, list)
        or len(limits) != 2
        or not all(map(_is_number, limits))
        or not 0 <= limits[0] < limits[1] <= _FARTHEST
    ):
        raise FoiError(
            f"{path}: 'range' must be [near, far] in meters, "
            f"0 <= near < far <= {_FARTHEST}, not {limits!r}"
        )
    return float(limits[0]), float(limits[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
