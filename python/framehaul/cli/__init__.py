"""The command line. `main` turns whatever goes wrong into one line on standard error and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from framehaul.cli.stop import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_LINE = 2000
"""Characters of an error that are shown."""

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with 0 (done), 1 (data or output), 2 (usage) or 130 (interrupted)."""
    # Without a standard output Python has None there, and the next file that is opened would take its place.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open to the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for number in SIGNALS:
        # A request to end, and a terminal that closes, take the same way out as Ctrl-C, so that they leave nothing
        # half-written either. `nohup` has the latter ignored, and it stays so.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    try:
        code = _run(arguments)
    except KeyboardInterrupt:
        code = INTERRUPTED
    # What is done is done: nothing may come between here and the end of the interpreter.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if code == INTERRUPTED:
        _say("interrupted", "stopped by the user; nothing half-written is left")
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    import typer

    from framehaul import errors
    from framehaul.cli.app import app

    if not (sys.argv[1:] if arguments is None else arguments):
        arguments = ["--help"]
    try:
        # Outside of its standalone mode Typer raises what goes wrong and returns the exit code of what does not.
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        _say("usage", error.format_message())
        return WRONG_USAGE
    except errors.PartialExportError as failed:
        for name, stopped in failed.errors.items():
            _say(stopped.code, f"{name}: {stopped}")
        return FAILED
    except errors.Error as error:
        _say(error.code, str(error))
        return WRONG_USAGE if isinstance(error, errors.UsageError) else FAILED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        raised = errors.from_os(error)
        _say(getattr(raised, "code", "io"), str(raised))
        return FAILED
    return code if isinstance(code, int) else DONE


def _say(code: str, text: str) -> None:
    from framehaul import _core

    # Typer wraps its messages.
    line = _core.shown(" ".join(text.split("\n")), _MAX_LINE)
    with suppress(OSError):  # the terminal may be gone
        sys.stderr.write(f"error[{code}]: {line}\n")
