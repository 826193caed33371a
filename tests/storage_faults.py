"""Lets writes fail, as on a full disk or storage that does not answer.

All paths of the project go through epath, and TensorFlow's own writes through two functions. These
are replaced for a block, in this process.
"""

import contextlib
import errno
import os
import pathlib
import threading

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
