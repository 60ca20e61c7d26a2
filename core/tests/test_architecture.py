"""The house keeps its rules: rooms import only upward, and what is public is listed."""

import ast
import graphlib
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import modelwire

ROOT = Path(modelwire.__file__).parent
ROOMS = [
    "_lazy",
    "redaction",
    "errors",
    "files",
    "structuring",
    "messages",
    "events",
    "repair",
    "models",
    "document",
    "sessions",
    "config",
    "tools",
    "transport",
    "hookspecs",
    "authoring",
    "registry",
    "catalog",
    "runtime",
    "testing",
    "cli",
]


def imports_of(tree):
    """Names of modules that are imported at run time; `if TYPE_CHECKING:` blocks do not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield from imports_of(node)


def room_of(module):
    return module.split(".")[1]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_rooms_above_it(room):
    files = [ROOT / f"{room}.py", *(ROOT / room).rglob("*.py")]
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    for file in filter(Path.exists, files):
        for module in imports_of(ast.parse(file.read_text())):
            if module.startswith("modelwire."):
                assert room_of(module) in allowed, f"{file} imports {module}"


def test_no_module_imports_itself_by_way_of_others():
    """Also not inside of functions: what needs its user is put together the wrong way round."""
    files = {
        ".".join(("modelwire", *file.relative_to(ROOT).with_suffix("").parts)): file
        for file in ROOT.rglob("*.py")
        if "template" not in file.parts
    }
    files = {name.removesuffix(".__init__"): file for name, file in files.items()}
    imported = {
        name: {module for module in imports_of(ast.parse(file.read_text())) if module in files}
        for name, file in files.items()
    }
    graphlib.TopologicalSorter(imported).prepare()


def test_every_file_is_in_a_room():
    loose = {"__init__", "__main__"}
    assert {path.stem for path in ROOT.iterdir() if path.suffix == ".py"} - loose <= set(ROOMS)


def test_no_file_outgrows_five_hundred_lines():
    for file in ROOT.rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 500, file


def test_every_public_name_can_be_imported():
    for name in modelwire.__all__:
        assert getattr(modelwire, name) is not None
    assert sorted(modelwire.__all__) == list(modelwire.__all__)
    assert set(modelwire.__all__) <= set(dir(modelwire))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = modelwire.nonsense


@pytest.mark.parametrize("room", [r for r in ROOMS if r not in {"cli", "document"}])
def test_what_a_room_exports_exists_and_is_documented(room):
    module = importlib.import_module(f"modelwire.{room}")
    assert module.__doc__
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"modelwire.{room}.{name} has no docstring"


def loaded_after(code):
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import modelwire",
        "import modelwire.hookspecs.specs, modelwire.events, modelwire.catalog, modelwire.transport",
        "from modelwire.config import Config; Config.empty({})",
    ],
)
def test_importing_costs_no_heavy_library(code):
    heavy = {"aiohttp", "asyncio", "boto3", "botocore", "json5", "msgspec", "rich", "filelock"}
    assert not heavy & loaded_after(code)


def test_importing_the_package_alone_loads_none_of_it():
    loaded = {name for name in loaded_after("import modelwire") if name.startswith("modelwire.")}
    assert loaded == {"modelwire._lazy"}
