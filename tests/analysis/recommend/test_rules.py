import numpy as np
import pandas as pd
import pytest

from foi_tf.analysis.recommend import candidates, rules
from foi_tf.errors import FoiError
from foi_tf.study.dataset import Task
from foi_tf.study.registry import DATASETS
from tests.feature_vectors import make_features

CAMVID = Task("camvid", "segmentation")


def order(pairs, name):
    ranked = rules.rank_sources(pairs, rules.RULES[name].score(pairs))
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
    return (ranked.source + ":" + ranked.source_type).tolist()


def test_candidates_are_all_other_tasks():
    pairs = candidates.list_dataset_candidates(CAMVID, DATASETS)
    assert len(pairs) == 26  # The paper's 27 targets but itself; classification is none.
    assert not ((pairs.source == "camvid") & (pairs.source_type == "segmentation")).any()
    bdd = pairs[(pairs.source == "bdd") & (pairs.source_type == "detection")].iloc[0]
    assert (bdd.source_domain, bdd.n_source) == ("driving", 69_863) and np.isnan(bdd.distance)


def test_advice_goes_by_domain_then_type_then_size():
    found = order(candidates.list_dataset_candidates(CAMVID, DATASETS), "advice")
    assert found[:7] == [
        "mapillary:segmentation", "bdd:segmentation", "idd:segmentation", "city:segmentation",
        "kitti:segmentation", "bdd:detection", "coco:segmentation",
    ]  # fmt: skip
    assert DATASETS[found[-1].split(":")[0]].domain != "driving"


def test_a_model_of_several_sources_comes_behind_those_of_the_domain():
    pairs = candidates.list_dataset_candidates(CAMVID, DATASETS)
    multi = pairs.iloc[[0]].assign(source="multi", source_type="segmentation", n_source=10**6)
    found = order(pd.concat([pairs, multi.assign(source_domain="")], ignore_index=True), "advice")
    assert found[4:7] == ["kitti:segmentation", "multi:segmentation", "bdd:detection"]


def test_advice_goes_by_inclusion_across_domains():
    line = {"camvid": 0.0, "city": 9.0, "suim": 1.0, "coco": 2.0, "isaid": 3.0}
    features = {name: make_features(name, vectors=np.array([[x]])) for name, x in line.items()}
    found = order(candidates.list_feature_candidates(CAMVID, features), "advice")
    assert found[:4] == [
        "city:segmentation", "suim:segmentation", "coco:segmentation", "isaid:segmentation",
    ]  # fmt: skip
    found = order(candidates.list_feature_candidates(CAMVID, features), "inclusion")
    assert found[:2] == ["suim:segmentation", "coco:segmentation"] and found[-1].startswith("city")


def test_the_datasets_own_other_task_includes_it():
    features = {name: make_features(name, seed=i) for i, name in enumerate(["bdd", "coco"])}
    pairs = candidates.list_feature_candidates(Task("bdd", "detection"), features)
    own = pairs[pairs.source == "bdd"]
    assert own.source_type.tolist() == ["segmentation"] and own.distance.tolist() == [0.0]


def test_simple_rules():
    pairs = candidates.list_dataset_candidates(Task("suim", "segmentation"), DATASETS)
    segmented = pairs[pairs.source_type == "segmentation"]
    assert order(segmented, "size")[:2] == ["coco:segmentation", "vgallery:segmentation"]
    assert order(segmented, "domain")[0] == "coco:segmentation"  # None is under water.
    assert order(pairs, "domain")[0] == "uwt:detection"
    for_coco = candidates.list_dataset_candidates(Task("coco", "segmentation"), DATASETS)
    for_coco = for_coco[for_coco.source != "coco"]
    assert order(for_coco, "coco")[0] == "bdd:detection"


def test_multi_source_models_count_as_within_the_domain():
    pairs = candidates.list_dataset_candidates(CAMVID, DATASETS).head(2)
    pairs = pairs.assign(source=["multi", "coco"], source_domain="", n_source=[9, 10])
    assert order(pairs, "domain")[0].startswith("multi")


