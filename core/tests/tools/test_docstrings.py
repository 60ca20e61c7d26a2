"""Docstrings in all four styles become descriptions; what a model has no use for is left out."""

import asyncio
import functools
import inspect
import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.messages import ToolCall
from modelwire.structuring.docstrings import read_docstring
from modelwire.tools import run_call, tool_from

REST = """Forecast the weather.

Forecasts reach
a week ahead.

:param city: The city's name,
    in English.
:param int days: How many days.
:type city: str
:raises LookupError: There is no such city.
:returns: A line for each day.
:rtype: str
"""
GOOGLE = """Forecast the weather.

Forecasts reach
a week ahead.

Args:
    city (str): The city's name,
        in English.
    days (int, optional): How many days.

Raises:
    LookupError: There is no such city.
"""
NUMPY = """Forecast the weather.

Forecasts reach
a week ahead.

Parameters
----------
city : str
    The city's name,
    in English.
days : int, default 1
    How many days.

Returns
-------
str
    A line for each day.

Raises
------
LookupError
    There is no such city.

Examples
--------
>>> weather("Oslo")
'Rain'
"""
EPYDOC = """Forecast the weather.

Forecasts reach
a week ahead.

@param city: The city's name,
    in English.
@type city: str
@param days: How many days.
@return: A line for each day.
@rtype: str
@raise LookupError: There is no such city.
"""
STYLES = {"reST": REST, "Google": GOOGLE, "NumPy": NUMPY, "epydoc": EPYDOC}
DESCRIPTION = "Forecast the weather.\n\nForecasts reach\na week ahead."


def described(docstring):
    """The description of a tool, and those of its parameters `city` and `days`."""

    def weather(city: str, days: int = 1):
        pass

    weather.__doc__ = docstring
    tool = tool_from(weather).tool
    properties = tool.parameters["properties"]
    return tool.description, [properties[name].get("description") for name in ("city", "days")]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_read(style):
    parameters = ["The city's name, in English.", "How many days."]
    assert described(STYLES[style]) == (DESCRIPTION, parameters)


@pytest.mark.parametrize("style", STYLES)
def test_the_indentation_of_the_source_does_not_matter(style):
    first, _, rest = STYLES[style].partition("\n")
    indented = "\n".join(f"        {line}" for line in rest.splitlines())
    assert described(f"{first}\n{indented}") == described(STYLES[style])


@pytest.mark.parametrize("style", STYLES)
def test_a_docstring_may_have_no_summary(style):
    _, _, sections = STYLES[style].partition("ahead.\n\n")
    parameters = ["The city's name, in English.", "How many days."]
    assert described(sections) == ("", parameters)


@pytest.mark.parametrize("docstring", [None, "", "  \n "])
def test_without_a_docstring_there_is_no_description(docstring):
    assert described(docstring) == ("", [None, None])


@pytest.mark.parametrize(
    "docstring",
    [
        "Forecast the weather.",
        DESCRIPTION,
        "Forecast the weather:\n\n- today\n- tomorrow",
        "Forecast the weather.\n\nReturns:\n    A line for each day.",
        ":func:`forecast` does the work.",
        "@mention somebody.",
        "Note: it costs money.",
    ],
)
def test_a_docstring_without_parameters_is_the_description(docstring):
    assert described(docstring) == (docstring, [None, None])


@pytest.mark.parametrize(
    "errors",
    [
        "Raises:\n    LookupError: There is no such city.",
        "Raises:\n    LookupError",
        "Args:\n    city\n    days",
        ":raises LookupError: There is no such city.",
        ":raises LookupError, ValueError: There is no such city.",
        "Raises\n------\nLookupError\n    There is no such city.",
        "@raise LookupError: There is no such city.",
    ],
)
def test_errors_and_bare_names_are_not_sent_to_the_model(errors):
    assert described(f"Forecast the weather.\n\n{errors}") == ("Forecast the weather.", [None] * 2)


@pytest.mark.parametrize(
    "results",
    [
        ":returns: A line for each day.",
        ":rtype: str",
        "Returns\n-------\nstr\n    A line for each day.",
        "@return: A line for each day.\n@rtype: str",
    ],
)
def test_results_are_not_sent_to_the_model_but_in_googles_style(results):
    assert described(f"Forecast the weather.\n\n{results}") == ("Forecast the weather.", [None] * 2)


