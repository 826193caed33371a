"""Builds the paper's tables of transfers from chains; `PAPER_TABLES` has one line a table."""

import dataclasses
from collections.abc import Iterator, Sequence

import pandas as pd

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.pretrainings import base_name
from foi_tf.analysis.report import transfer_matrix
from foi_tf.analysis.report.tables import Table, network_name
from foi_tf.study.dataset import (
    CONTRASTIVE,
    DEPTH,
    DETECTION,
    KEYPOINTS,
    SEGMENTATION,
    STRUCTURED_TASK_TYPES,
)
from foi_tf.study.grid import setting_order, target_setting
from foi_tf.study.results import NO_SOURCE
from foi_tf.study.table_texts import setting_text

SAME, OTHER, ANY = "same", "other", "any"  # Task types of sources; `CONTRASTIVE` beside them.
SOURCE_TEXTS = {
    SAME: "from its own task type",
    OTHER: "from other task types",
    ANY: "from all task types",
    CONTRASTIVE: "from self-supervised sources",
}
RESNET = "resnet50"
GAIN, BOTH = ("gain",), ("value", "gain")


@dataclasses.dataclass(frozen=True)
class PaperTable:
    """Describes a table of the paper: its chains, and the numbers that it prints.

    Attributes:
      id: number of the table.
      setting: setting of its chains.
      target_type: task type of its targets.
      sources: `SAME`, `OTHER` or `ANY` task types, or `CONTRASTIVE`.
      parts: see `foi_tf.analysis.report.transfer_matrix.build_matrix_table`.
      backbone: `RESNET` for that alone; "" for every other one.
      family: initial weights: `NO_SOURCE` for ILSVRC'12 classification, `OTHER` for all but that,
        "" for any.
    """

    id: str
    setting: str
    target_type: str
    sources: str
    parts: tuple[str, ...]
    backbone: str = ""
    family: str = ""


# Appendix B and C name the content of their tables. The introduction implies that 5b is detection.
# The text does not say what 5c and the parts of A.9 hold; their letters are ours.
PAPER_TABLES = (
    PaperTable("4a", "small", SEGMENTATION, SAME, GAIN),
    PaperTable("4b", "small", SEGMENTATION, OTHER, GAIN),
    PaperTable("4c", "small", DETECTION, ANY, GAIN),
    PaperTable("4d", "small", KEYPOINTS, ANY, GAIN),
    PaperTable("4e", "small", DEPTH, ANY, GAIN),
    PaperTable("5a", "full", SEGMENTATION, SAME, GAIN),
    PaperTable("5b", "full", DETECTION, ANY, GAIN),
    PaperTable("5c", "full", KEYPOINTS, ANY, GAIN),
    PaperTable("5c", "full", DEPTH, ANY, GAIN),
    PaperTable("6", "small_source", SEGMENTATION, SAME, GAIN),
    PaperTable("A.2a", "small", SEGMENTATION, SAME, BOTH, RESNET, NO_SOURCE),
    PaperTable("A.2b", "small", SEGMENTATION, SAME, BOTH, RESNET, OTHER),
    PaperTable("A.3", "small", DETECTION, ANY, BOTH, RESNET),
    PaperTable("A.4", "small", SEGMENTATION, CONTRASTIVE, BOTH),
    PaperTable("A.4", "small", SEGMENTATION, CONTRASTIVE, BOTH, RESNET),
    PaperTable("A.5a", "small", SEGMENTATION, SAME, BOTH),
    PaperTable("A.5b", "full", SEGMENTATION, SAME, BOTH),
    PaperTable("A.5c", "small_source", SEGMENTATION, SAME, BOTH),
    PaperTable("A.6", "small", SEGMENTATION, OTHER, BOTH),
    PaperTable("A.7a", "small", DETECTION, ANY, BOTH),
    PaperTable("A.7b", "full", DETECTION, ANY, BOTH),
    PaperTable("A.8a", "small", KEYPOINTS, ANY, BOTH),
    PaperTable("A.8b", "full", KEYPOINTS, ANY, BOTH),
    PaperTable("A.9a", "small", DEPTH, ANY, BOTH),
    PaperTable("A.9b", "full", DEPTH, ANY, BOTH),
)
# Appendix B repeats Table 4a with one input size for all datasets. Result rows do not tell input
# sizes, so these come from a directory of their own, whose scenario has this name.
FIXED_SIZE_SCENARIO = "fixed_size"  # As in `study.scenarios.SCENARIOS`.
FIXED_SIZE = PaperTable("A.1", "small", SEGMENTATION, SAME, BOTH)


