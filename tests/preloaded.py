"""Runs Python files in processes that have loaded TensorFlow already, which takes seconds."""

import functools
import multiprocessing
import os
import pathlib
import runpy
import sys
import tempfile

# Loaded once, by the process that all others are forked from. None starts TensorFlow's devices.
_MODULES = ("foi_tf.chains.run_link", "foi_tf.data.convert.builder", "tests.tiny_backbone")


@functools.cache
def _context():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_MODULES])
    return context


def run_file(path, arguments, *, tiny=False):
    """Runs a file as `python FILE ARGUMENTS` would; returns its exit code, stdout and stderr.

    Args:
      tiny: whether the tiny backbone replaces hrnet_mini, in its own processes as well.
    """
    with tempfile.TemporaryDirectory() as folder:
        outputs = [str(pathlib.Path(folder, name)) for name in ("out", "err")]
        work = (str(path), [*arguments], outputs, dict(os.environ), tiny)
        process = _context().Process(target=_run, args=work)
        process.start()
        process.join()
        return process.exitcode, *(pathlib.Path(one).read_text() for one in outputs)


def _run(path, arguments, outputs, environment, tiny):
    for number, output in enumerate(outputs, start=1):
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    if tiny:
        from tests import tiny_backbone

        tiny_backbone.use_tiny_backbone()
    sys.argv = [path, *arguments]
    sys.path[0:0] = [str(pathlib.Path(path).parent)]
    try:
        runpy.run_path(path, run_name="__main__")
    finally:
        sys.stdout.flush()
