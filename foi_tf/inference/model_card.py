"""Renders model cards in Markdown: use, facts and classes of an exported model."""

from collections.abc import Iterable, Mapping
from typing import Any

from foi_tf import tasks
from foi_tf.models.weights import torch_convert
from foi_tf.study.backbones import find_backbone
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
import torch
from safetensors.torch import load_file

{create}
model.load_state_dict(load_file("PATH/model.safetensors"))
model.eval()

pixels = torch.zeros((1, 3, 480, 640), dtype=torch.uint8)  # RGB; sides are multiples of 32.
mean, std = (torch.tensor(x)[:, None, None] for x in ({mean}, {std}))
with torch.no_grad():
    {call}
```
""",
    "safetensors": """\
```
foi-weights import --backbone={backbone} --weights=PATH/model.safetensors --out=weights
```

Tensors have the names of {described}. Images are to be normalized by the
mean and standard deviation below.
""",
}
# Calls in timm: how to create the model, and how to call it.
_CLASSIFIER = (
    'model = timm.create_model("{backbone}", num_classes={classes})',
    "logits = model((pixels / 255 - mean) / std)",
)
_BACKBONE = (
    """\
model = timm.create_model(
    "{backbone}", features_only=True, feature_location="", out_indices=(1, 2, 3, 4)
)""",
    """\
maps = model((pixels / 255 - mean) / std)  # At strides 4, 8, 16 and 32.
    size = maps[0].shape[2:]
    maps = [torch.nn.functional.interpolate(x, size, mode="bilinear") for x in maps]
    features = torch.cat(maps, dim=1)""",
)
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
    # A checkpoint that was imported may have a classifier without a task.
    headed = kind == "classification" or (kind is None and "classes" in metadata)
    backbone = find_backbone(metadata["backbone"])
    known = metadata["format"] == "safetensors" and backbone.in_timm
    layout = torch_convert.LAYOUTS.get(backbone.architecture)
    fields = {"backbone": metadata["backbone"], "classes": metadata.get("classes", 0)}
    fields["described"] = layout.described if layout else ""
    create, call = (text.format(**fields) for text in (_CLASSIFIER if headed else _BACKBONE))
    text = _USES["timm" if known else metadata["format"]].format(
        calls="\n".join(calls),
        create=create,
        call=call,
        mean=list(metadata["mean"]),
        std=list(metadata["std"]),
        **fields,
    )
    return text + _describe_absent_head(metadata, headed)


def _describe_absent_head(metadata: Mapping[str, Any], headed: bool) -> str:
    """Says in a sentence which head is not in the export; "" if all are."""
    kind = metadata.get("task_type")
    if metadata["format"] == "safetensors" and kind and not headed:
        return f"\nThe head for {kind} is not in this file; a SavedModel has it.\n"
    if metadata["format"] == "saved_model" and kind is None and headed:
        classes = metadata["classes"]
        return f"\nThe classifier of {classes} classes is not in it; --format=safetensors has it.\n"
    return ""


def _facts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Returns the rows of the table of facts: their labels and texts."""
    facts = {
        "Backbone": metadata["backbone"],
        "License": metadata["license"],
        "Computes in": metadata["precision"],
        "Mean and standard deviation of R, G, B in [0, 1]": (
            f"{_format_numbers(metadata['mean'])}; {_format_numbers(metadata['std'])}"
            + (" (assumed)" if metadata.get("assumed_statistics") else "")
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
    if "upsample" in metadata:
        facts["Upsampled to the input"] = metadata["upsample"]
    return facts


def _table(facts: Mapping[str, str]) -> str:
    """Formats a table of two columns in Markdown."""
    rows = [f"| {name} | {value} |" for name, value in facts.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def _format_numbers(values: Iterable[float]) -> str:
    """Formats numbers with three decimals, separated by commas."""
    return ", ".join(f"{value:.3f}" for value in values)
