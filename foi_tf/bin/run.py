"""foi-run: runs commands that train links, one after another, in one process.

  foi-plan --collection=mini --data_dir=D --workdir=W | foi-run

Reads lines of foi-pretrain, foi-source and foi-target from stdin, as foi-plan prints them.
TensorFlow starts once, and neighboring commands that train the same target, also with other seeds,
share its traced training step. If a command fails, it is named and the others are run all the
same. A link that another worker is training (exit code 75, of --busy=leave) is tried again after
the others, and so are those that need its weights.
Exits with 0 if all commands are done, 1 if some failed, and 130 or 143 if it was stopped; the same
call then goes on.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import shlex
import sys
import time
import traceback
from typing import TYPE_CHECKING, TypeVar

from absl import flags

from foi_tf import parsing, preemption
from foi_tf.bin import pretrain, source, target
from foi_tf.bin._run import worker_pool
from foi_tf.bin._shared import console
from foi_tf.bin._shared.program import (
    BUSY,
    DONE,
    FAILED,
    INTERRUPTED,
    NOT_READY,
    PREEMPTED,
    Program,
)
from foi_tf.errors import FoiError, unknown_name_error
from foi_tf.wording import count_noun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from foi_tf.chains.train_session import SessionCache

_LONGEST = 20_000  # Characters of a line; ours.
_Command = TypeVar("_Command")
PROGRAMS = {module.PROGRAM.name: module.PROGRAM for module in (pretrain, source, target)}


def _define_flags(values: flags.FlagValues) -> None:
    flags.DEFINE_integer(
        "jobs",
        1,
        "Commands that run at a time, each in a process that keeps its traced step for the next "
        "one. Sources wait for pre-trainings, and targets for sources.",
        1,
        flag_values=values,
    )
    flags.DEFINE_float(
        "retry",
        60.0,
        "Seconds to wait before commands are tried again whose links other workers were training.",
        0.0,
        flag_values=values,
    )


def _run_lines(values: flags.FlagValues) -> None:
    commands = _read_commands()
    if values.jobs > 1:
        with worker_pool.WorkerPool(values.jobs, _serve) as pool:
            failed = run_all(commands, functools.partial(_call_in_pool, pool), values.retry)
    else:
        from foi_tf.chains.train_session import SessionCache

        sessions = SessionCache()
        failed = run_all(commands, lambda left: [_call(c, sessions) for c in left], values.retry)
    if failed:
        raise FoiError(f"{count_noun(failed, 'command')} failed; see above")


def run_all(
    commands: Sequence[_Command],
    call_all: Callable[[Sequence[_Command]], Sequence[int]],
    retry: float,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Runs commands in turn, and those again whose links other workers were training.

    Args:
      call_all: runs some commands; returns the exit code of each.
      retry: seconds to wait before commands are tried again.
      sleep: waits for so many seconds.

    Returns:
      The number of commands that failed.
    """
    left, failed = list(commands), 0
    while left:
        codes = call_all(left)
        # A command may lack a link that is busy itself.
        later = (BUSY, NOT_READY) if BUSY in codes else ()
        failed += sum(code not in (DONE, *later) for code in codes)
        left = [command for command, code in zip(left, codes, strict=True) if code in later]
        if left:
            sleep(retry)
    return failed


def _call_in_pool(pool: worker_pool.WorkerPool, commands: Sequence[Sequence[str]]) -> Sequence[int]:
    """Runs commands in several processes; those of one program wait for those before."""
    codes: list[int] = []
    for _, batch in itertools.groupby(commands, key=lambda command: command[0]):
        together = list(batch)
        found = pool.run(together, [_name_step(c, len(codes) + i) for i, c in enumerate(together)])
        for command, code in zip(together, found, strict=True):
            if code > 128:  # The process was killed, so nobody else has said it.
                console.print_note(f"foi-run: exit code {code} of: {shlex.join(command)}")
        codes += found
    return codes


def _name_step(command: Sequence[str], place: int) -> tuple:
    """Names the traced step of a command; that of a pre-training or a source is its own."""
    names = ("--target=", "--setting=")
    own = tuple(flag for flag in command if flag.startswith(names))
    return (command[0], *own) if command[0] == target.PROGRAM.name else (place,)


def _serve(answers: Connection) -> None:
    """Runs the commands that come, until there are no more."""
    from foi_tf.chains.train_session import SessionCache

    sessions = SessionCache()
    try:
        while True:
            answers.send(_call(answers.recv(), sessions))
    except preemption.Preempted:
        sys.exit(PREEMPTED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _read_commands() -> list[list[str]]:
    """Reads the commands of stdin, as an editor on any system may have saved them."""
    source = getattr(sys.stdin, "buffer", None)
    try:
        text = parsing.decode_text(source.read()) if source else sys.stdin.read()
    except ValueError as error:
        raise FoiError(f"stdin: {error}; save the plan as UTF-8") from error
    lines = enumerate(text.splitlines(), 1)
    return [_parse(line, place) for place, line in lines if line.strip()]


def _parse(line: str, place: int) -> list[str]:
    if len(line) > _LONGEST:
        raise FoiError(f"stdin, line {place}: longer than {_LONGEST} characters, so no command")
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
    except Exception:  # Under --debug; it must not keep the others from running.
        traceback.print_exc()
        code = FAILED
    if code == PREEMPTED:
        raise preemption.Preempted
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if code not in (DONE, BUSY):
        shown = FAILED if code == NOT_READY else code
        console.print_note(f"foi-run: exit code {shown} of: {shlex.join(command)}")
    return code


PROGRAM = Program("foi-run", __doc__, _define_flags, _run_lines)

main = PROGRAM.main  # The console script.


if __name__ == "__main__":
    main()
