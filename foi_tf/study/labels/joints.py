"""Lists the keypoints of the paper's and the rendered datasets, with pairs and OKS falloffs."""

from collections.abc import Mapping, Sequence

# Keypoints in the order of person_keypoints_*2017.json.
COCO = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder",
    "left elbow", "right elbow", "left wrist", "right wrist", "left hip", "right hip",
    "left knee", "right knee", "left ankle", "right ankle",
)  # fmt: skip
# Keypoints in the order of the `id` of the points in mpii_human_pose_v1_u12_1.mat.
MPII = (
    "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle", "pelvis",
    "thorax", "neck", "head top", "right wrist", "right elbow", "right shoulder",
    "left shoulder", "left elbow", "left wrist",
)  # fmt: skip
# The first 20 keypoints of keypoint_definitions.csv of StanfordExtra, which has no others for
# these images. Its "middle joint" and "top" of a leg are the knee and elbow of its Animal Pose
# column.
DOGS = (
    "left front paw", "left front knee", "left front elbow", "left rear paw", "left rear knee",
    "left rear elbow", "right front paw", "right front knee", "right front elbow",
    "right rear paw", "right rear knee", "right rear elbow", "tail start", "tail end",
    "left ear base", "right ear base", "nose", "chin", "left ear tip", "right ear tip",
)  # fmt: skip

KEYPOINTS: Mapping[str, tuple[str, ...]] = {"coco": COCO, "mpii": MPII, "dogs": DOGS}

# OKS falloffs by joint. Those of COCO's joints are from its evaluation code.
_PERSON_SIGMAS = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072,
    "wrist": 0.062, "hip": 0.107, "knee": 0.087, "ankle": 0.089,
    # MPII defines no OKS, so these are ours: the trunk has the falloff of COCO's shoulder and
    # hip, the head a value between those of COCO's ear and shoulder.
    "pelvis": 0.107, "thorax": 0.079, "neck": 0.079, "head top": 0.057,
}  # fmt: skip
# StanfordExtra defines no OKS either, so these are ours: paws and face have falloffs like
# COCO's face, joints within the fur like COCO's limbs.
_DOG_SIGMAS = {
    "paw": 0.062, "knee": 0.072, "elbow": 0.087, "tail start": 0.087, "tail end": 0.079,
    "ear base": 0.045, "ear tip": 0.062, "nose": 0.035, "chin": 0.045,
}  # fmt: skip
_SIGMAS = {"coco": _PERSON_SIGMAS, "mpii": _PERSON_SIGMAS, "dogs": _DOG_SIGMAS}


def find_flip_pairs(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Returns the index pairs of left joints and their right counterparts."""
    return tuple(
        (i, names.index(name.replace("left", "right")))
        for i, name in enumerate(names)
        if name.startswith("left")
    )


def oks_sigmas(dataset_id: str) -> tuple[float, ...]:
    """Returns the OKS falloff of each keypoint of a dataset; an empty tuple without keypoints."""
    names = KEYPOINTS.get(dataset_id, ())
    return tuple(_SIGMAS[dataset_id][_joint(name)] for name in names)


def _joint(name: str) -> str:
    """Returns a keypoint's name without its side and leg."""
    words = [word for word in name.split() if word not in ("left", "right", "front", "rear")]
    return " ".join(words)
