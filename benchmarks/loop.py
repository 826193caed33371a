"""What the training loop costs on top of the bare compiled step.

  python benchmarks/loop.py [--rounds=8]

In turn, blocks of steps of one network on one batch: the compiled step called from Python,
and the loop of every link (Orbit's controller with loss means, summaries, progress and the
question whether SIGTERM came), 50 steps on the device at a time. The step takes about
0.2 s on 2 cores; the loop should take at most 3 % more.
"""

import contextlib
import io
import statistics
import tempfile
import time

import orbit
import tensorflow as tf
from absl import app, flags

from foi_tf import preemption, tasks
from foi_tf.models import transfer
from foi_tf.progress import Progress
from foi_tf.study.choices import Pace
from foi_tf.study.configuration import Schedule
from foi_tf.study.dataset import Dataset, Task
from foi_tf.training import optimizers, strategies
from foi_tf.training.trainer import Trainer

REQUIRED = 0.03
CROP, BATCH, CLASSES = (144, 144), 8, 20
NAME = "x:segmentation"
ROW = Dataset(id="x", domain="consumer", train=1, val=1, classes={"segmentation": CLASSES})
SCHEDULE = Schedule(
    optimizer="sgd", learning_rate=0.01, steps=10**6, small_steps=1, batch_size=BATCH
)

ROUNDS = flags.DEFINE_integer("rounds", 8, "Blocks of each kind.", lower_bound=3)


def main(_):
    where = strategies.make("cpu")
    strategies.make_repeatable(0)
    task = tasks.create(Task.parse(NAME), ROW)
    with where.scope():
        network = transfer.build(
            "hrnet_mini", {NAME: task.head()}, {NAME: CROP}, {NAME: ((0.5,) * 3, (0.25,) * 3)}
        )
        trainer = Trainer(
            network=network,
            tasks={NAME: task},
            optimizer=optimizers.make(SCHEDULE, SCHEDULE.steps),
            strategy=where,
        )
    image = tf.random.uniform((BATCH, *CROP, 3), maxval=256, dtype=tf.int32)
    mask = tf.random.uniform((BATCH, *CROP), maxval=CLASSES, dtype=tf.int32)
    example = {"mask": tf.cast(mask, tf.uint8)[..., None]}
    batch = {"image": tf.cast(image, tf.uint8), "targets": task.encode(example)}
    model, variables = network.models[NAME], network.models[NAME].trainable_variables

    @tf.function(autograph=False)
    def bare():
        with tf.GradientTape() as tape:
            terms = task.loss(model(batch["image"], training=True), batch["targets"])
            loss = tf.add_n(list(terms.values()))
        gradients = tape.gradient(loss, variables)
        trainer.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    pace = Pace()
    trainer.train_dataset = [tf.data.Dataset.from_tensors(batch).repeat()]
    progress = Progress(NAME, (ROUNDS.value + 1) * pace.steps_per_loop)
    with tempfile.TemporaryDirectory() as folder, preemption.deferred() as came:
        controller = orbit.Controller(
            global_step=trainer.global_step,
            trainer=trainer,
            strategy=where,
            steps_per_loop=lambda _: pace.steps_per_loop - came(),
            summary_dir=folder,
            train_actions=[lambda output: progress.update(pace.steps_per_loop, **output)],
        )

        def loop():
            with contextlib.redirect_stdout(io.StringIO()):
                controller.train(int(trainer.global_step) + pace.steps_per_loop)

        def steps():
            for _ in range(pace.steps_per_loop):
                bare().numpy()

        seconds = {"bare": [], "loop": []}
        for number in range(ROUNDS.value + 1):
            for name, run in (("bare", steps), ("loop", loop)):
                started = time.perf_counter()
                run()
                if number:  # The first round traces.
                    seconds[name].append((time.perf_counter() - started) / pace.steps_per_loop)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    for name, found in seconds.items():
        print(f"{name} {medians[name]:.4f} s a step, {min(found):.4f} to {max(found):.4f}")
    overhead = medians["loop"] / medians["bare"] - 1
    print(f"overhead {100 * overhead:+.1f} % (at most {100 * REQUIRED:.0f} %)")


if __name__ == "__main__":
    app.run(main)
