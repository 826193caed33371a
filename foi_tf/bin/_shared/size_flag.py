"""Flags that take an image size, written HEIGHTxWIDTH as 512x512; HEIGHT,WIDTH is accepted, too."""

import re

from absl import flags

from foi_tf.study.dataset import Size

_FORM = re.compile(r"([1-9]\d*)[x,]([1-9]\d*)")


class _SizeParser(flags.ArgumentParser):
    """Parses "512x512" or "512,512"; an empty text is no size."""

    syntactic_help = "an image size"

    def parse(self, argument: str | Size | None) -> Size | None:
        if not argument or isinstance(argument, tuple):
            return argument or None
        match = _FORM.fullmatch(argument)
        if not match:
            raise ValueError("must be HEIGHTxWIDTH in pixels, as 512x512")
        return int(match[1]), int(match[2])

    def flag_type(self) -> str:
        return "size"


class _SizeSerializer(flags.ArgumentSerializer):
    """Writes a size as `format_size` does."""

    def serialize(self, value: Size) -> str:
        return format_size(value)


def format_size(size: Size) -> str:
    """Writes a size in the form that --help names: (512, 768) is "512x768"."""
    height, width = size
    return f"{height}x{width}"


def define_size(values: flags.FlagValues, name: str, text: str) -> None:
    """Defines a flag whose value is a size (height, width) in pixels, or None."""
    help_text = f"HEIGHTxWIDTH in pixels, as 512x512: {text}"
    flags.DEFINE(_SizeParser(), name, None, help_text, values, _SizeSerializer())