def build_paper_tables(
    chains: pd.DataFrame, wanted: Sequence[PaperTable] = PAPER_TABLES
) -> list[Table]:
    """Builds all wanted tables that have a chain, and further ones of the other chains.

    Tables end with the columns `ilsvrc` and `scratch`, where such chains were run for
    their targets. Targets that have only such chains are in a table of their own.

    Args:
      chains: as `foi_tf.analysis.measures.gains.with_gains` returns them.
    """
    sizes = transfer_matrix.training_sizes(chains)
    sourced = transfers(chains)
    references = chains.drop(sourced.index)
    found, used, shown = [], set(), set()

    def add(paper: PaperTable, own: pd.DataFrame, backbone: str, family: str) -> None:
        same = references[
            (references.setting == target_setting(paper.setting))
            & (references.backbone == backbone)
            & (references.family == family)
            & (references.target_type == paper.target_type)
            & (references.target.isin(own.target))
        ]
        used.update(same.index)
        shown.update(own.index)
        statistics = transfer_matrix.arrange_chains(pd.concat([own, same]), sizes)
        texts = paper.setting, paper.target_type, SOURCE_TEXTS[paper.sources]
        about = {
            "id": paper.id,
            "title": _title(*texts, backbone, family),
            "scope": (paper.setting, paper.target_type, paper.sources, backbone, family),
        }
        found.append(transfer_matrix.build_matrix_table(statistics, paper.parts, **about))

    for (backbone, family), study in sourced.groupby(["backbone", "family"]):
        for paper in wanted:
            own = _chains_of_table(study, paper, backbone, family)
            if len(own):
                add(paper, own, backbone, family)
    for own in _split_rest(sourced.drop(list(shown))):
        first = own.iloc[0]
        further = PaperTable("", first.setting, first.target_type, first.sources, BOTH)
        add(further, own, first.backbone, first.family)
    for key, own in references.drop(list(used)).groupby(
        ["setting", "target_type", "backbone", "family"]
    ):
        setting, target_type, backbone, family = key
        about = {
            "id": "",
            "title": _title(setting, target_type, "without a source", backbone, family),
            "scope": (setting, target_type, "none", backbone, family),
        }
        statistics = transfer_matrix.arrange_chains(own, sizes)
        found.append(transfer_matrix.build_matrix_table(statistics, BOTH, **about))
    return found


def _title(setting: str, target_type: str, sources: str, backbone: str, family: str) -> str:
    """Returns the title of a table."""
    network = network_name(backbone, family)
    return f"{target_type.capitalize()} {sources}, {setting_text(setting)} ({network})"


def _chains_of_table(
    study: pd.DataFrame, paper: PaperTable, backbone: str, family: str
) -> pd.DataFrame:
    """Selects the chains of one backbone and family that belong into a table."""
    other = backbone != paper.backbone if paper.backbone else backbone == RESNET
    if other or (paper.family and (base_name(family) == NO_SOURCE) != (paper.family == NO_SOURCE)):
        return study.iloc[:0]
    chosen = (study.setting == paper.setting) & (study.target_type == paper.target_type)
    return study[chosen & _source_kinds(study).isin(_SOURCES[paper.sources])]


_SOURCES = {SAME: [SAME], OTHER: [OTHER], ANY: [SAME, OTHER], CONTRASTIVE: [CONTRASTIVE]}


def _source_kinds(chains: pd.DataFrame) -> pd.Series:
    """Returns for each chain the word of `PaperTable.sources` that holds."""
    same = (chains.source_type == chains.target_type).map({True: SAME, False: OTHER})
    return same.mask(chains.source_type == CONTRASTIVE, CONTRASTIVE)


def _split_rest(chains: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Splits the chains that no table takes by the columns that a table's chains share."""
    chains = chains.assign(sources=_source_kinds(chains))
    order = {name: place for place, name in enumerate(STRUCTURED_TASK_TYPES)}
    shared = ["setting", "target_type", "sources", "backbone", "family"]
    keyed = chains.groupby(shared)
    for key in sorted(keyed.groups, key=lambda k: (setting_order(k[0]), k[0], order[k[1]], k[2:])):
        yield keyed.get_group(key)
