"""Defines what a program is: flags, usage, exit codes and errors in one line.

Exit codes: 0 done, 1 a clear one-line error (no traceback unless --debug), 2 wrong usage,
75 another worker trains the same link (--busy=leave), 130 interrupted, 143 stopped by SIGTERM.
After the last three the same command goes on where it stopped.
"""

import dataclasses
import logging as stdlib_logging
import os
import pathlib
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

from absl import flags, logging

from foi_tf import preemption
from foi_tf.bin._shared import console, help_text
from foi_tf.errors import BusyError, FoiError, NotReadyError
from foi_tf.files import describe_error, expand_home

DONE, FAILED, WRONG_USAGE, BUSY, INTERRUPTED = 0, 1, 2, os.EX_TEMPFAIL, 130
NOT_READY = os.EX_UNAVAILABLE  # Only of `Program.call`; a process exits with `FAILED`.
PREEMPTED = preemption.EXIT_CODE  # 143.

# The sentence of absl on a flag that has to be given.
_MISSING = re.compile(r"flag (--\w+)=None: Flag --\w+ must have a value other than None")

# Libraries warn of the interpreter's age while they are imported; stderr is for our users.
warnings.filterwarnings("ignore", category=FutureWarning, module="google.*")


@dataclasses.dataclass(frozen=True)
class Program:
    """A console script.

    Attributes:
      name: the name of the console script, with its subcommand, as "foi-weights import".
      usage: text that --help prints above the flags.
      define_flags: defines the program's flags in the `FlagValues` that it is given.
      run: does the work with the parsed flags.
    """

    name: str
    usage: str
    define_flags: Callable[[flags.FlagValues], None]
    run: Callable[[flags.FlagValues], None]

    def make_flags(self) -> flags.FlagValues:
        """Returns a fresh set of flags, so that no call sees the flags of another one.

        Each program has its own set: a flag that it does not know is refused, not ignored.
        """
        values = flags.FlagValues()
        self.define_flags(values)
        flags.DEFINE_bool("debug", False, "Show tracebacks and logs.", flag_values=values)
        return values

    def main(self, arguments: Sequence[str] | None = None) -> NoReturn:
        """Runs the program with command-line arguments and exits with its code.

        A defect (any exception but the expected ones) is named in one line, with its place.
        Under --debug every error is raised.

        Args:
          arguments: without the program's name; by default those of the process.
        """
        values = self._parse(sys.argv[1:] if arguments is None else arguments)
        try:
            with preemption.raise_on_sigterm(), preemption.remember_interrupt() as interrupted:
                try:
                    self.run(values)
                    sys.stdout.flush()
                except Exception as error:
                    if not interrupted():
                        raise
                    raise KeyboardInterrupt from error
                if interrupted():
                    raise KeyboardInterrupt
        except preemption.Preempted:
            self._exit(PREEMPTED, "stopped by SIGTERM; the same command goes on from here")
        except KeyboardInterrupt:
            if values.debug:
                traceback.print_exc()
            self._exit(INTERRUPTED, "interrupted; the same command goes on from here")
        except BusyError as error:
            self._exit(BUSY, str(error))
        except BrokenPipeError:  # The reader, as `head`, has read enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            if values.debug:
                raise
            self._exit(FAILED, f"error: {_expected_error(error) or _describe_defect(error)}")
        sys.exit(DONE)

    def call(self, arguments: Sequence[str]) -> int:
        """Runs the program within this process; returns the code that it would exit with."""
        try:
            self.main(arguments)
        except SystemExit as exited:
            waits = isinstance(exited.__context__, NotReadyError)
            return NOT_READY if waits else int(exited.code or DONE)

    def _parse(self, arguments: Sequence[str]) -> flags.FlagValues:
        """Returns the flags, or exits: with the help that was asked for, or on wrong usage."""
        values = self.make_flags()
        if form := help_text.requested_form(arguments):
            print(help_text.format_help(self.name, self.usage, values, ("debug",), form))
            sys.exit(DONE)
        try:
            unexpected = values([self.name, *arguments])[1:]
            if unexpected:
                raise flags.Error(
                    f"unexpected argument '{unexpected[0]}'; flags are written --name=value"
                )
        except (flags.Error, ValueError) as error:
            self._exit(WRONG_USAGE, f"{_shorten(str(error))} (--help lists the flags)")
        for name in values:
            try:
                values[name].value = expand_home(values[name].value)
            except FoiError as error:
                self._exit(WRONG_USAGE, f"--{name}={error}")
        _set_log_level(values.debug)
        return values

    def _exit(self, code: int, message: str) -> NoReturn:
        console.print_note(f"{self.name}: {' '.join(message.splitlines())}")
        sys.exit(code)


def _shorten(message: str) -> str:
    """Returns what absl says of wrong flags in one line, without the flags that are not wrong."""
    lines = [re.sub(r"^flags \w+=.*?: ", "", line) for line in message.splitlines()]
    missing = [found[1] for line in lines if (found := _MISSING.match(line))]
    others = [line for line in lines if not _MISSING.match(line)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        others.append(f"{', '.join(missing)} {verb} missing")
    return "; ".join(others)


def require(values: flags.FlagValues, *names: str) -> None:
    """Refuses command lines without these flags; their help says so."""
    flags.mark_flags_as_required(names, values)
    for name in names:
        values[name].help += " Required."


def _set_log_level(debug: bool) -> None:
    logging.set_verbosity(logging.DEBUG if debug else logging.ERROR)
    if not debug:
        warnings.simplefilter("ignore")
        stdlib_logging.getLogger("tensorflow").setLevel(stdlib_logging.ERROR)
        # Beam logs the errors that it raises, too.
        stdlib_logging.getLogger("apache_beam").setLevel(stdlib_logging.CRITICAL)


def _describe_defect(error: Exception) -> str:
    """Returns one line on an error that we did not expect: its kind and where it came up."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "foi_tf" in frame.filename] or frames
    place = f"{pathlib.Path(own[-1].filename).name}, line {own[-1].lineno}"
    return (
        f"{type(error).__name__}: {describe_error(error)} (unexpected, in {place}; please report "
        "it with what --debug shows)"
    )


def _expected_error(error: Exception) -> str | None:
    """Returns one line on an error that is no defect of ours; None for a defect."""
    if isinstance(error, FoiError):
        return str(error)
    if isinstance(error, OSError):
        text = describe_error(error)
        return f"{error.filename}: {text}" if error.filename else text
    if isinstance(error, MemoryError):
        return "out of memory; close other programs, or use a machine with more"
    # TensorFlow raises errors of its own for a bucket that is missing or forbidden.
    return describe_error(error) if type(error).__module__.startswith("tensorflow.") else None
