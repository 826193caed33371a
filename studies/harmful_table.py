"""Makes the table of FINDINGS.md on sources that harm, from the rows that harmful/ keeps."""

from foi_tf.analysis.measures.gains import transfers
from foi_tf.analysis.measures.study_analysis import StudyAnalysis
from foi_tf.study import results
from foi_tf.study.results import EXTRA, SOURCE_VALUE
from studies.harmful_sources import HARMFUL, HELPFUL, KEPT, TARGETS, VARIANTS, name_source
from studies.markdown import format_table

TEXTS = {
    "as_it_was": "600 steps, as with equal steps",
    "converged": "while it improves, at most 4200 steps",
    "slower": "600 steps, at a third of the rate",
    "sparse": "600 steps, all but `pvoc`'s classes ignored",
}


def format_harm() -> str:
    """Returns the table of what each source model gains, with 95 % intervals."""
    rows = results.load(KEPT)
    chains = transfers(StudyAnalysis(rows).chains)
    lines = []
    for source in (*HARMFUL, HELPFUL):
        for variant in VARIANTS:
            own = chains[chains.source == name_source(source, variant)]
            if own.empty:
                continue
            made = rows[rows.source == name_source(source, variant)]
            found = own.set_index("target").loc[list(TARGETS)].itertuples()
            gains = [f"{x.gain:.0f} ({x.gain_low:.0f} to {x.gain_high:.0f})" for x in found]
            quality = made[EXTRA + SOURCE_VALUE].iloc[0]
            lines.append([f"`{source}`", TEXTS[variant.name], f"{quality:.3f}", *gains])
    header = ["source", "trained", "its own mIoU", *(f"gain on `{name}`, %" for name in TARGETS)]
    return format_table(header, lines, words=2)
