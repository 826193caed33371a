"""A whole study by one call, every program a stand-in but foi-plan."""

import importlib
import shlex
import signal

import pytest

from foi_tf.chains import links
from foi_tf.study import results, schedules
from foi_tf.study.grid import PRETRAINING
from studies.imagenet_parts import PARTS
from studies.imagenet_rows import KEPT
from tests.launch.conftest import ROOT, wait_for
from tests.result_rows import BASELINE, changed

OUT = "out"
RATES = ROOT / "studies/mini/rates.yaml"
INIT = f"{OUT}/pretraining/links/ilsvrc.classification-1"
# What a program leaves that the script looks for.
LEFT = {
    "foi-prepare": f"mkdir -p {OUT}/mini/camvid {OUT}/mini/ilsvrc",
    "foi-pretrain": f"mkdir -p {INIT}; cp made/link.json {INIT}",
    "foi-rates": f"cp -r made/rates {OUT}; cp {RATES} {OUT}/rates.yaml",
    # Sweeps write down what they run; a link that is named again has a directory.
    "foi-run": 'while read -r line; do echo "$line" >> ran; '
    'echo "{\\"directory\\": \\"links/$(cksum <<< "$line" | tr " " -)\\"}"; done',
    "foi-features": "",
    "foi-recommend": "",
    "foi-analyze": "",
}


def pretraining():
    """What is known of a pre-training that was finished."""
    schedule = schedules.Schedule(
        optimizer="sgd", learning_rate=0.1, steps=9, small_steps=9, batch_size=8
    )
    member = links.Member(
        task=PRETRAINING, data="0", images=None, crop=(64, 64), rescale=(1.0, 1.0)
    )
    made = links.Link(
        chain=("scratch", str(PRETRAINING)), task=PRETRAINING, members=(member,), parent="",
        steps=9, schedule=schedule, backbone="hrnet_mini", precision="bfloat16", seed=0, replicas=1,
    )  # fmt: skip
    return links.Finished(
        link=made, metric="top1", value=0.6, metrics={"top1": 0.6}, n_train=9,
        domain="websearch", wall_seconds=1.0, device="cpu",
    )  # fmt: skip


@pytest.fixture(name="study")
def _study(machine):
    links.save_finished(machine.home / "made", pretraining())
    row = changed(BASELINE, backbone="hrnet_mini")
    results.write_row(row, machine.home / "made/rates/results")
    for name, body in LEFT.items():
        machine.program(name, body)
    for name in ("foi-source", "foi-target"):
        machine.program(name, f'echo "{name} $*" >> ran')
    return machine


def ran(study, *words):
    lines = (study.home / "ran").read_text().splitlines()
    return sum(all(word in line for word in words) for line in lines)


@pytest.mark.slow
def test_a_study_of_mini_is_one_call(study):
    code, _, err = study.run("study.sh", "mini", OUT)
    assert code == 0, err
    assert ran(study, "--select_lr=validation") == 27
    own = f"--workdir={OUT}/study"
    # Chains within types and across them, of limited sources and of full targets, each with the
    # same targets without a source. Source models train longer than those, so they are no stand-in.
    for setting, seed, count in (
        ("small", 0, 306 + 183 + 2 * (27 + 27)),
        ("small", 1, 306 + 183 + 2 * (27 + 27)),
        ("small_source", 0, 272 + 17 + 17),
        ("small_source", 1, 272 + 17 + 17),
        ("full", 0, 289 + 17 + 17),
        ("full", 1, 289 + 17 + 17),
    ):
        found = ran(study, "foi-target", own, f"--setting={setting} ", f"--seed={seed}")
        assert found == count, (setting, seed)
    sweeps = ("foi-run", "foi-source", "foi-target")
    called = [call.split()[0] for call in study.calls() if not call.startswith(sweeps)]
    assert called[:3] == ["foi-prepare", "foi-pretrain", "foi-rates"]
    assert called[3:] == ["foi-features"] * (1 + 18) + ["foi-recommend", "foi-analyze"]
    # Each takes the flags that it is given.
    for call in study.calls():
        program, *given = shlex.split(call)
        if program not in sweeps:
            module = importlib.import_module(f"foi_tf.bin.{program.removeprefix('foi-')}")
            assert module.PROGRAM.make_flags()([program, *given]) == [program]


