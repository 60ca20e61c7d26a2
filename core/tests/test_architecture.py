"""The house keeps its rules: rooms import only upward, and what is public is listed."""

import ast
import graphlib
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import modelwire

ROOT = Path(modelwire.__file__).parent
ROOMS = [
    "_lazy",
    "closable",
    "redaction",
    "errors",
    "_plugin_hints",
    "warnings",
    "files",
    "event_loops",
    "forks",
    "text",
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
    "dialects",
    "registry",
    "catalog",
    "runtime",
    "agent",
    "batch",
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


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_exports_exists_and_is_documented(room):
    module = importlib.import_module(f"modelwire.{room}")
    assert module.__doc__
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"modelwire.{room}.{name} has no docstring"


VENDORS = re.compile(
    r"amazon|anthropic|openai|bedrock|claude|gpt|(?<![a-z])(?:aws|amzn?)(?![a-z])", re.IGNORECASE
)
CACHES = {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
NAMES_VENDORS = ROOT / "registry" / "published.json"
"""Made from the metadata of this project's plugins, so that one that is missing can be named."""


def docstrings_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def without_examples(text):
    """A docstring without code: what stands in backticks, and blocks that click leaves as they are."""
    text = re.sub(r"^ *(?:\x08|\\b)\n(?:.*\S.*\n)+", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`]+`", "", text)


def without_examples_in_docstrings(source):
    lines = source.splitlines(keepends=True)
    for docstring in sorted(docstrings_of(ast.parse(source)), key=lambda node: -node.lineno):
        found = slice(docstring.lineno - 1, docstring.end_lineno)
        lines[found] = [without_examples("".join(lines[found]))]
    return "".join(lines)


def vendors_in(file):
    source = file.read_text(encoding="utf-8")
    text = without_examples_in_docstrings(source) if file.suffix == ".py" else source
    return [f"{file}: {line.strip()}" for line in text.splitlines() if VENDORS.search(line)]


def test_the_core_knows_no_vendor():
    """Neither in code nor in words; docstrings may have one in an example."""
    files = {
        file for file in ROOT.rglob("*") if file.is_file() and not CACHES.intersection(file.parts)
    }
    assert [found for file in files - {NAMES_VENDORS} for found in vendors_in(file)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""As `openai/gpt-5`, or `amazon-bedrock`."""\n', False),
        ('"""A command.\n\n\\b\nmodelwire models set openai/gpt-5\n"""\n', False),
        ('class A:\n    x: int\n    """As `x-amz-date`."""\n', False),
        ("x = 'draws, laws'\n", False),
        ('"""Made for OpenAI."""\n', True),
        ("# Claude does so\n", True),
        ("NAMES = {'x-amzn-requestid'}\n", True),
        ("x = f'{\"AWS_REGION\"}'\n", True),
        ('def f():\n    x = """As `gpt`."""\n', True),
    ],
)
def test_a_vendor_is_found_wherever_it_is_named(tmp_path, source, found):
    (tmp_path / "module.py").write_text(source)
    assert bool(vendors_in(tmp_path / "module.py")) is found


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
