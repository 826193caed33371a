"""Measures time and memory of foi-weights import, for public weights of HRNetV2-W48.

  python benchmarks/weights.py [BACKBONE [FILE ...]]

Makes files of the published shapes: .safetensors, and those of torch.save since PyTorch 1.6 and
before. Imports each in its own process. Prints the seconds after TensorFlow is loaded, and the
peak memory beyond that of TensorFlow, which should be at most twice the file's size.
"""

import json
import pathlib
import resource
import sys
import tempfile
import time

from workers import worker

import foi_tf  # noqa: F401  Sets TensorFlow's environment before it is imported.

REQUIRED = 2.0


def write(path: pathlib.Path, backbone: str) -> None:
    """Writes weights in the format of the suffix; the name "old" means PyTorch before 1.6."""
    from foi_tf.models.weights import public_weights, torch_convert
    from foi_tf.study.choices import ILSVRC_CLASSES
    from tests.models.weights import torch_files

    made = public_weights.build_classifier(backbone, ILSVRC_CLASSES)
    if path.suffix == ".safetensors":
        public_weights.write_safetensors(made.network.backbone, made.head_model, path, {}, backbone)
        return
    values = torch_convert.collect_torch_values(made.network.backbone, made.head_model, backbone)
    writer = torch_files.write_old if path.stem == "old" else torch_files.write_zip
    writer(path, torch_files.state_dict(values), values)


def measure(path: pathlib.Path, backbone: str) -> None:
    """Prints time and memory of the import of a file, as JSON."""
    from foi_tf.models.weights import public_weights

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB.

    before, started = peak(), time.perf_counter()
    made, report = public_weights.import_weights(path, backbone)
    facts = public_weights.collect_facts(path, backbone)
    public_weights.write_checkpoint(made.network, path.with_suffix(".out"), facts)
    seconds = time.perf_counter() - started
    used = len(report.used)
    print(json.dumps({"seconds": seconds, "bytes": peak() - before, "loaded": before, "n": used}))


def main(backbone: str = "hrnet_w48", *files: str):
    with tempfile.TemporaryDirectory() as directory:
        for name in files or ("w.safetensors", "w.pth", "old.pth"):
            path = pathlib.Path(directory) / name
            worker(sys.executable, "weights.py", "write", str(path), backbone)
            found = worker(sys.executable, "weights.py", "measure", str(path), backbone)
            size = path.stat().st_size
            print(
                f"{name:14} {size / 1e6:4.0f} MB, {found['n']} tensors used: "
                f"{found['seconds']:5.1f} s, {found['bytes'] / 1e6:4.0f} MB more than the "
                f"{found['loaded'] / 1e6:.0f} MB of TensorFlow: "
                f"{found['bytes'] / size:.2f} times the file (at most {REQUIRED:.0f})",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] not in (["write"], ["measure"]):
        main(*sys.argv[1:])
    else:
        sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
        {"write": write, "measure": measure}[sys.argv[1]](pathlib.Path(sys.argv[2]), sys.argv[3])
