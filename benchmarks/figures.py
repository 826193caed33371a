"""Figures that benchmarks tell all.py: the rows of the table in docs/speed.md."""

import dataclasses
import json
import os
import pathlib

# Environment variable: the file that a benchmark appends its figures to.
FILE = "FOI_FIGURES"
MINI = ("--backbone=hrnet_mini", "--size=64")
# Arguments of the smallest run of each benchmark, in the order of the table.
QUICK = {
    "first_step": ["--repeats=1", "--backbone=hrnet_mini", "--size=32"],
    "train_step": ["--torch_python=", "--rounds=1", "--steps=5", *MINI, "--precisions=bfloat16"],
    "inference": ["--torch_python=", "--rounds=1", "--calls=5", *MINI, "--precisions=float32"],
    "startup": ["--repeats=1"],
    "link_start": ["--repeats=1"],
    "input": ["--images=16", "--repeats=1", "--kinds=decode,image streamed"],
    "convert": ["--images=4", "--repeats=1", "--layouts=camvid"],
    "detection_evaluation": ["--images=20", "--link_images=20", "--predictions=5", "--repeats=1"],
    "distance": ["--datasets=3", "--images=20", "--channels=8", "--repeats=1"],
    "report": ["60", "--repeats=1"],
    "study_throughput": [
        "--before=",
        "--repeats=1",
        "--seeds=1",
        "--steps=1",
        "--targets=camvid",
        "--sources=kitti",
    ],
    "scale_out": ["--links=8", "--workers=3", "--datasets=2", "--ways=chunks,leave"],
    "growth": ["--only=plan,targets", "--largest=100", "--repeats=1"],
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """Holds what was measured of one thing: ours, and a peer or a limit.

    Attributes:
      what: names what was measured, and the peer.
      unit: of `ours` and `peer`, as "s" or "images/s"; "" for plain numbers.
      ours: the median of ours.
      peer: the median of the peer, or the limit; None without either.
      at_most, at_least: what the ratio of the two is required to be.
    """

    what: str
    unit: str
    ours: float
    peer: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        """Returns ours in parts of the peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def is_missed(self) -> bool:
        """Tells whether the ratio is not as it is required."""
        if self.ratio is None:
            return False
        too_large = self.at_most is not None and self.ratio > self.at_most
        return too_large or (self.at_least is not None and self.ratio < self.at_least)


def tell_figures(*figures: Figure) -> None:
    """Appends figures to the file that the environment names; without one it does nothing."""
    if path := os.environ.get(FILE):
        with pathlib.Path(path).open("a") as file:
            file.writelines(json.dumps(dataclasses.asdict(one)) + "\n" for one in figures)


def tell_times(what: str, medians: dict[str, float], at_most: float) -> None:
    """Tells our median seconds against those of PyTorch with timm, where these were measured."""
    ours, peer = medians["foi_tf"], medians.get("torch")
    what = f"{what}, against PyTorch with timm"
    tell_figures(Figure(what=what, unit="s", ours=ours, peer=peer, at_most=at_most))


def read_figures(path: pathlib.Path) -> list[Figure]:
    """Reads the figures that a benchmark told."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Figure(**json.loads(line)) for line in lines]
