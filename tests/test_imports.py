"""The direction of imports, and what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("recognizer", "retrieval", "reject_gen")
HEAVY = {
    *("torch", "sklearn", "pynndescent", "onnxruntime", "scipy", "onnx", "numba", "sqlalchemy"),
    *("pymilvus", "milvus_lite", "grpc", "pyarrow", "pandas"),
}
OPTIONAL = {
    # The store: modules about a database, imported by functions that need one.
    *(
        f"recognizer.feedback.{name}"
        for name in ("database", "lookup", "records", "schema", "statements", "store")
    ),
    "recognizer.training",
    "recognizer.service",
    "recognizer.bulk",
    "retrieval.autoencoder",
    "retrieval.descent",
    "retrieval.walk",
}
MAY_USE_TORCH = ("recognizer.training", "retrieval.autoencoder")


def module_name(file):
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))}


def below(name, packages):
    return any(name == package or name.startswith(package + ".") for package in packages)


def imported(nodes, module):
    """The full names of all modules that these statements import."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ""
            if node.level:
                package = module if MODULES[module].stem == "__init__" else module.rpartition(".")[0]
                start = ".".join(package.split(".")[: len(package.split(".")) + 1 - node.level])
            base = ".".join(filter(None, (start, node.module)))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in ("importlib.import_module", "import_module", "__import__")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield node.args[0].value


def anywhere(module):
    """What a module imports, wherever in it that stands."""
    return set(imported(ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))), module))


def at_import(module):
    """What it imports while it is imported itself: not in functions, and not for type checkers alone."""

    def statements(body):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                yield from statements(node.orelse)
                continue
            yield node
            for part in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from statements(handler.body)

    return set(imported(statements(ast.parse(MODULES[module].read_text(encoding="utf-8")).body), module))


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 40
    assert {name.partition(".")[0] for name in MODULES} == set(PACKAGES)
    assert "numpy" in at_import("recognizer.pipeline")
    assert "onnxruntime" in anywhere("retrieval.runtime")
    assert "retrieval.hit" in anywhere("retrieval")


@pytest.mark.parametrize("package", ["reject_gen", "retrieval"])
def test_leaves_import_no_other_package_of_ours(package):
    others = set(PACKAGES) - {package}
    for module in MODULES:
        if below(module, [package]):
            assert not [name for name in anywhere(module) if below(name, others)], module


def test_nothing_but_the_command_line_imports_the_command_line():
    """Not the service, bulk work or the bad cases either, not even for type checkers."""
    others = [name for name in MODULES if not below(name, ["recognizer.cli"])]
    assert {"recognizer.service.told", "recognizer.bulk.worker", "recognizer.feedback.ingest"} <= {*others}
    for module in others:
        assert not [name for name in anywhere(module) if below(name, ["recognizer.cli"])], module


@pytest.mark.parametrize("module", [name for name in MODULES if not below(name, MAY_USE_TORCH)])
def test_torch_is_for_training_only(module):
    assert not [name for name in anywhere(module) if below(name, ["torch"])]


@pytest.mark.parametrize("module", [name for name in MODULES if not below(name, OPTIONAL)])
def test_heavy_libraries_wait_until_they_are_needed(module):
    assert not [name for name in at_import(module) if below(name, HEAVY)]


def test_errors_results_and_config_are_leaves():
    for module in ("recognizer.errors", "recognizer.results"):
        assert not [name for name in at_import(module) if below(name, PACKAGES)], module


def test_importing_everything_but_training_loads_nothing_heavy():
    """What the modules import, and what these import in turn."""
    modules = [name for name in MODULES if not below(name, OPTIONAL) and not name.endswith("__main__")]
    code = (
        f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
        f"print(sorted({HEAVY} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
