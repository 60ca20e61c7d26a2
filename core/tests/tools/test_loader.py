"""The tools in a Python file: which functions count, and what is said of a file that is wrong."""

import textwrap

import pytest

from modelwire.errors import InvalidMessage
from modelwire.messages import Text, ToolCall
from modelwire.tools import load_tools, run_call


@pytest.fixture
def write(tmp_path):
    def write(text, name="tools.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return path

    return write


def names(tools):
    return [tool.name for tool in tools]


def test_public_functions_of_the_file_are_tools_in_order(write):
    path = write(
        """
        from os.path import join
        import functools

        def second(a: int): ...
        async def first(a: int): ...
        def _hidden(a): ...

        def noisy(function):
            @functools.wraps(function)
            def run(*args, **kwargs):
                return function(*args, **kwargs)
            return run

        class Klass: ...
        again = first
        del noisy
        """
    )
    assert names(load_tools(path)) == ["second", "first"]


def test_all_names_the_tools_where_it_is_given(write):
    path = write(
        """
        from os.path import basename
        __all__ = ["shown"]
        def shown(a: int): ...
        def other(a): ...
        """
    )
    assert names(load_tools(path)) == ["shown"]


async def test_the_file_may_use_dataclasses_postponed_hints_and_its_neighbours(write):
    write("def greet(name): return f'hello {name}'", "neighbour_of_tools.py")
    path = write(
        """
        from __future__ import annotations
        from dataclasses import dataclass
        import neighbour_of_tools

        @dataclass
        class Person:
            name: str
            friend: Person | None = None

        def greet(person: Person) -> str:
            return neighbour_of_tools.greet(person.name)
        """
    )
    tools = load_tools(path)
    result = await run_call(tools, ToolCall("c", "greet", {"person": {"name": "Ada"}}))
    assert result.content == [Text("hello Ada")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:", ["failed while it was loaded", "tools.py:1: SyntaxError"]),
        ("x = 1\nimport nowhere_to_be_found", ["tools.py:2: ModuleNotFoundError: No module"]),
        ("def g():\n  1/0\ng()", ["tools.py:2: ZeroDivisionError: division by zero"]),
        ("import sys\nsys.exit(3)", ["tools.py:2: SystemExit: 3"]),
        ("x = 1", ["tools.py defines no public function."]),
        (
            "def f(a): ...\n\ndef g(b: complex): ...\ndef h(): ...",
            ["2 of the functions", "tools.py:1: f.a: it has no", "tools.py:3: g.b: its type"],
        ),
    ],
)
def test_a_file_that_is_wrong_is_named_with_its_lines(write, text, said):
    with pytest.raises(InvalidMessage) as caught:
        load_tools(write(text))
    for part in said:
        assert part in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InvalidMessage, match=r"Cannot read .*none\.py: No such file"):
        load_tools(tmp_path / "none.py")


def test_loading_leaves_nothing_beside_the_file(write):
    path = write("def f(a: int): ...")
    load_tools(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["tools.py"]
