"""Tests workers: all items are done, and an error in one process stops all processes."""

import os
import pathlib
import signal

import pytest

from foi_tf.data.convert.workers import Workers
from foi_tf.errors import FoiError

MANY = 600  # Enough for processes to be worth starting.


def leave(path, tick):
    tick()
    pathlib.Path(path).write_text(str(os.getpid()))


def fail(path, tick):
    tick()
    if path.endswith("/7"):
        raise FoiError(f"{path}: seven")


def die(path, tick):
    tick()
    if path.endswith("/7"):
        os.kill(os.getpid(), signal.SIGKILL)


def test_little_work_is_done_in_this_process(tmp_path, capsys):
    paths = [f"{tmp_path}/{index}" for index in range(9)]
    with Workers(2) as workers:
        workers.run(leave, paths, "few", 9)
        workers.run(leave, [], "none", 0)
    assert {pathlib.Path(path).read_text() for path in paths} == {str(os.getpid())}
    assert capsys.readouterr().err == "few: 9/9 images\n"


@pytest.mark.slow
def test_much_work_is_shared_until_one_fails(tmp_path, capsys):
    paths = [f"{tmp_path}/{index}" for index in range(MANY)]
    with Workers(2) as workers:
        workers.run(leave, paths, "many", MANY)
        written = {pathlib.Path(path).read_text() for path in paths}
        assert 0 < len(written) <= 2 and str(os.getpid()) not in written
        # Started ones are used for little work, too.
        workers.run(leave, paths[:1], "one", 1)
        assert pathlib.Path(paths[0]).read_text() in written
        with pytest.raises(FoiError, match="/7: seven"):
            workers.run(fail, paths, "failing", MANY)
    assert capsys.readouterr().err == "many: 600/600 images\none: 1/1 image\n"


@pytest.mark.slow
def test_a_killed_process_is_reported(tmp_path):
    with Workers(2) as workers, pytest.raises(FoiError, match=r"a process was killed.*--workers"):
        workers.run(die, [f"{tmp_path}/{index}" for index in range(MANY)], "dying", MANY)
