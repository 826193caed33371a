"""foi-run: runs commands that train links, one after another, in one process.

  foi-plan --collection=mini --data_dir=D --workdir=W | foi-run

Reads lines of foi-pretrain, foi-source and foi-target from stdin, as foi-plan prints them.
TensorFlow starts once, and neighboring commands that train the same target share its traced
training step. If a command fails, it is named and the others are run all the same. A link that
another worker is training (exit code 75, of --busy=leave) is tried again after the others.
Exits with 0 if all commands are done, 1 if some failed, and 130 or 143 if it was stopped; the same
call then goes on.
"""

from __future__ import annotations

import dataclasses
import functools
import shlex
import sys
import time
import traceback
from typing import TYPE_CHECKING

from absl import flags

from foi_tf import preemption
from foi_tf.bin import pretrain, source, target
from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import BUSY, DONE, FAILED, INTERRUPTED, PREEMPTED, Program
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.wording import count_noun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foi_tf.chains.train_session import SessionCache

PROGRAMS = {module.PROGRAM.name: module.PROGRAM for module in (pretrain, source, target)}


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_float(
        "retry",
        60.0,
        "Seconds to wait before commands are tried again whose links other workers were training.",
        0.0,
        flag_values=values,
    )


def _run_lines(values: flags.FlagValues) -> None:
    left = [_parse(line, place) for place, line in enumerate(sys.stdin, 1) if line.strip()]
    from foi_tf.chains.train_session import SessionCache

    failed, sessions = 0, SessionCache()
    while left:
        codes = [_call(command, sessions) for command in left]
        failed += sum(code not in (DONE, BUSY) for code in codes)
        left = [command for command, code in zip(left, codes, strict=True) if code == BUSY]
        if left:
            time.sleep(values.retry)
    if failed:
        raise FoiError(f"{count_noun(failed, 'command')} failed; see above")


def _parse(line: str, place: int) -> list[str]:
    try:
        command = shlex.split(line)
    except ValueError as error:
        raise FoiError(f"stdin, line {place}: not a shell command ({error})") from error
    if command[0] not in PROGRAMS:
        raise unknown_name_error("program", command[0], PROGRAMS, where=f"stdin, line {place}")
    return command


def _call(command: Sequence[str], sessions: SessionCache) -> int:
    """Runs one command as a process of its own would; returns its exit code."""
    name, *arguments = command
    program = PROGRAMS[name]
    train = functools.partial(program.run, sessions=sessions)
    try:
        code = dataclasses.replace(program, run=train).call(arguments)
    except Exception:  # A defect in one command must not keep the others from running.
        traceback.print_exc()
        code = FAILED
    if code == PREEMPTED:
        raise preemption.Preempted
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code not in (DONE, BUSY):
        console.print_note(f"foi-run: exit code {code} of: {shlex.join(command)}")
    return code


PROGRAM = Program("foi-run", __doc__, _define_flags, _run_lines)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
