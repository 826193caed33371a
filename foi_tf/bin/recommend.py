"""foi-recommend: ranks the sources that a target can start from.

  foi-recommend --target=camvid:segmentation                 (among the paper's datasets)
  foi-recommend --target=mine --features=DIR                 (among the datasets with features)
  foi-recommend --target=camvid:segmentation --by=logme --features=DIR
  foi-recommend --target=camvid:segmentation --probes=DIR   (among the source models with probes)
  foi-recommend --evaluate --results=DIR [--features=DIR] [--by=advice,logme]
  foi-recommend --target=suim --by=fitted --published
  foi-recommend --evaluate --published

--by names the rule. Rules that need no source model: advice (the paper's findings), inclusion
(distance of the target's images from a source's; needs --features), domain, size, coco, and fitted
(a ranking that is learned from the results of other targets). Rules that score source models on
points of the target (foi-features --pixels): leep, nleep, logme, hscore, gbc, energy, and glogme
and etran, which also take sizes of boxes, ways to keypoints and depth. The default is a rule
without points that costs least in at least 80 % of the draws of the targets and sources of
--results; else advice.

Prints a table with one line for each source, the best first. With --evaluate it has one line for
each rule: how many per cent the rule's first choice, and the best of its first three, is worse than
the best source that was tried; each target counts once. low to high is the 95 % interval of the
first choice over draws of targets and sources, and wins the share of draws in which the rule loses
least. --pairs and --target_types choose among the results; with points of segmentation alone,
choose segmentation. --keep_scores writes the scores of each rule and pair. --scores reads such a
table instead of points; it may also hold scores of a rule of your own. --probes reads the outcomes
of foi-probe, which become the rules probe (the metric) and probe_loss (the validation loss). With
--target they are the default: probe, or probe_loss where no probe of the target learns enough.
"""

import sys

from absl import flags

from foi_tf.bin._shared import console, setting_flags
from foi_tf.bin._shared.program import Program
from foi_tf.study.choices import FITTED, PROBE, PROBE_LOSS, RANKINGS

_FOR_EVALUATE = ("target_types", "distances", "scores", "keep_scores")


def _define_flags(values: flags.FlagValues) -> None:
    place = {"flag_values": values}
    flags.DEFINE_string(
        "target", None, "Target to rank sources for: a dataset, or a task as camvid:segmentation.",
        **place,
    )  # fmt: skip
    flags.DEFINE_list(
        "features", [], "Files of foi-features, or their directories, comma-separated.", **place
    )
    flags.DEFINE_string("results", None, "Directory of result rows to learn from.", **place)
    flags.DEFINE_bool(
        "published", False, "Learn from the results that the paper's authors published.", **place
    )
    setting_flags.define_any(
        values,
        "Setting of --results to use, as full or images25; by default small, or else the first "
        "that there is.",
    )
    flags.DEFINE_list(
        "by",
        [],
        f"Rules to rank sources by: {', '.join(RANKINGS)}. By default one that has won on "
        "other targets of --results, else advice; with --evaluate all that need no points.",
        **place,
    )
    flags.DEFINE_list(
        "sources",
        [],
        "Source tasks to rank, comma-separated, as coco:segmentation; by default all.",
        **place,
    )
    flags.DEFINE_string(
        "distances",
        None,
        "CSV of distances by foi-analyze, to use with --evaluate instead of --features.",
        **place,
    )
    flags.DEFINE_string(
        "scores",
        None,
        "CSV with the columns target, target_type, source, source_type and one column of scores "
        "for each rule, to use with --evaluate instead of points.",
        **place,
    )
    flags.DEFINE_list(
        "probes",
        [],
        "Outcomes of foi-probe, or their directories, comma-separated: the rules probe and "
        "probe_loss.",
        **place,
    )
    flags.DEFINE_string("keep_scores", None, "CSV to write the scores of --evaluate to.", **place)
    flags.DEFINE_enum(
        "pairs",
        "all",
        ["within_type", "cross_type", "all"],
        "Pairs of source and target that --evaluate counts: of one task type, of two, or all.",
        **place,
    )
    flags.DEFINE_list(
        "target_types",
        [],
        "Task types of the targets that --evaluate counts, comma-separated; by default all.",
        **place,
    )
    flags.DEFINE_bool(
        "evaluate", False, "Print how much worse each rule's choice is than the best source.",
        **place,
    )  # fmt: skip
    flags.register_multi_flags_validator(
        ["evaluate", "target", "sources", "results", "published", "setting", "features", "by",
         "pairs", "probes", *_FOR_EVALUATE],
        _check,
        flag_values=values,
    )  # fmt: skip


