"""Ctrl-C, a request to end, and a terminal that closes, while an export is under way."""

from __future__ import annotations

import signal

SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows has no SIGHUP
)


class Stop:
    """Notes a request to stop, from now on, until somebody asks for it.

    An exception could come at any place, also when the output is whole already. One that comes only where the export
    asks whether to go on stops it and leaves nothing behind; after the last time that it asks, a request changes
    nothing.
    """

    def __init__(self) -> None:
        self._requested = False
        for number in SIGNALS:
            # A shell has its jobs in the background ignore Ctrl-C; they still do.
            if signal.getsignal(number) is signal.default_int_handler:
                signal.signal(number, self._note)

    def _note(self, _number: int, _frame: object) -> None:
        self._requested = True

    def check(self) -> None:
        """Raises KeyboardInterrupt if a request has come."""
        if self._requested:
            raise KeyboardInterrupt
