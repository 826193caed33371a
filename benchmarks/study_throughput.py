"""Measures how many links an hour two workers of a plan finish, against an earlier version.

  python benchmarks/study_throughput.py [--before=a6b91d3 --repeats=5 --seeds=6]

Both versions prepare the same rendered datasets and run the same plan by their own
launch/sweep_local.sh: sources and targets of segmentation with hrnet_mini in bfloat16, of --steps
steps each, all from one checkpoint. They take turns. --before is a commit of this repository, whose
files are unpacked beside; empty measures this version alone. The program prints the medians of
links an hour and of CPU seconds a link (of all processes, which depends less on what else the
machine does), and the ratio of each. 6 seeds make 198 links; fewer seeds make fewer. A turn
of a version takes 8 to 21 minutes on 2 cores.
"""

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

from absl import app, flags
from figures import Figure, tell_figures

ROOT = pathlib.Path(__file__).parents[1]
REQUIRED = 1.5
CONFIG = """
segmentation:
  schedule: {{optimizer: sgd, learning_rate: 0.1, steps: {0}, small_steps: {0}, batch_size: 16}}
  rescale: [0.75, 2.0]
"""

BEFORE = flags.DEFINE_string("before", "a6b91d3", "Commit to compare with; empty for none.")
REPEATS = flags.DEFINE_integer("repeats", 5, "Runs of each version.", lower_bound=1)
SEEDS = flags.DEFINE_integer("seeds", 6, "Seeds of the targets.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 50, "Steps of a link.", lower_bound=1)
TARGETS = flags.DEFINE_list("targets", ["camvid", "sunrgbd", "suim", "kitti"], "Target datasets.")
SOURCES = flags.DEFINE_list(
    "sources", ["city", "pvoc", "ade", "coco", "isaid", "bdd"], "Source datasets."
)
JOBS = flags.DEFINE_integer("jobs", 2, "Workers.", lower_bound=1)


class Version:
    """Runs the programs of one checkout."""

    def __init__(self, root: pathlib.Path, place: pathlib.Path):
        self._root, self._data, self._config = root, place / "data", place / "short.yaml"
        place.mkdir()
        self._config.write_text(CONFIG.format(STEPS.value))
        self._run = (f"--config={self._config}", "--backbone=hrnet_mini", "--precision=bfloat16",
                     "--strategy=cpu")  # fmt: skip
        programs = pathlib.Path(sys.executable).parent
        self._environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        }

    def prepare(self) -> None:
        """Renders and prepares the datasets, and trains what all chains start from."""
        names = ",".join(dict.fromkeys([*TARGETS.value, *SOURCES.value]))
        self._call("foi-prepare", "--collection=mini", f"--dataset={names}")
        first = self._config.parent / "first"
        source = f"--source={SOURCES.value[0]}:segmentation"
        self._call(
            "foi-source",
            source,
            "--init=scratch",
            "--setting=full",
            f"--workdir={first}",
            *self._run,
        )
        (self._init,) = (link / "weights" for link in first.glob("links/*"))

    def sweep(self, workdir: pathlib.Path) -> tuple[int, float, float]:
        """Runs the whole plan; returns its links, its seconds and its CPU seconds."""
        before, started = _count_cpu_seconds(), time.perf_counter()
        self._call(
            "bash", str(self._root / "launch" / "sweep_local.sh"), f"--jobs={JOBS.value}",
            f"--plan={workdir}.tsv", "--collection=mini", "--setting=small",
            f"--workdir={workdir}", f"--init={self._init}", *self._run,
            f"--targets={','.join(f'{name}:segmentation' for name in TARGETS.value)}",
            f"--sources={','.join(f'{name}:segmentation' for name in SOURCES.value)}",
            f"--seeds={','.join(map(str, range(SEEDS.value)))}",
        )  # fmt: skip
        seconds, cpu = time.perf_counter() - started, _count_cpu_seconds() - before
        return len(list(workdir.glob("links/*/link.json"))), seconds, cpu

    def _call(self, *command: str) -> None:
        done = subprocess.run(
            [*command, f"--data_dir={self._data}"], capture_output=True, text=True, check=False,
            cwd=self._root, env=self._environment,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"{self._root}: {command[0]} failed:\n{done.stderr[-4000:]}")


def _count_cpu_seconds() -> float:
    """Returns the CPU seconds of all processes that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def unpack(commit: str, place: pathlib.Path) -> pathlib.Path:
    """Unpacks the files of a commit; returns their directory."""
    archive = place / "before.tar"
    command = ["git", "archive", f"--output={archive}", commit]
    subprocess.run(command, cwd=ROOT, check=True)
    with tarfile.open(archive) as files:
        files.extractall(place / "before", filter="data")
    return place / "before"


def main(_) -> None:
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        roots = {"now": ROOT}
        if BEFORE.value:
            roots["before"] = unpack(BEFORE.value, place)
        versions = {name: Version(root, place / f"of_{name}") for name, root in roots.items()}
        for version in versions.values():
            version.prepare()
        hourly, cpu = ({name: [] for name in versions} for _ in range(2))
        for turn in range(REPEATS.value):
            for name, version in versions.items():
                links, seconds, used = version.sweep(place / f"{name}{turn}")
                hourly[name].append(links * 3600 / seconds)
                cpu[name].append(used / links)
                print(
                    f"{name:7} {links} links  {hourly[name][-1]:6.0f} an hour  "
                    f"{cpu[name][-1]:6.2f} CPU s a link",
                    flush=True,
                )
    rates = {name: statistics.median(values) for name, values in hourly.items()}
    costs = {name: statistics.median(values) for name, values in cpu.items()}
    peer = f", against commit {BEFORE.value}" if BEFORE.value else ""
    what = f"links an hour of a plan of {links} links of {STEPS.value} steps, {JOBS.value} workers"
    work = f"links a CPU hour of the same plan{peer}"
    tell_figures(
        Figure(
            what=what + peer, unit="links/h", ours=rates["now"], peer=rates.get("before"),
            at_least=REQUIRED,
        ),
        Figure(
            what=work, unit="links/h", ours=3600 / costs["now"],
            peer=3600 / costs["before"] if BEFORE.value else None, at_least=REQUIRED,
        ),
    )  # fmt: skip
    if BEFORE.value:
        print(
            f"ratio   {rates['now'] / rates['before']:.2f} of links an hour, "
            f"{costs['before'] / costs['now']:.2f} of links a CPU hour (at least {REQUIRED})"
        )


if __name__ == "__main__":
    app.run(main)
