"""What a caller passes is checked before a model is looked for."""

import pytest

from modelwire import Agent, SyncRuntime, run_tools
from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.runtime.caller_options import options_of

WRONG = {
    "max_tokens": [0, -1, 1.5, True, "100"],
    "temperature": [-0.1, "warm", float("nan"), float("inf"), True],
    "top_p": [-1, 1.1, "x"],
    "stop": [5, b"x", [""], ["a", 3]],
    "reasoning": ["much", 3, True],
    "tool_choice": [5, ToolChoice("tool"), ToolChoice("some")],
    "cache_retention": ["forever", 1],
    "metadata": [None, [], {"a": 1}],
    "session_id": [5],
    "params": [None, [("a", 1)], {1: 2}],
    "plugins": [None, ["recordings"], {"recordings": "off"}, {1: {}}, {"recordings": {1: 2}}],
    "deadlines": [None, 5],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{n}-{v!r}" for n, v in CASES])
async def test_a_wrong_option_is_named_before_a_model_is_looked_for(make_runtime, name, value):
    with pytest.raises(InvalidRequest, match=rf"^options\.{name} must be ") as caught:
        make_runtime().stream("x", model="nobody/x", fallbacks=["echo/e"], **{name: value})
    assert not caught.value.retryable


@pytest.mark.parametrize(("name", "value"), [case for case in CASES if case[0] != "stop"])
def test_a_wrong_option_of_an_object_is_named_too(name, value):
    with pytest.raises(InvalidRequest, match=rf"^options\.{name} must be "):
        options_of(CompletionOptions(**{name: value}), {})


@pytest.mark.parametrize(
    ("name", "near"), [("max_token", "max_tokens"), ("temprature", "temperature")]
)
def test_a_wrong_name_of_an_option_is_answered_with_the_right_one(make_runtime, name, near):
    with pytest.raises(InvalidRequest, match=name) as caught:
        make_runtime().stream("x", **{name: 1})
    assert caught.value.hint == f"Did you mean {near}?"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"model": 5}, "model must be"),
        ({"fallbacks": "echo/e"}, "fallbacks must be"),
        ({"fallbacks": ["echo/e", 5]}, r"fallbacks\[1\] must be"),
        ({"system": ["x"]}, "system must be"),
        ({"options": {"max_tokens": 5}}, "options must be"),
    ],
)
async def test_a_wrong_argument_is_named(make_runtime, given, words):
    with pytest.raises(InvalidRequest, match=words):
        make_runtime().stream("x", **given)


async def test_a_misspelt_plugin_is_answered_with_the_right_name(wild, make_runtime):
    with pytest.raises(InvalidRequest, match="'wildd', which is not installed") as caught:
        make_runtime().stream("x", model="wild/fine", plugins={"wildd": {}})
    assert caught.value.hint == "Did you mean wild?"


async def test_settings_for_plugins_reach_them_and_may_be_for_others(wild, make_runtime):
    settings = {"wild": {"loud": True}, "recordings-of-tests": {"mode": "off"}}
    async with make_runtime() as runtime:
        await runtime.complete("x", model="wild/fine", plugins=settings)
    assert wild.seen[0].plugins == settings


@pytest.mark.parametrize("method", ["complete", "dry_run", "count_tokens"])
async def test_every_call_checks_them(make_runtime, method):
    with pytest.raises(InvalidRequest, match="max_tokens"):
        await getattr(make_runtime(), method)("x", model="nobody/x", max_tokens="5")


def test_right_options_are_kept():
    given = {"max_tokens": 1, "temperature": 0, "top_p": 1.0, "stop": ["a"], "reasoning": "off"}
    merged = options_of(CompletionOptions(session_id="s"), given)
    assert (merged.max_tokens, merged.stop, merged.session_id) == (1, ("a",), "s")


LATER = {
    **{f"{name}={value!r}": ({name: value}, rf"options\.{name}") for name, value in CASES},
    "a wrong name": ({"temprature": 1}, "temprature"),
    "model": ({"model": 5}, "model must be"),
    "fallbacks": ({"fallbacks": "echo/e"}, "fallbacks must be"),
    "system": ({"system": ["x"]}, "system must be"),
    "options": ({"options": {"max_tokens": 5}}, "options must be"),
    **{f"max_turns={n!r}": ({"max_turns": n}, "max_turns must be") for n in (0, -1, "3", True)},
}


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
def test_what_asks_a_model_later_checks_when_it_is_made(make_runtime, name, blocking):
    given, words = LATER[name]
    with pytest.raises(InvalidRequest, match=words):
        Agent("echo/e", **given) if "model" not in given else Agent(**given)
    with pytest.raises(InvalidRequest, match=words):
        if blocking:
            with SyncRuntime(make_runtime()) as runtime:
                runtime.run_tools("x", [], approve="never", **given)
        else:
            run_tools(make_runtime(), "x", [], approve="never", **given)


async def test_a_tool_loop_checks_keep_text(make_runtime):
    with pytest.raises(InvalidRequest, match="keep_text must be"):
        run_tools(make_runtime(), "x", [], approve="never", keep_text="no")
    with pytest.raises(InvalidRequest, match="keep_text must be"):
        make_runtime().stream("x", keep_text="no")
