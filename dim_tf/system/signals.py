"""Signals that ask a program to end."""

import signal


def signals_to_end() -> tuple[signal.Signals, ...]:
    """SIGTERM, and SIGHUP, which comes where a terminal is closed.

    Not SIGHUP where it is ignored, as below nohup, nor on Windows, which has none.
    """
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is None or signal.getsignal(hang_up) == signal.SIG_IGN:
        return (signal.SIGTERM,)
    return (signal.SIGTERM, hang_up)


def leave_terminal_to_parent() -> None:
    """Has a process that works for another one ignore Ctrl-C and the end of the terminal.

    They reach all processes of a terminal; the parent alone answers them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