def _check(given: dict) -> bool:
    """Checks that the flags fit together; raises ValidationError if not."""
    results = bool(given["results"]) + given["published"]
    problems = {
        "give either --target or --evaluate": bool(given["target"]) == given["evaluate"],
        "give either --results or --published": results > 1 or (given["evaluate"] and not results),
        "--sources goes with --target": given["sources"] and given["evaluate"],
        f"--by must name some of {', '.join(RANKINGS)}, or columns of --scores": (
            not given["scores"]
            and not set(given["by"]) <= {*RANKINGS, *((PROBE, PROBE_LOSS) * bool(given["probes"]))}
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
        "with --target, --by must name one rule": given["target"] and len(given["by"]) > 1,
        "--by=fitted learns from --results or --published": (FITTED in given["by"] and not results),
    }
    for text, found in problems.items():
        if found:
            raise flags.ValidationError(text)
    return True


def _main(values: flags.FlagValues) -> None:
    """Prints the ranking, or with --evaluate the table of rules."""
    from foi_tf.analysis.measures import distance
    from foi_tf.analysis.recommend import pair_scores, past_transfers, regret, source_ranking
    from foi_tf.analysis.recommend.default_rule import DEFAULT, choose_rule
    from foi_tf.analysis.recommend.resampled_regret import WINNING_SHARE, find_winner
    from foi_tf.study import feature_files, probe_files

    features = feature_files.load_all_features(values.features)
    probes = probe_files.load_scores(values.probes)
    before, analysis = None, None
    if values.published:
        before = past_transfers.load_published_transfers()
    elif values.results:
        known = distance.read_distances(values.distances) if values.distances else None
        before, said, analysis = past_transfers.load_past_transfers(
            values.results, values.setting, features, known
        )
        for sentence in said:
            console.print_note(sentence)
    if values.evaluate:
        before = past_transfers.filter_task_types(before, values.pairs, values.target_types)
        kept = pair_scores.read_scores(values.scores) if values.scores else None
        if probes:
            probed = pair_scores.tabulate_probes(probes)
            kept = probed if kept is None else pair_scores.replace_scores(kept, probed)
        scores = source_ranking.score_past_transfers(before, values.by, features, kept)
        if values.keep_scores:
            pair_scores.write_scores(values.keep_scores, before, scores)
        drawn = past_transfers.draw_gains(before, analysis) if analysis else None
        table = regret.evaluate_rules(before, scores, drawn)
        winner = find_winner(table) or "no rule"
        console.print_note(f"{winner} costs least in {WINNING_SHARE:.0%} of the draws or more")
    else:
        if values.by or probes:
            task = source_ranking.find_target(values.target, features, probes)
            by = values.by[0] if values.by else pair_scores.choose_probe_rule(task, probes)
        else:
            drawn = past_transfers.draw_gains(before, analysis) if analysis else None
            by = choose_rule(values.target, features, before, drawn)
        table = source_ranking.recommend_sources(
            values.target, by, values.sources, features, before, probes
        )
        console.print_note(
            f"{values.target}: sources ranked by {by}, that is {source_ranking.TEXTS[by]}"
        )
        if not (values.by or probes):
            why = "no rule costs" if by == DEFAULT else "on other targets it costs"
            console.print_note(
                f"{by} is the default, since {why} least in {WINNING_SHARE:.0%} of the draws of "
                "targets and sources (see docs/choosing-a-source.md)"
            )
    table.to_csv(sys.stdout, sep="\t", index=False, float_format="%.6g")


PROGRAM = Program("foi-recommend", __doc__, _define_flags, _main)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
