"""Makes storage and clocks behave badly: stand-ins for what one machine does not show.

All paths of the project go through epath, and TensorFlow's own writes through two functions. These
are replaced for a block, in this process.
"""

import contextlib
import errno
import os
import pathlib
import shutil
import threading
import time

import tensorflow as tf
from etils.epath import backend
from tensorflow.python.checkpoint import checkpoint
from tensorflow.python.lib.io import file_io

_OP_ERRORS = {
    errno.ENOSPC: tf.errors.ResourceExhaustedError,
    errno.EIO: tf.errors.UnknownError,
}


class FailingWrites:
    """Lets one of the writes within a block fail.

    Attributes:
      done: descriptions of the writes so far.
    """

    def __init__(self, number=None, code=errno.ENOSPC):
        """Prepares to fail at the write of that number, from 0; never for None."""
        self._number, self._code, self.done = number, code, []
        self._lock = threading.Lock()

    def _count(self, kind, path):
        """Notes a write; tells whether it fails."""
        with self._lock:
            self.done.append(f"{kind} {pathlib.Path(os.fspath(path)).name}")
            return len(self.done) - 1 == self._number

    def _check(self, kind, path):
        if self._count(kind, path):
            raise OSError(self._code, os.strerror(self._code), os.fspath(path))

    @contextlib.contextmanager
    def active(self):
        """Counts writes within the block, and fails at one of them."""
        kind, whole = type(backend.os_backend), {}

        def replace(owner, name, make):
            whole[owner, name] = getattr(owner, name)
            setattr(owner, name, make(whole[owner, name]))

        def open_file(real):
            def opened(this, path, mode):
                if set(mode) & set("wax+"):
                    self._check("open", path)
                return real(this, path, mode)

            return opened

        def of_path(label):
            def make(real):
                def called(this, path, *given, **keywords):
                    self._check(label, path)
                    return real(this, path, *given, **keywords)

                return called

            return make

        def sync(real):
            def called(handle):
                self._check("fsync", pathlib.Path(f"/proc/self/fd/{handle}").readlink())
                return real(handle)

            return called

        def of_tensorflow(label, place):
            def make(real):
                def called(*given, **keywords):
                    path = given[place] if len(given) > place else keywords["file_prefix"]
                    if self._count(label, path):
                        text = f"{{{{function_node f}}}} {path}; {os.strerror(self._code)} [Op:X]"
                        raise _OP_ERRORS[self._code](None, None, text)
                    return real(*given, **keywords)

                return called

            return make

        replace(kind, "open", open_file)
        for name in ("replace", "rename", "mkdir", "makedirs", "remove"):
            replace(kind, name, of_path(name))
        replace(os, "fsync", sync)
        replace(checkpoint.TrackableSaver, "save", of_tensorflow("tensors", 1))
        replace(file_io, "atomic_write_string_to_file", of_tensorflow("list", 0))
        try:
            yield self
        finally:
            for (owner, name), real in whole.items():
                setattr(owner, name, real)


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
