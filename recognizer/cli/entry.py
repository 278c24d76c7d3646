"""Where the installed commands begin. An interrupt ends them without a traceback, also while modules are imported."""

import importlib
import os
import signal

INTERRUPTED = 130


def recognize() -> int:
    """The command `recognize`."""
    return _enter("recognizer.cli.recognize")


def similar() -> int:
    """The command `similar`."""
    return _enter("recognizer.cli.similar")


def badcase() -> int:
    """The command `badcase`."""
    return _enter("recognizer.cli.badcase")


def recognizer() -> int:
    """The command ``recognizer``."""
    return _enter("recognizer.cli.commands")


def work_begins() -> None:
    """From now on an interrupt is raised, as is usual, so that what was begun is tidied up."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _enter(module: str) -> int:
    _interrupts_end_it()
    try:
        code: int = importlib.import_module(module).main()
    finally:
        _interrupts_end_it()
    return code


def _interrupts_end_it() -> None:
    """End at once where nothing is begun yet, or all is done.

    A KeyboardInterrupt would not do: what is being imported may swallow it, or turn it into another error.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # it may be ignored, as after `nohup`
        signal.signal(signal.SIGINT, _leave)


def _leave(*_: object) -> None:
    os.write(2, b"error: interrupted\n")
    os._exit(INTERRUPTED)
