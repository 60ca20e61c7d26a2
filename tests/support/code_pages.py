"""Blocks of code in pages of Markdown: how each language is checked.

Python runs, JSON5 is read as a configuration where it is one, the other formats are parsed.
"""

import json
import re
import tomllib
from pathlib import Path

import json5
import preloaded
from lean_pytest import ALONE, OURS

from modelwire.config import Config
from modelwire.errors import ConfigError

# Runs a file of code in which `await` may stand at the top, as in a notebook.
_RUNNER = """
import ast, asyncio, inspect, sys

names = {"__name__": "__main__"}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, names))
    else:
        exec(code, names)
"""

_SECTIONS = {"models", "agents", "plugins", "env"}


def run_python(texts: list[str], folder: Path, environ: dict[str, str]) -> str | None:
    """Run blocks one after the other with the same names; return what is wrong, or `None`.

    A block with functions whose names begin with `test_` is run by pytest.
    """
    paths = []
    for number, text in enumerate(texts):
        tests = re.search(r"^(async )?def test_", text, re.MULTILINE)
        path = folder / f"{'test_' if tests else ''}block{number}.py"
        path.write_text(text, encoding="utf-8")
        paths.append((path, tests is not None))
    scripts = [path for path, tests in paths if not tests]
    commands = [["-c", _RUNNER, *scripts]] if scripts else []
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    options += ["-o", "asyncio_default_fixture_loop_scope=function"]
    commands += [["-m", "pytest", *options, path] for path, tests in paths if tests]
    plugins = {**ALONE, "PYTEST_PLUGINS": ",".join(["pytest_asyncio.plugin", *OURS])}
    for command in commands:
        done = preloaded.run(
            command, cwd=folder, env={**environ, **plugins}, text=True, timeout=120, python=True
        )
        if done.returncode != 0:
            return f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return None


def check_json5(text: str, *, refused: bool = False) -> str | None:
    """Read a block as the configuration that it shows; return what is wrong with it, or `None`.

    A block without outer braces shows members of an object, each line on its own.
    """
    texts = [text]
    if not text.lstrip().startswith(("{", "[", "//")):
        texts = [f"{{{line}\n}}" for line in text.splitlines() if line.strip()]
    for each in texts:
        try:
            data = json5.loads(each)
        except ValueError as error:
            return f"not JSON5: {error}"
        if not _is_configuration(data):
            continue
        variables = re.findall(r"\$\{(\w+)\}", each)
        try:
            Config.from_document(data, environ=dict.fromkeys(variables, "x"))
        except ConfigError as error:
            return None if refused else f"not a configuration: {error}"
        if refused:
            return "the page says that it is refused, and it is not"
    return None


def _is_configuration(data: object) -> bool:
    return isinstance(data, dict) and any(isinstance(data.get(key), dict) for key in _SECTIONS)


def check_format(language: str, text: str) -> str | None:
    """Parse a block of TOML or JSON; return what is wrong with it, or `None`."""
    try:
        if language == "toml":
            tomllib.loads(text)
        elif language == "json":
            json.loads(text)
    except ValueError as error:
        return f"not {language.upper()}: {error}"
    return None