def test_sources_have_the_training_images_of_their_task():
    pairs = candidates.list_dataset_candidates(Task("uwt", "detection"), DATASETS)
    sizes = dict(zip(pairs.source + ":" + pairs.source_type, pairs.n_source, strict=True))
    for name in ("pvoc:segmentation", "pvoc:detection", "bdd:detection", "coco:keypoints"):
        task = Task.parse(name)
        assert sizes[name] == DATASETS[task.dataset].size(task.type, "train"), name
    # The order by size is another one for boxes than for masks (Table 1, footnotes a and b).
    assert sizes["pvoc:detection"] < DATASETS["uwt"].train < sizes["pvoc:segmentation"]
    assert sizes["bdd:segmentation"] < sizes["pvoc:segmentation"] < sizes["bdd:detection"]
    ranked = order(pairs[pairs.source_type == "detection"], "size")
    assert ranked == ["coco:detection", "bdd:detection", "pvoc:detection"]


def test_reasons_name_what_speaks_for_a_source():
    features = {
        name: make_features(name, seed=i) for i, name in enumerate(["camvid", "city", "coco"])
    }
    pairs = candidates.list_feature_candidates(CAMVID, features)
    reasons = dict(
        zip(pairs.source + ":" + pairs.source_type, rules.explain_sources(pairs), strict=True)
    )
    assert reasons["city:segmentation"].startswith(
        "same domain (driving); same task type; 2,975 training images; target images "
    )
    assert reasons["coco:detection"].startswith(
        "other domain (consumer); other task type (detection); 117,266 training images; "
    )

    unknown = pairs.assign(n_source=0)  # Own sources with points only.
    assert all(
        "; training images not known; " in reason for reason in rules.explain_sources(unknown)
    )


def test_what_cannot_be_scored_is_named():
    pairs = candidates.list_dataset_candidates(CAMVID, DATASETS)
    said = r"^camvid:segmentation: the source .* cannot be ranked without features; give --features"
    with pytest.raises(FoiError, match=said):
        rules.rank_sources(pairs, rules.RULES["inclusion"].score(pairs))
    assert rules.rank_sources(pairs, pd.Series(0.0, pairs.index)).source[0] == "coco"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("coco", "name the task, coco:segmentation or coco:detection or coco:keypoints"),
        ("cocoa", "unknown dataset 'cocoa'; did you mean 'coco'"),
        ("coco:depth", "coco is annotated for segmentation, detection, keypoints only"),
        ("coco:depht", "unknown task type 'depht'"),
        ("ilsvrc", "name the task, another dataset"),
    ],
)
def test_a_target_has_to_be_one_task(text, said):
    types_of = {name: row.classes for name, row in DATASETS.items()}
    assert candidates.find_target("camvid", types_of) == CAMVID
    with pytest.raises(FoiError, match=said):
        candidates.find_target(text, types_of)


def test_the_network_of_a_target_is_selected():
    here = [make_features("camvid"), make_features("coco")]
    source = make_features("camvid", weights="beef")  # The only features of its network.
    assert list(candidates.select_target_network("camvid", [*here, source])) == ["camvid", "coco"]
    with pytest.raises(FoiError, match="no file has features of suim and of another dataset"):
        candidates.select_target_network("suim", here)
    other = [make_features("camvid", weights="beef"), make_features("city", weights="beef")]
    with pytest.raises(FoiError, match=r"are by several networks, .*c0ffee.* and .*beef"):
        candidates.select_target_network("camvid", here + other)


def test_models_of_several_sources_are_the_last_by_inclusion():
    pairs = (
        candidates.list_dataset_candidates(CAMVID, DATASETS)
        .head(3)
        .assign(distance=[2.0, np.nan, 1.0])
    )
    pairs.loc[1, "source"] = "multi"
    scores = rules.RULES["inclusion"].score(pairs)
    assert scores.tolist() == [-2, -3, -1]
    assert rules.RULES["inclusion"].score(pairs.assign(source="city")).isna().tolist() == [
        False, True, False,
    ]  # fmt: skip
