"""Exports a frozen HRNetV2-W48 with a segmentation head, and times its `predict`.

inference.py starts it as a worker:
  python benchmarks/tensorflow_inference.py export DIRECTORY BACKBONE SIZE float32|bfloat16
  python benchmarks/tensorflow_inference.py time DIRECTORY SIZE CALLS
The second prints the seconds of each call as JSON.
"""

import json
import sys
import time

import tensorflow as tf

BATCH, CLASSES, WARM_UP = 2, 20, 4
STATISTICS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def export(directory: str, backbone: str, side: str, precision: str) -> None:
    from foi_tf import tasks
    from foi_tf.inference import export
    from foi_tf.models import transfer
    from foi_tf.study.dataset import Dataset, Task
    from foi_tf.training import strategies

    strategies.set_precision(precision)
    row = Dataset(
        id="x", domain="consumer", train=1, val=1, classes={"segmentation": CLASSES},
        mean=STATISTICS[0], std=STATISTICS[1],
    )  # fmt: skip
    name, task = "x:segmentation", tasks.create(Task("x", "segmentation"), row)
    head = task.head()
    network = transfer.build_network(
        backbone, {name: head}, {name: (None, None)}, {name: STATISTICS}
    )
    for variable in network.backbone.variables:
        # Batch norm of fresh weights does nothing and would be optimized away.
        if "kernel" not in variable.name:
            variable.assign(tf.random.uniform(variable.shape, 0.5, 1.5))
    model = export.TrainedModel(
        network=network, mean=STATISTICS[0], std=STATISTICS[1], head=head, task=task,
        crop=(int(side), int(side)),
        metadata={
            "chain": (name,), "backbone": backbone, "precision": precision, "license": "",
            "weights_digest": "", "foi_tf": "", "mean": STATISTICS[0], "std": STATISTICS[1],
        },
    )  # fmt: skip
    export.write_model(model, directory, "saved_model", frozen=True)


def measure(directory: str, side: str, calls: str) -> None:
    predict = tf.saved_model.load(directory).signatures["predict"]
    pixels = tf.random.uniform((BATCH, int(side), int(side), 3), maxval=256, dtype=tf.int32)
    images = tf.cast(pixels, tf.uint8)
    seconds = []
    for _ in range(WARM_UP + int(calls)):
        started = time.perf_counter()
        predict(images=images)["mask"].numpy()
        seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds[WARM_UP:]))


if __name__ == "__main__":
    {"export": export, "time": measure}[sys.argv[1]](*sys.argv[2:])
