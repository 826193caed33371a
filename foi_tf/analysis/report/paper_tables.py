"""Which of the paper's tables a set of chains fills: one line a table."""

import dataclasses
from collections.abc import Iterator, Sequence

import pandas as pd

from foi_tf.analysis.measures.gains import target_setting, transfers
from foi_tf.analysis.report import transfer_matrix
from foi_tf.analysis.report.tables import Sheet
from foi_tf.study import results as rows
from foi_tf.study.dataset import (
    DEPTH,
    DETECTION,
    KEYPOINTS,
    SEGMENTATION,
    STRUCTURED_TASK_TYPES,
)
from foi_tf.study.grid import setting_order
from foi_tf.study.table_texts import SETTING_TEXTS

SAME, OTHER, ANY, CONTRASTIVE = "same", "other", "any", "contrastive"
SOURCE_TEXTS = {
    SAME: "from its own task type",
    OTHER: "from other task types",
    ANY: "from all task types",
    CONTRASTIVE: "from self-supervised sources",
}
RESNET = "resnet50"
GAIN, BOTH = ("gain",), ("value", "gain")


@dataclasses.dataclass(frozen=True)
class Spec:
    """A table of the paper: its chains, and whether it prints absolute values beside gains.

    Attributes:
      id: its number.
      setting: of its chains.
      target_type: of its targets.
      sources: `SAME`, `OTHER` or `ANY` task types, or `CONTRASTIVE`.
      parts: see `foi_tf.analysis.report.transfer_matrix.sheet`.
      backbone: `RESNET` for that alone; "" for every other one.
      family: initial weights, ILSVRC'12 classification or other ones; "" for any.
    """

    id: str
    setting: str
    target_type: str
    sources: str
    parts: tuple[str, ...]
    backbone: str = ""
    family: str = ""


# Appendix B and C name the content of their tables; that 5b is detection follows from the
# introduction. 5c and the letters of A.9, whose parts the text does not tell, are ours.
SPECS = (
    Spec("4a", "small", SEGMENTATION, SAME, GAIN),
    Spec("4b", "small", SEGMENTATION, OTHER, GAIN),
    Spec("4c", "small", DETECTION, ANY, GAIN),
    Spec("4d", "small", KEYPOINTS, ANY, GAIN),
    Spec("4e", "small", DEPTH, ANY, GAIN),
    Spec("5a", "full", SEGMENTATION, SAME, GAIN),
    Spec("5b", "full", DETECTION, ANY, GAIN),
    Spec("5c", "full", KEYPOINTS, ANY, GAIN),
    Spec("5c", "full", DEPTH, ANY, GAIN),
    Spec("6", "small_source", SEGMENTATION, SAME, GAIN),
    Spec("A.2a", "small", SEGMENTATION, SAME, BOTH, RESNET, rows.NO_SOURCE),
    Spec("A.2b", "small", SEGMENTATION, SAME, BOTH, RESNET, OTHER),
    Spec("A.3", "small", DETECTION, ANY, BOTH, RESNET),
    Spec("A.4", "small", SEGMENTATION, CONTRASTIVE, BOTH),
    Spec("A.4", "small", SEGMENTATION, CONTRASTIVE, BOTH, RESNET),
    Spec("A.5a", "small", SEGMENTATION, SAME, BOTH),
    Spec("A.5b", "full", SEGMENTATION, SAME, BOTH),
    Spec("A.5c", "small_source", SEGMENTATION, SAME, BOTH),
    Spec("A.6", "small", SEGMENTATION, OTHER, BOTH),
    Spec("A.7a", "small", DETECTION, ANY, BOTH),
    Spec("A.7b", "full", DETECTION, ANY, BOTH),
    Spec("A.8a", "small", KEYPOINTS, ANY, BOTH),
    Spec("A.8b", "full", KEYPOINTS, ANY, BOTH),
    Spec("A.9a", "small", DEPTH, ANY, BOTH),
    Spec("A.9b", "full", DEPTH, ANY, BOTH),
)
# Appendix B repeats Table 4a with one input size for all datasets. Result rows do not tell input
# sizes, so these come from a directory of their own; see `foi_tf.analysis.report.scenarios`.
FIXED_SIZE = Spec("A.1", "small", SEGMENTATION, SAME, BOTH)