@pytest.mark.parametrize(
    ("docstring", "days"),
    [
        ("Args:\n    days (int): How many.\n    city (str): Where.", "How many."),
        ("Args:\n    days (int, optional): How many. Defaults to 3.", "How many. Defaults to 3."),
        ("Args:\n    days (:obj:`int`, optional): How many.", "How many."),
        ("Args:\n    days (Literal['a:b', (1, 2)]): How many.", "How many."),
        (":param int days: How many, defaults to 3", "How many, defaults to 3"),
        (":param dict[str, int] days: How many.", "How many."),
        (":param int or None days: How many.", "How many."),
        ("Parameters\n----------\ndays : int, default: 3\n    How many.", "How many."),
        ("Parameters\n----------\ndays : {1, 2}, optional\n    How many.", "How many."),
        ("Parameters\n----------\nyears, days : int\n    How many.", "How many."),
        ("@type days: int\n@param days: How many.", "How many."),
    ],
)
def test_types_and_defaults_in_a_docstring_are_left_to_the_code(docstring, days):
    def weather(city: str, days: int = 1):
        pass

    weather.__doc__ = f"Forecast the weather.\n\n{docstring}"
    schema = tool_from(weather).tool.parameters["properties"]["days"]
    assert schema == {"type": "integer", "description": days, "default": 1}


@pytest.mark.parametrize(
    "docstring",
    [
        "Args:\n    nobody: Ignored.\n    *args: More.\n    **kwargs: More.\n    days: How many.",
        "Args:\n    \\*args: More.\n    \\**kwargs: More.\n    days: How many.",
        "Args:\n    city\n    days: How many.",
        ":param nobody: Ignored.\n:param *args: More.\n:param \\**kw: More.\n:param days: How many.",
        "Parameters\n----------\n*args\n    More.\n**kwargs\n    More.\ndays\n    How many.",
        "@param nobody: Ignored.\n@param *args: More.\n@param days: How many.",
        "Keyword Args:\n    days: How many.",
        "Parameters\n----------\nnobody\n    X.\n\nOther Parameters\n----------------\ndays\n    How many.",
    ],
)
def test_documented_parameters_that_do_not_exist_are_ignored(docstring):
    assert described(f"Forecast.\n\n{docstring}") == ("Forecast.", [None, "How many."])


@pytest.mark.parametrize(
    "docstring",
    [
        "Forecast.\n\nArgs:\n    days: How many.\n\nIt costs money.",
        "Forecast.\n\nExample:\n    forecast()\n\nIt costs money.\n\nArgs:\n    days: How many.",
        "Forecast.\n\nIt costs money.\n\nRaises:\n\nArgs:\n    days: How many.",
        "Forecast.\n\n:param days: How many.\n\nIt costs money.",
        "Forecast.\n\n@param days: How many.\n\nIt costs money.",
    ],
)
def test_text_behind_a_section_is_not_lost(docstring):
    assert described(docstring) == ("Forecast.\n\nIt costs money.", [None, "How many."])


@pytest.mark.parametrize(
    "docstring",
    [
        "Forecast.\n\nArgs:\n    days: How many.\n\nNotes:\n    It costs money.",
        "Forecast.\n\nParameters\n----------\ndays\n    How many.\n\nNotes\n-----\nIt costs money.",
        "Forecast.\n\n:param days: How many.\n:notes: It costs money.",
        "Forecast.\n\n@param days: How many.\n@notes: It costs money.",
    ],
)
def test_notes_are_part_of_the_description(docstring):
    assert described(docstring) == ("Forecast.\n\nNotes:\n    It costs money.", [None, "How many."])


def test_lines_that_only_look_like_fields_are_text():
    docstring = (
        "Forecast with a\n:class:`Model` from\n@somewhere.\n\n"
        ".. deprecated:: 2\n    Use another.\n\nIt costs money.\n\n:param days: How many."
    )
    description, parameters = described(docstring)
    assert description == docstring.partition("\n\n:param")[0]
    assert parameters == [None, "How many."]


def test_a_docstring_that_breaks_its_style_is_sent_whole():
    docstring = "Forecast.\n\nArgs:\ndays: not indented"
    assert described(docstring) == (docstring, [None, None])


