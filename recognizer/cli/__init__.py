"""The command line: a module for each command; `entry` is where the installed ones begin."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recognizer.cli.commands import COMMANDS, PROGRAM, main

__all__ = ["COMMANDS", "PROGRAM", "main"]


def __getattr__(name: str) -> object:
    """Import the commands when they are asked for: until `entry` is there, an interrupt would be a traceback."""
    import importlib

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("recognizer.cli.commands"), name)
