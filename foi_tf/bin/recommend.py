"""foi-recommend: ranks the sources that a target could be started from.

  foi-recommend --target=camvid:segmentation                 (among the paper's datasets)
  foi-recommend --target=mine --features=DIR                 (among those with features)
  foi-recommend --target=camvid:segmentation --by=logme --features=DIR
  foi-recommend --evaluate --results=DIR [--features=DIR] [--by=advice,logme]
  foi-recommend --target=suim --by=fitted --published
  foi-recommend --evaluate --published

--by says what to go by. What can be known beforehand: advice (the paper's findings), inclusion
(the distance of the target's images from a source's, needs --features), domain, size, coco; or
fitted, a ranking learnt from the results of other targets. Or what source models make of
points of the target (foi-features --pixels), each from its publication: leep, nleep, logme,
hscore, gbc. Without --by it is leep where the features have such points of a segmentation target
by segmentation models, and advice elsewhere.

Prints a line for each source, the best first, tab-separated under a header; with --evaluate a
line for each rule: how many per cent its first pick, or the best of its first three, is worse
than the best source that was tried, each target in its turn. --pairs and --target_types choose
among the results: where points are of segmentation alone, so should be all that they are held
against. --keep_scores writes what each rule made of each pair, and --scores reads such a table
in place of points, or one with the scores of a ranking of your own.
"""

import sys

from absl import flags

from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import Program
from foi_tf.study.choices import FITTED, RANKINGS
from foi_tf.study.grid import SETTINGS

_FOR_EVALUATE = ("target_types", "distances", "scores", "keep_scores")


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string("target", None, "A dataset or a task, as camvid:segmentation.", **place)
    flags.DEFINE_list("features", [], "Files of foi-features, or their directories.", **place)
    flags.DEFINE_string("results", None, "Directory of result rows.", **place)
    flags.DEFINE_bool("published", False, "The authors' published results.", **place)
    flags.DEFINE_enum(
        "setting", None, SETTINGS, "Which of --results to use; by default small.", **place
    )
    flags.DEFINE_list(
        "by",
        [],
        f"What to go by: {', '.join(RANKINGS)}; by default leep where all source models of "
        "--features allow it, else advice; with --evaluate all that need no points.",
        **place,
    )
    flags.DEFINE_list("sources", [], "Only these tasks, as coco:segmentation.", **place)
    flags.DEFINE_string(
        "distances", None, "CSV of foi-analyze, in place of --features, for --evaluate.", **place
    )
    flags.DEFINE_string(
        "scores",
        None,
        "CSV of target, target_type, source, source_type, and a column of scores for each way to "
        "rank sources, for --evaluate.",
        **place,
    )
    flags.DEFINE_string("keep_scores", None, "The CSV to write scores of --evaluate to.", **place)
    flags.DEFINE_enum(
        "pairs", "all", ["within_type", "cross_type", "all"],
        "Which of the results --evaluate counts, by source and target.", **place,
    )  # fmt: skip
    flags.DEFINE_list("target_types", [], "Task types of the targets that it counts.", **place)
    flags.DEFINE_bool("evaluate", False, "Say what following each rule costs.", **place)
    flags.register_multi_flags_validator(
        ["evaluate", "target", "sources", "results", "published", "setting", "features", "by",
         "pairs", *_FOR_EVALUATE],
        _check,
        flag_values=values,
    )  # fmt: skip


def _check(given: dict) -> bool:
    results = bool(given["results"]) + given["published"]
    problems = {
        "give either --target or --evaluate": bool(given["target"]) == given["evaluate"],
        "give either --results or --published": results > 1 or (given["evaluate"] and not results),
        "--sources goes with --target": given["sources"] and given["evaluate"],
        f"--by must be some of {', '.join(RANKINGS)}, or of the columns of --scores": (
            not given["scores"] and not set(given["by"]) <= set(RANKINGS)
        ),
        "--pairs, --target_types, --distances, --scores and --keep_scores go with --evaluate": (
            not given["evaluate"]
            and (given["pairs"] != "all" or any(given[name] for name in _FOR_EVALUATE))
        ),
        "--published goes without --distances": given["published"] and given["distances"],
        "--published goes without --features": given["published"] and given["features"],
        "--setting goes with --results": given["setting"] and not given["results"],
        "--published goes with --evaluate or --by=fitted": (
            given["published"] and not given["evaluate"] and FITTED not in given["by"]
        ),
        "a target's sources are ranked --by one thing": given["target"] and len(given["by"]) > 1,
        "--by=fitted learns from --results or --published": (FITTED in given["by"] and not results),
    }
    for text, found in problems.items():
        if found:
            raise flags.ValidationError(text)
    return True


def _main(values: flags.FlagValues) -> None:
    from foi_tf.analysis.measures import domain_distance
    from foi_tf.analysis.recommend import pair_scores, past_transfers, regret, source_ranking
    from foi_tf.study import feature_files

    features = feature_files.load_all_features(values.features)
    before = None
    if values.published:
        before = past_transfers.load_published_transfers()
    elif values.results:
        known = domain_distance.read(values.distances) if values.distances else None
        before, said = past_transfers.load_past_transfers(
            values.results, values.setting or "small", features, known
        )
        for sentence in said:
            console.print_note(sentence)
    if values.evaluate:
        before = past_transfers.filter_task_types(before, values.pairs, values.target_types)
        kept = pair_scores.read_scores(values.scores) if values.scores else None
        scores = source_ranking.score_past_transfers(before, values.by, features, kept)
        if values.keep_scores:
            pair_scores.write_scores(values.keep_scores, before, scores)
        table = regret.evaluate_rules(before, scores)
    else:
        (by,) = values.by or [source_ranking.default_ranking(values.target, features)]
        table = source_ranking.recommend_sources(
            values.target, by, values.sources, features, before
        )
        console.print_note(
            f"{values.target}: sources ranked by {by}, that is {source_ranking.TEXTS[by]}"
        )
    table.to_csv(sys.stdout, sep="\t", index=False, float_format="%.6g")


PROGRAM = Program("foi-recommend", __doc__, _define_flags, _main)


def main() -> None:
    """Runs the console script."""
    PROGRAM.main()


if __name__ == "__main__":
    main()
