"""Options by keyword, options as an object, and whose limit holds."""

import inspect
from typing import get_type_hints

import attrs
import pytest

from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.runtime import Runtime
from modelwire.runtime.options import OptionChanges, StreamSettings, merge_options
from modelwire.transport import Deadlines, Transport


def test_the_keywords_of_a_call_are_the_fields_of_the_options():
    fields = get_type_hints(CompletionOptions.__init__)
    assert fields.pop("return") is type(None)
    assert set(fields) == {field.name for field in attrs.fields(CompletionOptions)}
    assert get_type_hints(OptionChanges) == fields
    assert OptionChanges.__optional_keys__ == set(fields)
    assert all(f"`{name}`" in Runtime.stream.__doc__ for name in fields)


def test_the_settings_of_a_tool_loop_are_the_keywords_of_a_stream():
    hints = get_type_hints(Runtime.stream)
    options = get_type_hints(OptionChanges)
    parameters = inspect.signature(Runtime.stream).parameters.values()
    keywords = {
        each.name: hints[each.name]
        for each in parameters
        if each.kind is each.KEYWORD_ONLY and each.name not in options
    }
    del keywords["tools"]  # the loop offers its own
    assert get_type_hints(StreamSettings) == {**keywords, **options}
    assert not StreamSettings.__required_keys__


def test_every_option_of_a_call_is_kept_beside_the_configuration():
    given = CompletionOptions(
        max_tokens=1,
        temperature=0.5,
        top_p=0.5,
        stop=("end",),
        reasoning="low",
        tool_choice=ToolChoice("any"),
        cache_retention="long",
        metadata={"team": "a"},
        session_id="s",
        response_schema={"type": "object"},
        params={"a": 1},
        plugins={"cache": {}},
        deadlines=Deadlines(total=1),
    )
    defaults = CompletionOptions()
    for option in attrs.fields(CompletionOptions):
        assert getattr(given, option.name) != getattr(defaults, option.name), option.name
    assert merge_options({}, given) == given
    assert merge_options({"b": 2, "maxTokens": 3}, given) == attrs.evolve(
        given, params={"a": 1, "b": 2}
    )


LAYERS = {
    "call": {"deadlines": Deadlines(total=1, first_event=2)},
    "provider": {"total": 3, "first_event": 4},
    "defaults": {"total": 5, "first_event": 6},
    "transport": Deadlines(total=7, first_event=8, idle=9),
}
EXPECTED = {
    "call": (1, 2),
    "provider": (3, 4),
    "defaults": (5, 6),
    "transport": (7, 8),
    "nobody": (None, None),
}


@pytest.mark.parametrize("first", EXPECTED)
async def test_the_first_layer_that_gives_a_limit_has_it(wild, make_runtime, first):
    """The call, the provider, the defaults of the configuration, the transport, nobody."""
    layers = list(EXPECTED)[list(EXPECTED).index(first) :]

    def written(layer):
        limits = LAYERS[layer] if layer in layers else {}
        names = {"total": "timeoutSeconds", "first_event": "firstEventSeconds"}
        return {names[name]: limit for name, limit in limits.items()}

    document = {
        "models": {"providers": {"wild": written("provider")}},
        "agents": {"defaults": written("defaults")},
    }
    transport = Transport(
        environ={}, deadlines=LAYERS["transport"] if "transport" in layers else None
    )
    async with make_runtime(document, transport=transport) as runtime:
        await runtime.complete(
            "x", model="wild/fine", **(LAYERS["call"] if first == "call" else {})
        )
    (options,) = wild.seen
    total, first_event = EXPECTED[first]
    assert options.deadlines.first_event == first_event
    assert options.deadlines.total == (pytest.approx(total, abs=0.9) if total else None)
    assert options.deadlines.idle == (300 if first == "nobody" else 9)
    assert options.deadlines.connect == 10


async def test_a_call_may_lift_what_the_configuration_limits(wild, make_runtime):
    document = {"models": {"providers": {"wild": {"timeoutSeconds": 5, "firstEventSeconds": 5}}}}
    async with make_runtime(document) as runtime:
        lifted = Deadlines(total=None, first_event=None)
        await runtime.complete("x", model="wild/fine", deadlines=lifted)
    (options,) = wild.seen
    assert (options.deadlines.total, options.deadlines.first_event) == (None, None)


@pytest.mark.parametrize(("asked", "sent"), [(None, {"maxTokens": "auto"}), (100, {})])
def test_a_limit_of_auto_is_left_to_the_plugin_unless_the_call_names_one(asked, sent):
    merged = merge_options({"maxTokens": "auto"}, CompletionOptions(max_tokens=asked))
    assert (merged.max_tokens, merged.params) == (asked, sent)


def test_merging_keeps_every_option():
    given = {
        "max_tokens": 5, "temperature": 0.5, "top_p": 0.5, "stop": ("x",), "reasoning": "low",
        "tool_choice": "any", "cache_retention": "long", "metadata": {"a": "b"}, "session_id": "s",
        "response_schema": {"type": "object"}, "params": {"x": 1}, "plugins": {"p": {}},
        "deadlines": Deadlines(total=1),
    }  # fmt: skip
    assert set(given) == {field.name for field in attrs.fields(CompletionOptions)}
    options = CompletionOptions(**given)
    assert merge_options({}, options) == options
    limits = Deadlines(total=2)
    expected = attrs.evolve(options, params={"x": 1, "y": 2}, deadlines=limits)
    assert merge_options({"y": 2}, options, deadlines=limits) == expected
