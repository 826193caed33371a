"""Runs the benchmarks of speed, and writes their figures into docs/speed.json and docs/speed.md.

  pip install -r benchmarks/requirements.txt
  python benchmarks/all.py [--torch_python=PATH] [--only=input,convert] [--quick]

Each benchmark runs by itself, one after another, and what it prints goes to stderr. One that fails
is named, and the others run; the exit code is then 1. The figures of benchmarks that did not run
stay in both files as they are. --quick takes the smallest sizes, to see whether all run; its
figures mean nothing, and go into no file but --page. On 2 cores all take about three hours, of
which study_throughput takes two.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

from absl import app, flags
from figures import FILE, QUICK, Figure, read_figures

HERE = pathlib.Path(__file__).parent
BEGIN, END = "<!-- The table of benchmarks/all.py. -->", "<!-- The end of the table. -->"
HEAD = "| what | ours | peer or limit | ratio | goal | script |\n|---|---:|---:|---:|---:|---|\n"
WITH_TORCH = ("train_step", "inference")

ONLY = flags.DEFINE_list("only", list(QUICK), "Benchmarks to run, comma-separated.")
IS_QUICK = flags.DEFINE_bool("quick", False, "Take the smallest sizes.")
TORCH_PYTHON = flags.DEFINE_string(
    "torch_python", "", "Python interpreter that has torch and timm; empty measures without them."
)
PAGE = flags.DEFINE_string(
    "page",
    "",
    "Markdown file with the table, and a JSON file of its name beside it; by default "
    "docs/speed.md, or none with --quick.",
)


def list_arguments(name: str) -> list[str]:
    """Lists the arguments that a benchmark gets."""
    if IS_QUICK.value:
        return QUICK.get(name, [])
    return [f"--torch_python={TORCH_PYTHON.value}"] if name in WITH_TORCH else []


def run(name: str) -> tuple[list[Figure], str]:
    """Runs a benchmark; returns its figures, and why it failed, "" if it did not."""
    command = [sys.executable, str(HERE / f"{name}.py"), *list_arguments(name)]
    with tempfile.TemporaryDirectory() as scrap:
        told = pathlib.Path(scrap) / "figures"
        environment = os.environ | {FILE: str(told)}
        done = subprocess.run(
            command, check=False, text=True, stdout=sys.stderr, stderr=subprocess.PIPE,
            env=environment,
        )  # fmt: skip
        if done.returncode:
            return [], (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return read_figures(told), ""


def describe_machine() -> str:
    """Describes the processor."""
    info = pathlib.Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} cores, {names[0] if names else platform.processor()}"


def format_number(value: float | None, unit: str = "") -> str:
    """Formats a number to three digits, with its unit; "" for None."""
    if value is None:
        return ""
    return f"{value:,.0f} {unit}".strip() if value >= 100 else f"{value:.3g} {unit}".strip()


def format_row(name: str, figure: Figure) -> str:
    """Formats a figure of a benchmark as a row of the table."""
    goal = "" if figure.at_most is None else f"<= {figure.at_most:g}"
    goal = goal if figure.at_least is None else f">= {figure.at_least:g}"
    ratio = format_number(figure.ratio)
    cells = (
        figure.what,
        format_number(figure.ours, figure.unit),
        format_number(figure.peer, figure.unit),
        f"**{ratio}**" if figure.is_missed else ratio,
        goal,
        f"`{name}.py`",
    )
    return f"| {' | '.join(cells)} |\n"


def format_table(figures: dict[str, list[Figure]]) -> str:
    """Formats the figures of all benchmarks as a table in Markdown."""
    rows = [format_row(name, one) for name in QUICK for one in figures.get(name, [])]
    return HEAD + "".join(rows)


def write_files(found: dict[str, list[Figure]], page: pathlib.Path) -> None:
    """Writes figures into the JSON file and the page; those of other benchmarks stay."""
    beside = page.with_suffix(".json")
    kept = json.loads(beside.read_text()) if beside.exists() else {}
    about = {"machine": describe_machine(), "date": f"{datetime.date.today()}"}
    for name, figures in found.items():
        kept[name] = about | {"figures": [dataclasses.asdict(one) for one in figures]}
    beside.write_text(json.dumps(kept, indent=1) + "\n")
    every = {name: [Figure(**one) for one in own["figures"]] for name, own in kept.items()}
    before, _, rest = page.read_text().partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{format_table(every)}\n{END}{rest.partition(END)[2]}")


def main(_) -> None:
    """Runs the benchmarks, and writes or prints their figures."""
    found, failed = {}, {}
    for name in ONLY.value:
        print(f"== {name}", file=sys.stderr, flush=True)
        figures, error = run(name)
        if error:
            failed[name] = error
            print(f"{name} failed: {error}", file=sys.stderr, flush=True)
        else:
            found[name] = figures
    print(format_table(found))
    if page := PAGE.value or ("" if IS_QUICK.value else str(HERE.parent / "docs" / "speed.md")):
        write_files(found, pathlib.Path(page))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    app.run(main)
