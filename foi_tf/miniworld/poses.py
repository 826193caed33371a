"""Samples poses of people: joint angles, and the positions of joints that follow from them."""

import dataclasses
import math

Vec = tuple[float, float, float]  # (to the figure's left, up, forward), in body heights.


@dataclasses.dataclass(frozen=True)
class Pose:
    """Holds joint angles in radians; pairs are (left, right).

    `swing` turns a limb forward and `spread` outward. `bend` bends the elbow forward or the knee
    backward. `lean` tips the trunk forward. `hips` is the height of the pelvis.
    """

    leg_swing: tuple[float, float] = (0.05, -0.05)
    knee_bend: tuple[float, float] = (0.05, 0.05)
    leg_spread: tuple[float, float] = (0.06, 0.06)
    arm_swing: tuple[float, float] = (0.1, -0.1)
    arm_spread: tuple[float, float] = (0.15, 0.15)
    elbow_bend: tuple[float, float] = (0.2, 0.2)
    lean: float = 0.0
    hips: float = 0.52


def sample_pose(rng, activity: str) -> Pose:
    """Draws a pose for standing, walking, running, sitting, waving, reaching or riding."""
    u = rng.uniform
    if activity == "walking":
        s = u(-0.5, 0.5)
        return Pose(
            (s, -s), (u(0, 0.3), u(0, 0.5)), (0.04, 0.04), (-s * 0.9, s * 0.9),
            (u(0.05, 0.2), u(0.05, 0.2)), (u(0.1, 0.6), u(0.1, 0.6)), u(0, 0.1), 0.51,
        )  # fmt: skip
    if activity == "running":
        s = rng.choice((-1, 1)) * u(0.6, 1.0)
        back = u(0.9, 1.6)
        knees = (0.4, back) if s > 0 else (back, 0.4)
        return Pose(
            (s, -s), knees, (0.05, 0.05), (-s, s), (0.15, 0.15), (u(1.2, 1.8), u(1.2, 1.8)),
            u(0.1, 0.3), 0.5,
        )  # fmt: skip
    if activity == "sitting":
        return Pose(
            (1.45, 1.45), (u(1.2, 1.6), u(1.2, 1.6)), (0.12, 0.12), (u(0.2, 0.7), u(0.2, 0.7)),
            (0.12, 0.12), (u(0.4, 1.2), u(0.4, 1.2)), u(-0.1, 0.1), 0.29,
        )  # fmt: skip
    if activity == "riding":
        return Pose(
            (u(0.5, 1.2), u(0.5, 1.2)), (u(0.7, 1.2), u(0.7, 1.2)), (0.1, 0.1), (1.1, 1.1),
            (0.12, 0.12), (0.3, 0.3), u(0.2, 0.5), 0.5,
        )  # fmt: skip
    if activity == "swimming":
        s = u(-0.35, 0.35)
        return Pose(
            (s, -s), (0.2, 0.3), (0.08, 0.08), (u(0.2, 2.6), u(0.2, 1.2)), (0.2, 0.2),
            (u(0.1, 0.7), u(0.1, 0.7)),
        )  # fmt: skip
    if activity == "waving":
        arms = (u(-0.2, 0.3), u(-0.2, 0.3)), (u(1.6, 2.8), u(0.1, 2.8)), (u(0, 0.6), u(0, 0.6))
        return Pose((0.05, -0.05), (0.05, 0.1), (u(0.05, 0.35), u(0.05, 0.35)), *arms)
    if activity == "reaching":
        return Pose(
            (u(-0.3, 0.8), u(-0.3, 0.3)), (u(0, 0.9), u(0, 0.3)), (u(0.05, 0.4), u(0.05, 0.4)),
            (u(0.6, 2.8), u(-0.6, 2.4)), (u(0, 0.6), u(0, 0.6)), (u(0, 0.8), u(0, 1.0)),
            u(0, 0.5), 0.49,
        )  # fmt: skip
    return Pose(
        (u(-0.1, 0.1), u(-0.1, 0.1)), (u(0, 0.1), u(0, 0.1)), (u(0.03, 0.15), u(0.03, 0.15)),
        (u(-0.2, 0.4), u(-0.2, 0.4)), (u(0.1, 0.3), u(0.1, 0.3)), (u(0.1, 1.6), u(0.1, 0.8)),
    )  # fmt: skip


def make_skeleton(pose: Pose) -> dict[str, Vec]:
    """Returns the joint positions of a figure of height 1 that stands at the origin."""
    joints: dict[str, Vec] = {"pelvis": (0.0, pose.hips, 0.0)}
    lean_cos, lean_sin = math.cos(pose.lean), math.sin(pose.lean)

    def trunk(left: float, up: float, forward: float = 0.0) -> Vec:
        return (
            left,
            pose.hips + up * lean_cos - forward * lean_sin,
            up * lean_sin + forward * lean_cos,
        )

    joints |= {"thorax": trunk(0, 0.28), "neck": trunk(0, 0.33), "head": trunk(0, 0.41, 0.01)}
    joints |= {"head top": trunk(0, 0.485, 0.005), "nose": trunk(0, 0.40, 0.065)}
    for index, (side, sign) in enumerate((("left", 1), ("right", -1))):
        joints[f"{side} eye"] = trunk(sign * 0.02, 0.42, 0.055)
        joints[f"{side} ear"] = trunk(sign * 0.044, 0.41, 0.005)
        shoulder = joints[f"{side} shoulder"] = trunk(sign * 0.105, 0.285)
        swing, spread = pose.arm_swing[index], sign * pose.arm_spread[index]
        elbow = joints[f"{side} elbow"] = _swing_limb(shoulder, 0.165, swing, spread)
        bent = swing + pose.elbow_bend[index]
        joints[f"{side} wrist"] = _swing_limb(elbow, 0.15, bent, spread * 0.6)
        hip = joints[f"{side} hip"] = (sign * 0.055, pose.hips, 0.0)
        swing, spread = pose.leg_swing[index], sign * pose.leg_spread[index]
        knee = joints[f"{side} knee"] = _swing_limb(hip, 0.245, swing, spread)
        bent = swing - pose.knee_bend[index]
        ankle = joints[f"{side} ankle"] = _swing_limb(knee, 0.235, bent, spread * 0.7)
        joints[f"{side} toe"] = (ankle[0], ankle[1] - 0.025, ankle[2] + 0.06)
    return joints


def _swing_limb(start: Vec, length: float, swing: float, spread: float) -> Vec:
    down = math.cos(spread) * math.cos(swing)
    return (
        start[0] + length * math.sin(spread),
        start[1] - length * down,
        start[2] + length * math.cos(spread) * math.sin(swing),
    )
