"""Compiles `recognizer._native` while the package is built; without a C compiler the package goes without it."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags, sys_tags
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

MODULE = "recognizer._native"
FOLDER = Path("recognizer", "native")


class CustomBuildHook(BuildHookInterface):
    """Compiles before a wheel is written: beside the sources for an editable installation, else into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name what was compiled as a part of the wheel.

        Args:
            version: "editable" or "standard".
            build_data: what Hatchling builds from; see its documentation of build hooks.
        """
        root, in_place = Path(self.root), version == "editable"
        self._scratch = tempfile.TemporaryDirectory()
        made = compile_into(root if in_place else Path(self._scratch.name), root, self._scratch.name)
        if made is None:
            self.app.display_warning("without a C compiler images are read all the same, but more slowly")
        elif not in_place:
            build_data["pure_python"] = False
            build_data["tag"] = tag_of(made)
            build_data["force_include"][str(made)] = f"recognizer/{made.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled: the wheel has it."""
        self._scratch.cleanup()


def tag_of(made: Path) -> str:
    """The tag of a wheel with a compiled module: pythons, interface, and platform as pip names it on this machine.

    On Linux it is the machine's own, as nothing is known of older ones.
    """
    own = next(tag for tag in platform_tags() if not tag.startswith(("manylinux", "musllinux")))
    if ".abi3." in made.name or (made.suffix == ".pyd" and ".cp" not in made.name):
        return f"cp311-abi3-{own}"
    best = next(tag for tag in sys_tags() if tag.platform == own)
    return f"{best.interpreter}-{best.abi}-{own}"


def digest(root: Path) -> str:
    """The SHA-256 of all C files, by which a test knows what was compiled from others."""
    files = sorted((root / FOLDER).glob("*.[ch]"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compile_into(target: Path, root: Path, scratch: str) -> Path | None:
    """Compile the module.

    Args:
        target: the folder that packages lie in; the module is written where it belongs below.
        root: the checkout.
        scratch: a folder for what is made on the way.

    Returns:
        The module's file; None where it can't be compiled, which setuptools then says in its log.
    """
    extension = Extension(
        MODULE,
        sorted(str(path) for path in (root / FOLDER).glob("*.c")),
        define_macros=[("SOURCES", f'"{digest(root)}"')],
        # Rounded after each step, as Python does: some processors would otherwise multiply and add in one.
        extra_compile_args=[] if os.name == "nt" else ["-ffp-contract=off"],
        py_limited_api=sys.implementation.name == "cpython",
        optional=True,
    )
    command = build_ext(Distribution({"name": "native", "ext_modules": [extension]}))
    command.build_lib, command.build_temp, command.force = str(target), scratch, True
    command.ensure_finalized()
    made = Path(command.get_ext_fullpath(MODULE))
    made.unlink(missing_ok=True)  # of an earlier version, which would stay if this one can't be compiled
    command.run()
    return made if made.is_file() else None
