"""Where source code prints by itself, past the one module that escapes what a terminal could obey."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["direct_output"]

_CLICK = {
    *("clear", "confirm", "echo", "echo_via_pager", "edit", "getchar", "launch", "pause"),
    *("progressbar", "prompt", "secho", "style", "unstyle"),
}
_FORBIDDEN = {
    *(f"click.{name}" for name in _CLICK),
    *("os.write", "getpass.getpass", "logging.StreamHandler", "logging.basicConfig"),
    *("traceback.print_exc", "traceback.print_exception", "traceback.print_stack"),
    *("sys.stdout.write", "sys.stdout.writelines", "sys.stdout.buffer"),
    *("sys.stderr.write", "sys.stderr.writelines", "sys.stderr.buffer"),
    *("sys.__stdout__", "sys.__stderr__"),
}
_FORBIDDEN_CALLS = {"input", "print"}


def direct_output(path: Path) -> Iterator[str]:
    """Yield each place in a source file that prints by itself or makes control sequences.

    Args:
        path: The file.
    """
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        found = None
        if isinstance(node, ast.Attribute):
            found = ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found = node.func.id
        elif isinstance(node, ast.Constant) and re.search("\x1b.", str(node.value)):
            yield f"{path.name}:{node.lineno}: a control sequence"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in _FORBIDDEN:
                    yield f"{path.name}:{node.lineno}: imports {node.module}.{alias.name}"
        if found in _FORBIDDEN | _FORBIDDEN_CALLS:
            yield f"{path.name}:{node.lineno}: {found}"
