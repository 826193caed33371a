"""What all programs share: flags, exit codes and errors in one line.

Exit codes: 0 done, 1 a clear one-line error (no traceback unless --debug), 2 wrong usage,
75 another worker is at it (--busy=leave), 130 interrupted, 143 stopped by SIGTERM; after
the last three the same command goes on where it was.
"""

import logging as stdlib_logging
import os
import pathlib
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

from absl import flags, logging

from foi_tf import preemption
from foi_tf.errors import BusyError, FoiError
from foi_tf.files import describe_os_error, first_line

# Libraries warn of the interpreter's age while they are imported; stderr is for our users.
warnings.filterwarnings("ignore", category=FutureWarning, module="google.*")


def unset(values: flags.FlagValues) -> None:
    """Gives all flags their defaults again, before a process parses another command."""
    for name in values:
        values[name].unparse()


def run(
    main: Callable[[flags.FlagValues], None],
    values: flags.FlagValues,
    usage: str,
    argv: Sequence[str] | None = None,
) -> NoReturn:
    """Parses `argv` (default: the process's) into `values`, calls `main` and exits.

    Each program has `FlagValues` of its own, so that a flag it does not know is
    refused rather than accepted and ignored.
    """
    argv = list(sys.argv if argv is None else argv)
    # The console script's name, also when run as `python -m foi_tf.bin.NAME`.
    program = f"foi-{pathlib.Path(argv[0]).stem.removeprefix('foi-')}"
    if "debug" not in values:
        flags.DEFINE_bool("debug", False, "Show tracebacks and logs.", flag_values=values)
    if {"--help", "-h", "-help"} & set(argv):
        print(f"{usage}\n\nUsage: {program} [flags]\n{values.get_help()}")
        sys.exit(0)
    try:
        extra = values(argv)[1:]
        if extra:
            raise flags.Error(f"unexpected argument '{extra[0]}'; flags are written --name=value")
    except flags.Error as error:
        message = "; ".join(str(error).splitlines())  # One line a missing flag.
        print(f"{program}: {message} (--help lists the flags)", file=sys.stderr)
        sys.exit(2)
    logging.set_verbosity(logging.DEBUG if values.debug else logging.ERROR)
    if not values.debug:
        warnings.simplefilter("ignore")
        stdlib_logging.getLogger("tensorflow").setLevel(stdlib_logging.ERROR)
        # Beam logs what it raises, too.
        stdlib_logging.getLogger("apache_beam").setLevel(stdlib_logging.CRITICAL)
    try:
        with preemption.raise_on_sigterm():
            main(values)
            sys.stdout.flush()
    except preemption.Preempted:
        print(f"{program}: stopped by SIGTERM; the same command goes on from here", file=sys.stderr)
        sys.exit(preemption.EXIT_CODE)
    except BusyError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(os.EX_TEMPFAIL)
    except BrokenPipeError:  # As of `foi-plan | head`; nobody reads on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (FoiError, OSError) as error:
        if values.debug:
            raise
        message = str(error) if isinstance(error, FoiError) else _place(error)
        print(f"{program}: error: {message}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        # As TensorFlow says it that a bucket is away or forbidden.
        if values.debug or not type(error).__module__.startswith("tensorflow."):
            raise
        print(f"{program}: error: {first_line(error)}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"{program}: interrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


def note(message: str) -> None:
    """Says something on stderr that is no error."""
    print(message, file=sys.stderr, flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence]) -> None:
    """Prints tab-separated lines on stdout."""
    print("\n".join("\t".join(map(str, row)) for row in [header, *rows]))


def _place(error: OSError) -> str:
    return (
        f"{error.filename}: {describe_os_error(error)}"
        if error.filename
        else describe_os_error(error)
    )