def sheets(chains: pd.DataFrame, specs: Sequence[Spec] = SPECS) -> list[Sheet]:
    """All tables of `specs` that have a chain, and the rest of the chains in further ones.

    Tables end with the columns `ilsvrc` and `scratch`, where such chains were run for
    their targets. Targets that have such chains only come in a table of their own.

    Args:
      chains: as `foi_tf.analysis.measures.gains.with_gains` returns them.
    """
    sizes = transfer_matrix.training_sizes(chains)
    sourced = transfers(chains)
    references = chains.drop(sourced.index)
    found, used, shown = [], set(), set()

    def add(spec: Spec, own: pd.DataFrame, backbone: str, family: str) -> None:
        same = references[
            (references.setting == target_setting(spec.setting))
            & (references.backbone == backbone)
            & (references.family == family)
            & (references.target_type == spec.target_type)
            & (references.target.isin(own.target))
        ]
        used.update(same.index)
        shown.update(own.index)
        made = transfer_matrix.cells(pd.concat([own, same]), sizes)
        title = title_of(
            spec.setting, spec.target_type, SOURCE_TEXTS[spec.sources], backbone, family
        )
        scope = (spec.setting, spec.target_type, spec.sources, backbone, family)
        found.append(transfer_matrix.sheet(made, spec.parts, id=spec.id, title=title, scope=scope))

    for (backbone, family), study in sourced.groupby(["backbone", "family"]):
        for spec in specs:
            own = _chosen(study, spec, backbone, family)
            if len(own):
                add(spec, own, backbone, family)
    for own in _rest(sourced.drop(list(shown))):
        first = own.iloc[0]
        add(Spec("", first.setting, first.target_type, first.sources, BOTH), own, first.backbone,
            first.family)  # fmt: skip
    for key, own in references.drop(list(used)).groupby(
        ["setting", "target_type", "backbone", "family"]
    ):
        setting, target_type, backbone, family = key
        title = title_of(setting, target_type, "without a source", backbone, family)
        made = transfer_matrix.cells(own, sizes)
        scope = (setting, target_type, "none", backbone, family)
        found.append(transfer_matrix.sheet(made, BOTH, id="", title=title, scope=scope))
    return found


def title_of(setting: str, target_type: str, sources: str, backbone: str, family: str) -> str:
    """What a table shows, for people."""
    setting = SETTING_TEXTS.get(setting, setting)
    return f"{target_type.capitalize()} {sources}, {setting} ({backbone}, from {family})"


def _chosen(study: pd.DataFrame, spec: Spec, backbone: str, family: str) -> pd.DataFrame:
    """The chains of one backbone and family that belong into a table."""
    other = backbone != spec.backbone if spec.backbone else backbone == RESNET
    if other or (spec.family and (family == rows.NO_SOURCE) != (spec.family == rows.NO_SOURCE)):
        return study.iloc[:0]
    chosen = (study.setting == spec.setting) & (study.target_type == spec.target_type)
    return study[chosen & _sources(study).isin(_SOURCES[spec.sources])]


_SOURCES = {SAME: [SAME], OTHER: [OTHER], ANY: [SAME, OTHER], CONTRASTIVE: [CONTRASTIVE]}


def _sources(chains: pd.DataFrame) -> pd.Series:
    """Which of the words of `Spec.sources` is true of each chain."""
    same = (chains.source_type == chains.target_type).map({True: SAME, False: OTHER})
    return same.mask(chains.source_type == CONTRASTIVE, CONTRASTIVE)


def _rest(chains: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """What no table takes, by what a table's chains share."""
    chains = chains.assign(sources=_sources(chains))
    order = {name: place for place, name in enumerate(STRUCTURED_TASK_TYPES)}
    shared = ["setting", "target_type", "sources", "backbone", "family"]
    keyed = chains.groupby(shared)
    for key in sorted(keyed.groups, key=lambda k: (setting_order(k[0]), k[0], order[k[1]], k[2:])):
        yield keyed.get_group(key)