@pytest.mark.parametrize(
    "fields",
    [
        "Attributes:\n    x (float): Metres to the east.",
        ":ivar x: Metres to the east.",
        ":var float x: Metres to the east.",
        "Attributes\n----------\nx : float\n    Metres to the east.",
        "@ivar x: Metres to the east.",
    ],
)
def test_fields_of_classes_are_described_in_every_style(fields):
    @dataclass
    class Point:
        x: float

    Point.__doc__ = f"A point.\n\n{fields}"

    def draw(point: Point):
        pass

    schema = tool_from(draw).tool.parameters["properties"]["point"]
    assert schema["description"] == "A point."
    assert schema["properties"]["x"]["description"] == "Metres to the east."


# What may be called


class Shop:
    """A shop.

    Args:
        item: Something about the making of a shop.
    """

    def __init__(self, currency="€"):
        self.currency = currency

    def __call__(self, item: str) -> str:
        """Say a price.

        Args:
            item: What to buy.
        """
        return f"{item}: 5 {self.currency}"

    async def order(self, item: str, count: int = 1) -> str:
        """Order something.

        :param item: What to order.
        :param count: How many.
        """
        await asyncio.sleep(0)
        return f"{count} of {item}"


class Caller:
    """Call somebody."""

    async def __call__(self, name: str) -> str:
        await asyncio.sleep(0)
        return f"Hello, {name}"


def properties(function):
    return tool_from(function).tool.parameters["properties"]


async def result(function, **arguments):
    tool = tool_from(function)
    done = await run_call([tool], ToolCall("c1", tool.name, arguments))
    return done.content[0].text


async def test_an_object_that_can_be_called_is_described_by_its_call():
    tool = tool_from(Shop()).tool
    assert (tool.name, tool.description) == ("Shop", "Say a price.")
    assert properties(Shop())["item"]["description"] == "What to buy."
    assert await result(Shop("$"), item="pear") == "pear: 5 $"


async def test_an_object_whose_call_says_nothing_is_described_by_its_class():
    assert tool_from(Caller()).tool.description == "Call somebody."
    assert await result(Caller(), name="Ada") == "Hello, Ada"


async def test_a_bound_coroutine_method_is_a_tool():
    tool = tool_from(Shop().order).tool
    assert (tool.name, tool.description) == ("order", "Order something.")
    assert properties(Shop().order)["count"]["description"] == "How many."
    assert await result(Shop().order, item="pear", count=2) == "2 of pear"


async def test_a_partial_is_described_by_its_function_and_hides_what_it_binds():
    ordered = functools.partial(Shop().order, count=3)
    tool = tool_from(ordered).tool
    assert (tool.name, tool.description) == ("order", "Order something.")
    assert tool.parameters["properties"] == {
        "item": {"type": "string", "description": "What to order."}
    }
    assert await result(ordered, item="pear") == "3 of pear"
    assert "unknown field `count`" in await result(ordered, item="pear", count=4)


async def test_a_partial_may_bind_an_argument_by_its_place():
    async def order(shop: object, item: str) -> str:
        """Order something."""
        return item

    ordered = functools.partial(order, object())
    assert list(properties(ordered)) == ["item"]
    assert await result(ordered, item="pear") == "pear"


def test_a_partial_of_a_generator_is_refused():
    def count(to: int):
        yield from range(to)

    with pytest.raises(ValueError, match="it yields"):
        tool_from(functools.partial(count))


def test_the_parser_is_loaded_only_when_a_tool_is_made():
    program = inspect.cleandoc(
        """
        import sys
        import modelwire.testing
        import modelwire.config.json_schema
        from modelwire import Context, Runtime, load_tools, run_tools, tool_from
        from modelwire.config.known_paths import look_up_path
        from modelwire.tools import FunctionTool, run_call

        look_up_path(("models", "providers"))
        assert "docstring_parser" not in sys.modules

        def add(a: int):
            pass

        tool_from(add)
        assert "docstring_parser" in sys.modules
        """
    )
    subprocess.run([sys.executable, "-c", program], check=True)


PIECES = [*GOOGLE.split(), *NUMPY.split("\n"), *REST.split("\n"), *EPYDOC.split("\n")]
PIECES += ["Args:", "Returns:", "Attributes:", ":", "::", "@", ":x", "@x:", "\n", "    ", "(", "a:"]


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(PIECES), max_size=20), st.sampled_from([" ", "\n", "\n\n", "\n    "])
)
def test_any_docstring_can_be_read(pieces, joint):
    read = read_docstring(joint.join(pieces))
    assert all(isinstance(text, str) for text in [read.description, *read.parameters.values()])
