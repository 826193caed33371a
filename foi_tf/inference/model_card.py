"""Renders model cards in Markdown: use, facts and classes of an exported model."""

from collections.abc import Iterable, Mapping
from typing import Any

from foi_tf import tasks
from foi_tf.study.backbones import BACKBONES
from foi_tf.study.metrics import METRICS

_USES = {
    "saved_model": """\
```python
import tensorflow as tf

model = tf.saved_model.load("PATH")  # tensorflow_hub.load works, too.
images = tf.zeros((1, 480, 640, 3), tf.uint8)  # RGB, any size.
{calls}
```
""",
    "timm": """\
```python
import timm
from safetensors.torch import load_file

model = timm.create_model("{backbone}", num_classes={classes})
model.load_state_dict(load_file("PATH/model.safetensors"), strict={strict})
```

Images are to be normalized by the mean and standard deviation below.
""",
    "safetensors": """\
```
foi-weights import --backbone={backbone} --weights=PATH/model.safetensors --out=weights
```

Tensors have the names of timm's HRNetV2, which has no {backbone}. Images are to be normalized by
the mean and standard deviation below.
""",
}
_CALLS = {
    "get_features": 'features = model.signatures["get_features"](images=images)["features"]',
    "predict": 'found = model.signatures["predict"](images=images)  # {fields}',
}


_FITS = {
    "inside": "whole images are scaled to fit into it",
    "cover": "images are scaled to fill it; only their middle is seen",
}


def render_card(metadata: Mapping[str, Any]) -> str:
    """Renders the model card for the metadata that `export` writes."""
    chain = " → ".join(metadata["chain"])
    parts = [
        f"# {metadata.get('task', metadata['backbone'])}",
        f"{metadata['backbone']}, trained on {chain}, made with foi_tf {metadata['foi_tf']}.",
        "## Use",
        _use(metadata),
        "## Facts",
        _table(_facts(metadata)),
    ]
    if names := metadata.get("class_names"):
        parts += ["## Classes", "\n".join(f"{i}. {name}" for i, name in enumerate(names))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _use(metadata: Mapping[str, Any]) -> str:
    """Returns the section with code that loads the model."""
    kind = metadata.get("task_type")
    calls = [_CALLS["get_features"]]
    if kind:
        calls.append(_CALLS["predict"].format(fields=tasks.TYPES[kind].prediction_text))
    whole = kind == "classification"
    known = metadata["format"] == "safetensors" and BACKBONES[metadata["backbone"]].in_timm
    return _USES["timm" if known else metadata["format"]].format(
        calls="\n".join(calls),
        backbone=metadata["backbone"],
        classes=metadata["classes"] if whole else 0,
        strict=whole,
    )


def _facts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Returns the rows of the table of facts: their labels and texts."""
    facts = {
        "License": metadata["license"],
        "Computes in": metadata["precision"],
        "Mean and standard deviation of R, G, B in [0, 1]": (
            f"{_format_numbers(metadata['mean'])}; {_format_numbers(metadata['std'])}"
        ),
        "Digest of the weights": metadata["weights_digest"],
    }
    if metadata["format"] == "saved_model":
        state = "constants, batch norm folded" if metadata["frozen"] else "variables"
        facts["Weights"] = state
    if "task" in metadata:
        height, width = metadata["input_size"]
        for name, value in metadata["metrics"].items():
            label = METRICS[name].label if name in METRICS else name
            facts[f"{label}, validation images"] = f"{value:.4g}"
        facts |= {
            f"Input size ({_FITS[metadata.get('fit', 'inside')]})": f"{height} x {width}",
            "Image domain": metadata["domain"],
            "Training images": str(metadata["training_images"]),
            "Steps, seed": f"{metadata['steps']}, {metadata['seed']}",
        }
    return facts


def _table(facts: Mapping[str, str]) -> str:
    """Formats a table of two columns in Markdown."""
    rows = [f"| {name} | {value} |" for name, value in facts.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def _format_numbers(values: Iterable[float]) -> str:
    """Formats numbers with three decimals, separated by commas."""
    return ", ".join(f"{value:.3f}" for value in values)
