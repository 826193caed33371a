"""Running a link: what it leaves, what it starts from, and how it goes on after a break."""

import pathlib
import signal
import subprocess
import sys
import time
import traceback

import numpy as np
import pytest
import tensorflow as tf

import foi_tf
from foi_tf.chains import (
    initial_weights,
    link_inputs,
    links,
    lr_selection,
    run_config,
    run_link,
    stages,
)
from foi_tf.chains.train_session import SessionCache
from foi_tf.errors import FoiError
from foi_tf.models.backbones import build_backbone
from foi_tf.models.transfer import load_backbone
from foi_tf.study.choices import Pace
from foi_tf.study.dataset import Task
from foi_tf.study.grid import PRETRAINING
from foi_tf.tasks.segmentation import Segmentation
from foi_tf.training import strategies
from foi_tf.training.trainer import Trainer
from tests import tiny_backbone
from tests.link_fixtures import finish

PACE = Pace(steps_per_loop=3, checkpoint_every=3)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    tiny_backbone.use_tiny_backbone(monkeypatch)


def run(link, data, workdir, checkpoint=None):
    strategy = strategies.create_strategy("cpu")
    return run_link.run_link(link, [data], checkpoint, workdir, strategy, PACE)


@pytest.fixture(name="trained", scope="module")
def _trained(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


def test_a_link_leaves_weights_and_a_record(make_link, blocks_data, trained):
    link = make_link()
    finished = run(link, blocks_data, trained)
    directory = link.directory(trained)
    assert set(finished.metrics) == {
        "miou", "pixel_accuracy", "constant_miou", "constant_pixel_accuracy",
    }  # fmt: skip
    assert finished.constant == finished.metrics["constant_miou"] > 0
    assert len(finished.subset) == 16 and finished.machine
    assert finished.tensorflow == tf.__version__ and finished.deterministic is True
    assert finished.n_train == 12 and finished.domain == "aerial" and finished.wall_seconds > 0
    assert links.load_finished(directory) == finished
    assert sorted(p.name for p in directory.iterdir()) == [
        "begun.json", "images.npz", "leases", "link.json", "summaries",
        "weights.data-00000-of-00001", "weights.foi.json", "weights.index",
    ]  # fmt: skip
    events = [p for p in (directory / "summaries").iterdir() if "tfevents" in p.name]
    tags = {
        value.tag
        for path in events
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    }
    assert {"blocks:segmentation/cross_entropy", "learning_rate", "steps_per_second"} <= tags


def test_a_finished_link_is_not_trained_again(make_link, blocks_data, trained, monkeypatch):
    link = make_link()
    before = run(link, blocks_data, trained)
    monkeypatch.setattr(SessionCache, "get", lambda *_: pytest.fail("trained again"))
    assert run(link, blocks_data, trained) == before


def test_the_backbone_alone_is_transferred(make_link, blocks_data, trained, tmp_path):
    link = make_link()
    run(link, blocks_data, trained)
    weights = links.weights_path(link.directory(trained))
    child = make_link(steps=1, parent=link.digest, schedule={"learning_rate": 1e-30}, seed=9)
    run(child, blocks_data, tmp_path, weights)
    stored = [
        tf.train.load_checkpoint(str(p))
        for p in (weights, links.weights_path(child.directory(tmp_path)))
    ]
    for name in stored[0].get_variable_to_shape_map():
        if "kernel/.ATTR" in name:
            same = np.array_equal(*(checkpoint.get_tensor(name) for checkpoint in stored))
            assert same == name.startswith("backbone"), name


@pytest.mark.slow
@pytest.mark.parametrize(("every", "saved"), [(3, {3, 6}), (5, {6}), (50, set())])
def test_checkpoints_are_as_far_apart_as_asked(
    make_link, blocks_data, tmp_path, monkeypatch, every, saved
):
    found = set()

    def note(manager, number, *given, **named):
        found.update([int(number)] * (save(manager, number, *given, **named) is not None))

    save = tf.train.CheckpointManager.save
    monkeypatch.setattr(tf.train.CheckpointManager, "save", note)
    pace = Pace(steps_per_loop=3, checkpoint_every=every)
    strategy = strategies.create_strategy("cpu")
    run_link.run_link(make_link(steps=8), [blocks_data], None, tmp_path, strategy, pace)
    assert found == saved


def test_what_a_loss_prints_is_on_stdout_and_nothing_else(
    make_link, blocks_data, tmp_path, monkeypatch, capsys
):
    loss = Segmentation.loss

    def loud_loss(self, outputs, targets):
        print("logits:", outputs.shape)
        return loss(self, outputs, targets)

    monkeypatch.setattr(Segmentation, "loss", loud_loss)
    run(make_link(), blocks_data, tmp_path)
    assert capsys.readouterr().out == "logits: (4, 32, 32, 3)\n"  # Once, as the step is traced.


@pytest.mark.slow
def test_few_frames_of_ours_are_above_a_training_step(blocks, tmp_path, monkeypatch):
    (tmp_path / "c.yaml").write_text(CONFIG)
    task, root = Task("blocks", "segmentation"), pathlib.Path(foi_tf.__file__).parent
    stack, replica_step = [], Trainer.replica_step

    def step(self, *given):
        stack[:] = traceback.extract_stack()
        return replica_step(self, *given)

    monkeypatch.setattr(Trainer, "replica_step", step)
    setup = stages.Setup(
        data_dir=blocks,
        workdir=tmp_path / "work",
        config=run_config.load_config(blocks, task, 0, str(tmp_path / "c.yaml")),
        backbone="hrnet_mini",
        precision="float32",
        seed=0,
        select="none",
        strategy=strategies.create_strategy("cpu"),
        pace=PACE,
    )
    stages.target(setup, task, "scratch", "small")
    own = [frame.name for frame in stack if pathlib.Path(frame.filename).is_relative_to(root)]
    assert own == ["target", "run_link", "loop", "train_step"]


@pytest.mark.slow
def test_two_replicas_run_a_whole_link(make_link, blocks_data, tmp_path, two_replicas):
    link = make_link(replicas=2)
    finished = run_link.run_link(link, [blocks_data], None, tmp_path, two_replicas, PACE)
    assert 0 <= finished.metrics["miou"] <= 1


def test_replicas_share_a_batch_evenly(make_link, blocks_data, two_replicas):
    odd = make_link(replicas=2, schedule={"batch_size": 5})
    task = Segmentation(blocks_data.dataset)
    source = link_inputs.make_train_input(odd, 0, blocks_data, task)
    with pytest.raises(FoiError, match="batch_size 5 of blocks:segmentation is no multiple of 2"):
        link_inputs.distribute_train_batches(source, odd, two_replicas, 0)


def test_starts_are_found_by_chain(make_link, blocks_data, trained):
    link = make_link()
    run(link, blocks_data, trained)
    found = initial_weights.find_weights(link.directory(trained), "hrnet_mini")
    assert found.chain == link.chain and found.digest == link.digest
    plain = initial_weights.find_weights(links.weights_path(link.directory(trained)), "hrnet_mini")
    assert plain.chain == ("weights",) and plain.finished is None
    with pytest.raises(FoiError, match="trained with hrnet_mini, but --backbone=hrnet_w18"):
        initial_weights.find_weights(link.directory(trained), "hrnet_w18")
    with pytest.raises(FoiError, match="not the directory of a finished link"):
        initial_weights.find_weights(trained, "hrnet_mini")
    with pytest.raises(FoiError, match="neither a link's directory nor a checkpoint"):
        initial_weights.find_weights(trained / "none", "hrnet_mini")
    with pytest.raises(FoiError, match="run foi-source --source=blocks:segmentation first"):
        initial_weights.find_source_model(
            trained, Task("blocks", "segmentation"), [None], "hrnet_mini", "none"
        )
    with pytest.raises(FoiError, match="run foi-pretrain first"):
        initial_weights.find_pretraining(trained, PRETRAINING, "hrnet_mini")


def test_what_ends_with_a_pretraining_is_named_by_all_it_saw(make_link, tmp_path):
    simclr, plain = "ilsvrc:contrastive", "ilsvrc:classification"
    named = {
        ("scratch", plain): ("ilsvrc",),
        ("scratch", simclr): (simclr,),
        (simclr, plain): (f"{simclr}+{plain}",),
        (simclr, "blocks:contrastive"): (simclr, "blocks:contrastive"),
    }
    for chain_names, expected in named.items():
        link = make_link(chain=chain_names, task=Task.parse(chain_names[-1]))
        directory = link.directory(tmp_path)
        links.save_begun(link, directory)
        links.save_finished(directory, finish(link))
        directory.joinpath("weights.index").write_text("")
        assert initial_weights.find_weights(directory, "hrnet_mini").chain == expected


def test_several_candidates_are_named(make_link, tmp_path):
    for parent in ("a", "b"):
        link = make_link(chain=("ilsvrc", "blocks:segmentation"), parent=parent)
        directory = link.directory(tmp_path)
        links.save_begun(link, directory)
        links.save_finished(directory, finish(link))
        lr_selection.mark_chosen(directory, lr_selection.Selection("none", {}))
    with pytest.raises(FoiError, match=r"several links .* choose one with --source_weights=PATH"):
        initial_weights.find_source_model(
            tmp_path, Task("blocks", "segmentation"), [None], "hrnet_mini", "none"
        )


def test_weights_of_another_backbone_are_refused(make_link, blocks_data, trained):
    link = make_link()
    run(link, blocks_data, trained)
    weights = links.weights_path(link.directory(trained))
    other = tf.keras.Sequential([tf.keras.layers.Conv2D(8, 5, input_shape=(32, 32, 3))])
    with pytest.raises(FoiError, match="no weights for this backbone") as caught:
        load_backbone(other, weights)
    assert "\n" not in str(caught.value)
    with pytest.raises(FoiError, match="no weights for this backbone"):
        load_backbone(build_backbone("hrnet_mini"), trained / "none")


PROGRAM = """
import sys
from foi_tf.bin import target
from tests import tiny_backbone
sys.argv[0] = "foi-target"
tiny_backbone.use_tiny_backbone()
target.main()
"""

CONFIG = """
segmentation:
  crop: [32, 32]
  schedule: {optimizer: sgd, learning_rate: 0.05, steps: 24, small_steps: 24, batch_size: 4}
"""


def newest(workdir):
    """The step of the newest checkpoint; 0 without one."""
    names = [path.stem for path in workdir.glob("links/*/checkpoints/ckpt-*.index")]
    return max((int(name.removeprefix("ckpt-")) for name in names), default=0)


@pytest.fixture(name="command", scope="module")
def _command(blocks, tmp_path_factory):
    """The command that trains a link in a working directory."""
    config = tmp_path_factory.mktemp("config") / "c.yaml"
    config.write_text(CONFIG)

    def command(workdir):
        flags = {
            "data_dir": blocks, "workdir": workdir, "config": config, "backbone": "hrnet_mini",
            "source": "scratch", "target": "blocks:segmentation", "steps_per_loop": 1,
            "checkpoint_every": 2,
        }  # fmt: skip
        given = [f"--{name}={value}" for name, value in flags.items()]
        return [sys.executable, "-c", PROGRAM, *given]

    return command


@pytest.fixture(name="whole", scope="module")
def _whole(command, tmp_path_factory):
    """The directory of the link, trained without a break."""
    workdir = tmp_path_factory.mktemp("whole")
    subprocess.run(command(workdir), check=True, capture_output=True)
    return next(workdir.glob("links/*"))


BREAKS = ((signal.SIGKILL, 2), (signal.SIGTERM, 14))


@pytest.mark.slow
def test_a_killed_run_ends_as_if_it_had_not_been(command, whole, tmp_path):
    """Stopped twice after a checkpoint, it ends with the same bits in weights and metric."""
    for sent, step in BREAKS:
        process = subprocess.Popen(command(tmp_path), stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        while newest(tmp_path) < step:
            assert process.poll() is None and time.monotonic() < deadline, process.stderr.read()
            time.sleep(0.002)
        process.send_signal(sent)
        _, said = process.communicate()
        if sent == signal.SIGTERM:
            assert process.returncode == 143
            assert said.splitlines()[-1] == (
                "foi-target: stopped by SIGTERM; the same command goes on from here"
            )
        assert not list(tmp_path.glob("links/*/link.json"))
    subprocess.run(command(tmp_path), check=True, capture_output=True)

    (torn,) = tmp_path.glob("links/*")
    a, b = (tf.train.load_checkpoint(str(links.weights_path(d))) for d in (whole, torn))
    names = a.get_variable_to_shape_map()
    assert len(names) > 10
    for name in names:
        if "ATTRIBUTES" in name:
            assert np.array_equal(a.get_tensor(name), b.get_tensor(name)), name
    assert links.load_finished(whole).metrics == links.load_finished(torn).metrics
