"""The layout of all packages: file names, sizes, class names and imports."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "core" / "src" / "modelwire" / "cli" / "plugin" / "template"
PLUGINS = {path.parent.name: path.parent for path in ROOT.glob("plugins/*/pyproject.toml")}
INTEGRATIONS = {
    path.parent.name: path.parent for path in ROOT.glob("integrations/*/pyproject.toml")
}
PACKAGES = {"core": ROOT / "core", **PLUGINS, **INTEGRATIONS}
NOUNS_IN_ING = {
    "caching",  # prompt caching
    "logging",
    "rendering",
    "sampling",
    "signing",
    "testing",  # a plugin's wires for the conformance kit
    "thinking",
}
"""Words that end as verb forms do and are the field's nouns."""

REPEATED_CLASSES = {"Rendering", "Request", "Translator"}
"""Classes that the folder of each API has."""

MEANINGLESS = {"common", "helpers", "misc", "utils"}

LONGEST_FILE = 500
LONGEST_FUNCTION = 60


def sources(package):
    """The Python files of a package, without the template of new plugins."""
    for file in sorted((package / "src").rglob("*.py")):
        if TEMPLATE not in file.parents:
            yield file


ALL_SOURCES = [file for package in PACKAGES.values() for file in sources(package)]


def test_no_file_is_named_after_a_verb_form():
    verbs = {file for file in ALL_SOURCES if file.stem.endswith("ing")}
    assert {str(f.relative_to(ROOT)) for f in verbs if f.stem not in NOUNS_IN_ING} == set()


def test_no_file_is_named_after_nothing():
    assert [file for file in ALL_SOURCES if file.stem in MEANINGLESS] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_files_of_a_package_export_classes_of_one_name(package):
    homes = defaultdict(list)
    for file in sources(PACKAGES[package]):
        if file.name == "__init__.py":
            continue
        tree = ast.parse(file.read_text())
        exported = {
            name
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            for name in ast.literal_eval(node.value)
        }
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name in exported - REPEATED_CLASSES:
                homes[node.name].append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_file_and_no_function_is_too_long():
    long = []
    for file in ALL_SOURCES:
        text = file.read_text()
        if len(text.splitlines()) > LONGEST_FILE:
            long.append(str(file))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                # A docstring does not make a function hard to read.
                told = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
                if node.end_lineno - node.lineno + 1 - told > LONGEST_FUNCTION:
                    long.append(f"{file}: {node.name}")
    assert long == []


def module_name(file):
    source = next(folder for folder in file.parents if folder.name == "src")
    parts = file.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_at_run_time(tree):
    """Modules that a file imports, in functions too; `if TYPE_CHECKING:` does not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield from imports_at_run_time(node)


@cache
def all_imports():
    """What each module imports."""
    return {
        module_name(file): set(imports_at_run_time(ast.parse(file.read_text())))
        for file in ALL_SOURCES
    }


def test_no_modules_import_each_other_in_a_circle():
    imports = all_imports()
    left = {name: wanted & imports.keys() - {name} for name, wanted in imports.items()}
    # A package's own exports are imported when they are used, by their modules' names.
    while True:
        free = {name for name, wanted in left.items() if not wanted & left.keys()}
        if not free:
            break
        left = {name: wanted for name, wanted in left.items() if name not in free}
    wanted_by_none = True
    while wanted_by_none:
        wanted = set().union(*left.values()) if left else set()
        wanted_by_none = left.keys() - wanted
        left = {name: found for name, found in left.items() if name not in wanted_by_none}
    assert sorted(left) == []


@pytest.mark.parametrize("package", [*PLUGINS, *INTEGRATIONS])
def test_a_plugin_or_integration_imports_only_public_names_of_the_core_and_no_other(package):
    imports = all_imports()
    public = {name for name in imports if name.startswith("modelwire.") and name.count(".") == 1}
    own = f"modelwire_{package}"
    wrong = set()
    for name, wanted in imports.items():
        if name.partition(".")[0] != own:
            continue
        for module in wanted & imports.keys():
            top = module.partition(".")[0]
            if top == "modelwire" and module != "modelwire" and module not in public:
                wrong.add(f"{name}: {module}")
            if top not in {"modelwire", own}:
                wrong.add(f"{name}: {module}")
    assert wrong == set()
