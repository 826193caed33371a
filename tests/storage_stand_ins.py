"""Makes storage and clocks behave badly, for the rest of a process.

All paths of the project go through epath, whose local storage is replaced. It needs no TensorFlow.
"""

import os
import pathlib
import shutil
import time

from etils.epath import backend


def act_like_object_store(stale=2.0, gap=0.05):
    """Makes local storage like a bucket behind a cache, for the rest of the process.

    A file takes another's place by a copy, whose first half is seen for `gap` seconds, and by
    removing the original. Lists of directories are up to `stale` seconds old.
    """
    kind, lists = type(backend.os_backend), {}

    def move(this, path, target):
        if pathlib.Path(path).is_dir():
            shutil.copytree(path, target)
            shutil.rmtree(path)
            return
        data = pathlib.Path(path).read_bytes()
        with pathlib.Path(target).open("wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            time.sleep(gap)
            file.write(data[len(data) // 2 :])
        pathlib.Path(path).unlink()

    def remember(real):
        def listed(this, path):
            now = time.monotonic()
            if str(path) not in lists or now - lists[str(path)][0] > stale:
                lists[str(path)] = (now, list(real(this, path)))
            return list(lists[str(path)][1])

        return listed

    kind.replace = kind.rename = move
    kind.glob, kind.listdir = remember(kind.glob), remember(kind.listdir)


def shift_clock(seconds):
    """Sets this process' clock forward, and with it the times of the files that it writes."""
    real, kind = time.time, type(backend.os_backend)
    time.time = lambda: real() + seconds
    replace = kind.replace

    def replaced(this, path, target):
        replace(this, path, target)
        os.utime(target, (time.time(), time.time()))

    kind.replace = replaced