@pytest.mark.parametrize(
    "program", ["foi-pretrain", pytest.param("foi-run", marks=pytest.mark.slow)]
)
def test_sigterm_reaches_the_program_of_a_study(study, program):
    started, saved = study.home / "started", study.home / "saved"
    save = f"sleep 0.3; echo saved >> {saved}; exit 143"
    study.program(program, f"trap '{save}' TERM; touch {started}; while :; do sleep 0.1; done")
    (study.home / OUT).mkdir()
    (study.home / OUT / "rates.yaml").write_text(RATES.read_text())
    process = study.start("study.sh", "mini", OUT)
    wait_for(started)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143 and saved.read_text() == "saved\n"
    assert not study.calls("foi-analyze")


@pytest.mark.slow
def test_with_rates_that_are_there_none_are_chosen(study):
    (study.home / OUT).mkdir()
    (study.home / OUT / "rates.yaml").write_text(RATES.read_text())
    study.program("foi-run", "cat >> ran; exit 1")
    code, _, err = study.run("study.sh", "mini", OUT)
    # What it takes is told from the rows that are kept. The study itself is the first to fail.
    assert code == 1 and "by measured" in err and len(study.calls("foi-run")) == 1
    assert not study.calls("foi-rates") and not ran(study, "--select_lr")


@pytest.mark.parametrize("failing", ["", "rates_outer", "study left_out images_40 --seeds=3"])
def test_a_study_from_imagenet_weights_is_one_call(study, failing):
    study.program("python", f'[ -z "{failing}" ] || case "$*" in *"{failing}") exit 1;; esac')
    code, _, err = study.run("study.sh", "imagenet", OUT, FOI_REAL_DATA=str(study.home))
    called = [call.split() for call in study.calls("python")]
    runs = [words[5:] for words in called if words[2] == "studies.imagenet_runs"]
    assert all(words[3:5] == [f"--work={OUT}", f"--rows={OUT}/rows"] for words in called[1:])
    first = {("rates",), ("rates_outer",), ("rates_upper",), ("rates_batch_4",)}
    assert set(map(tuple, runs[:4])) == first
    planned = {
        (name, seed)
        for *names, last in runs[4:]
        for name in names or [last]
        for seed in (last.removeprefix("--seeds=").split(",") if names else [""])
    }
    assert called[0] == ["python", "-m", "studies.real_sets", f"{OUT}/data"]
    scored = [words for words in called if words[2] == "studies.imagenet_scores"]
    if failing:  # The others of its kind still run, but nothing that rests on them.
        assert (code, err) == (1, "study.sh: some runs failed; see above\n")
        assert not scored and not study.calls("foi-analyze")
        assert bool(planned) == ("study" in failing)
        return
    assert code == 0, err
    assert scored == called[-1:] and len(study.calls("foi-analyze")) == 1
    # The tables that several processes write are completed at the end.
    assert runs[-1] == ["study", "left_out", "images_40", "--seeds=0"] in runs[4:-1]
    # All parts run that have rows here, and the study with all seeds.
    kept = [name for name in PARTS if KEPT.find_path(name).exists()]
    assert {*kept} <= {name for name, _ in planned} | {name for (name,) in first}
    seeds = {*map(str, PARTS["study"].seeds), *map(str, PARTS["study"].baseline_seeds)}
    assert {seed for name, seed in planned if name == "study"} == seeds


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "wants mini, real or imagenet, and a directory to write to"),
        (["mine", OUT], "mine: no such study; mini, real or imagenet"),
        (["mini", OUT, "--jobs=2"], "takes no flags but --seeds, --vary and --help"),
        (["imagenet", OUT], "FOI_REAL_DATA must name the folder of the real sets"),
        (
            ["imagenet", OUT, "--seeds=1"],
            "imagenet has seeds of its own; leave out --seeds and --vary",
        ),
        (["real", OUT], "FOI_REAL_DATA must name the folder of the real sets"),
    ],
)
def test_what_a_study_wants_is_said(study, given, said):
    code, out, err = study.run("study.sh", *given, FOI_REAL_DATA="")
    assert (code, out, err) == (1, "", f"study.sh: {said}\n") and not study.calls()
