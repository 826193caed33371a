"""foi-run: runs commands that train links, one after another, in one process.

  foi-plan --collection=mini --data_dir=D --workdir=W | foi-run

Reads lines of foi-pretrain, foi-source and foi-target from stdin, as foi-plan prints them.
TensorFlow starts once, and chains that end in the same target and stand next to each other share
its traced training step. A command that fails is named and the others are run all the same; one
that another worker is at (75, of --busy=leave) is tried again after the others. Exits with 0 if
all are done, 1 if some failed, and 130 or 143 if it was stopped; the same call then goes on.
"""

import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Sequence

from absl import flags

from foi_tf import preemption
from foi_tf.bin import pretrain, source, target
from foi_tf.bin._shared import command_line
from foi_tf.errors import FoiError, unknown_name_error

VALUES = flags.FlagValues()
flags.DEFINE_float(
    "retry", 60.0, "Seconds before commands that others were at are tried again.", 0.0,
    flag_values=VALUES,
)  # fmt: skip

_PROGRAMS = {"foi-pretrain": pretrain, "foi-source": source, "foi-target": target}
_INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """The console script."""
    command_line.run(_main, VALUES, __doc__)


def _main(values: flags.FlagValues) -> None:
    left = [_parsed(line, place) for place, line in enumerate(sys.stdin, 1) if line.strip()]
    failed = 0
    while left:
        codes = [_call(command) for command in left]
        failed += sum(code not in (0, os.EX_TEMPFAIL) for code in codes)
        left = [one for one, code in zip(left, codes, strict=True) if code == os.EX_TEMPFAIL]
        if left:
            time.sleep(values.retry)
    if failed:
        raise FoiError(f"{failed} commands failed; see above")


def _parsed(line: str, place: int) -> list[str]:
    try:
        command = shlex.split(line)
    except ValueError as error:
        raise FoiError(f"stdin, line {place}: not a shell command ({error})") from error
    if command[0] not in _PROGRAMS:
        raise unknown_name_error("program", command[0], _PROGRAMS, where=f"stdin, line {place}")
    return command


def _call(command: Sequence[str]) -> int:
    """Runs one command as a process of its own would be; returns its exit code."""
    program = _PROGRAMS[command[0]]
    command_line.unset(program.VALUES)
    try:
        command_line.run(program._main, program.VALUES, program.__doc__, command)
    except SystemExit as exited:
        code = exited.code
    except Exception:  # A defect must not take the commands behind it along.
        traceback.print_exc()
        code = 1
    if code == preemption.EXIT_CODE:
        raise preemption.Preempted
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code not in (0, os.EX_TEMPFAIL):
        command_line.note(f"foi-run: exit code {code} of: {shlex.join(command)}")
    return code


if __name__ == "__main__":
    main()
