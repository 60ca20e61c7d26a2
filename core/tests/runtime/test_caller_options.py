"""What a caller passes is checked before a model is looked for."""

import inspect

import pytest

from modelwire import Agent, Context, Runtime, SyncRuntime, Tool, UserMessage, run_tools
from modelwire.errors import InvalidMessage, InvalidRequest
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.runtime.caller_options import options_of

WRONG = {
    "max_tokens": [0, -1, 1.5, True, "100", 10**5000],
    "temperature": [-0.1, "warm", float("nan"), float("inf"), True],
    "top_p": [-1, 1.1, "x"],
    "stop": [5, b"x", [""], ["a", 3]],
    "reasoning": ["much", 3, True],
    "tool_choice": [5, ToolChoice("tool"), ToolChoice("some")],
    "cache_retention": ["forever", 1],
    "metadata": [None, [], {"a": 1}],
    "session_id": [5],
    "params": [None, [("a", 1)], {1: 2}, {"a": {1: 2}}, {"a": [object()]}, {"a": float("nan")}],
    "response_schema": [{"a": b"x"}, {"a": {"b": {3}}}],
    "plugins": [None, ["recordings"], {"recordings": "off"}, {1: {}}, {"recordings": {1: 2}}],
    "deadlines": [None, 5],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]
IDS = [f"{name}-{number}" for name, values in WRONG.items() for number in range(len(values))]


def weather(city: str) -> str:
    """Forecast the weather."""
    return f"sunny in {city}"


@pytest.mark.parametrize(("name", "value"), CASES, ids=IDS)
async def test_a_wrong_option_is_named_before_a_model_is_looked_for(make_runtime, name, value):
    with pytest.raises(InvalidRequest, match=rf"^options\.{name}\S* .*must be ") as caught:
        make_runtime().stream("x", model="nobody/x", fallbacks=["echo/e"], **{name: value})
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("name", "value"),
    [case for case in CASES if case[0] != "stop"],
    ids=[each for each in IDS if not each.startswith("stop")],
)
def test_a_wrong_option_of_an_object_is_named_too(name, value):
    with pytest.raises(InvalidRequest, match=rf"^options\.{name}\S* .*must be "):
        options_of(CompletionOptions(**{name: value}), {}, Runtime.stream)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("options.params.a", {"a": object()}),
        ("options.params.a.b[1]", {"a": {"b": [1, b"x"]}}),
        ("options.params.a (a key)", {"a": {1: 2}}),
    ],
)
async def test_what_json_does_not_have_is_named_by_its_place(make_runtime, path, value):
    with pytest.raises(InvalidRequest) as caught:
        make_runtime().stream("x", params=value)
    assert str(caught.value).startswith(f"{path} must be JSON, not ")


NEAR = {
    "max_token": "; did you mean max_tokens?",
    "temprature": "; did you mean temperature?",
    "system_prompt": "; did you mean system?",
    "fallback": "; did you mean fallbacks?",
    "tool": "; did you mean tools?",
    "timeout": "; did you mean deadlines=Deadlines(total=...)?",
    "stop_sequences": "; did you mean stop?",
    "response_format": "; did you mean response_schema?",
    "output": "; did you mean response_schema?",
    "reasoning_effort": "; did you mean reasoning?",
    "messages": "; did you mean prompt?",
    "seed": "; for a parameter of the service, write params={'seed': ...}.",
    "api_key": "; it belongs to the configuration, under models.providers.",
}


@pytest.mark.parametrize("name", NEAR)
@pytest.mark.parametrize("method", ["stream", "complete"])
async def test_an_unknown_argument_is_a_type_error_that_names_the_right_one(
    make_runtime, name, method
):
    with pytest.raises(TypeError) as caught:
        called = getattr(make_runtime(), method)("x", **{name: 1})
        await called
    assert str(caught.value) == f"Unexpected keyword argument {name!r}{NEAR[name]}"


async def test_without_a_near_one_all_arguments_are_named(make_runtime):
    with pytest.raises(TypeError, match=r"'zzz'\. There are prompt, model, .*, deadlines\.$"):
        make_runtime().stream("x", zzz=1)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("instructions", "; did you mean system?"),
        ("output_type", "; did you mean output?"),
        ("maxturns", "; did you mean max_turns?"),
        ("session", "; it is an argument of Agent.run."),
    ],
)
def test_an_unknown_argument_of_an_agent_is_answered_in_its_terms(name, hint):
    for make in (Agent, Agent.from_config):
        with pytest.raises(TypeError) as caught:
            make(**{name: 1})
        assert str(caught.value) == f"Unexpected keyword argument {name!r}{hint}"


@pytest.mark.parametrize("name", ["tools", "system", "model", "output", "max_turns"])
def test_an_argument_of_the_agent_is_not_one_of_a_run(name):
    with pytest.raises(TypeError, match=rf"'{name}'; it is an argument of Agent\.$"):
        Agent("echo/e").stream("x", **{name: 1})


def test_signatures_name_every_option():
    options = set(CompletionOptions.__annotations__)
    for function in (
        *(getattr(Runtime, name) for name in ("stream", "complete", "dry_run", "count_tokens")),
        *(getattr(SyncRuntime, name) for name in ("stream", "complete", "dry_run", "run_tools")),
        *(Agent, Agent.from_config, Agent.run, Agent.stream, Agent.run_sync, Agent.stream_sync),
        *(Runtime.run_tools, run_tools),
    ):
        parameters = inspect.signature(function).parameters
        assert options <= set(parameters), function
        assert not [each for each in parameters.values() if each.kind is each.VAR_KEYWORD]
        assert parameters["max_tokens"].annotation == "int | None"
    assert {"model", "system"} <= set(inspect.signature(run_tools).parameters)


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
    merged = options_of(CompletionOptions(session_id="s"), given, Runtime.stream)
    assert (merged.max_tokens, merged.stop, merged.session_id) == (1, ("a",), "s")


LATER = {
    **{
        each: ({name: value}, rf"options\.{name}")
        for each, (name, value) in zip(IDS, CASES, strict=True)
    },
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


DEMANDS = [
    ("any", [], "options.tool_choice is 'any', and there are no tools."),
    ("look", [], "options.tool_choice is 'look', and there are no tools."),
    ("required", [weather], "options.tool_choice is 'required', and there is no such tool."),
    ("wether", [weather], "options.tool_choice is 'wether', and there is no such tool."),
]


@pytest.mark.parametrize(("choice", "tools", "said"), DEMANDS)
async def test_a_choice_that_no_tool_can_follow_is_refused_before_a_model_is_looked_for(
    make_runtime, choice, tools, said
):
    runtime = make_runtime()
    given = {"tools": tools, "tool_choice": choice}
    asked = {**given, "model": "nobody/x"}
    with pytest.raises(InvalidRequest) as caught:
        runtime.stream("x", fallbacks=["echo/e"], **asked)
    assert (str(caught.value), caught.value.retryable, caught.value.provider) == (said, False, None)
    assert caught.value.hint
    for method in (runtime.complete, runtime.dry_run, runtime.count_tokens):
        with pytest.raises(InvalidRequest, match=said):
            await method("x", **asked)
    with pytest.raises(InvalidRequest, match=said):
        runtime.run_tools("x", tools, approve="always", tool_choice=choice)
    with pytest.raises(InvalidRequest, match=said):
        Agent("echo/e", **given)
    with pytest.raises(InvalidRequest, match=said):
        Agent("echo/e", tools=tools).stream("x", tool_choice=choice)


def test_a_tool_of_the_context_can_be_chosen(make_runtime):
    context = Context([UserMessage("x")], tools=[Tool("look")])
    make_runtime().stream(context, tool_choice="look")
    make_runtime().run_tools(context, [weather], approve="always", tool_choice="look")


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ([weather], r"^tools\[0\] must be a Tool, not function; give functions as tools="),
        ([Tool("a"), Tool(5)], r"^tools\[1\]\.name must be a string, not int\.$"),
        ([Tool("")], r"^tools\[0\]\.name must not be empty\.$"),
        ([Tool("a", "b", [])], r"^tools\[0\]\.parameters must be a JSON Schema as a dict"),
        ([Tool("a", "b", None)], r"^tools\[0\]\.parameters must be a JSON Schema as a dict"),
        ([Tool("a", None)], r"^tools\[0\]\.description must be a string, not None"),
        ([Tool("a", "b", {"x": b""})], r"^tools\[0\]\.parameters\.x must be JSON, not bytes"),
        ([Tool(5), Tool("b", 6)], r"tools\[0\]\.name.*\n.*tools\[1\]\.description"),
    ],
)
def test_a_tool_that_is_not_well_formed_is_named_by_its_place(make_runtime, tools, said):
    runtime = make_runtime()
    with pytest.raises(InvalidMessage, match=said):
        runtime.stream(Context([UserMessage("x")], tools=tools), model="nobody/x")
    with pytest.raises(InvalidMessage, match=said):
        runtime.run_tools(Context([UserMessage("x")], tools=tools), [], approve="always")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"session": 5}, "session must be a Session, or the path of its file, not 5."),
        ({"messages": "hi"}, "messages must be a list of messages, or a Context, not 'hi'."),
        ({"messages": 5}, "messages must be a list of messages, or a Context, not 5."),
    ],
)
def test_what_is_no_conversation_is_named(given, said):
    with pytest.raises(InvalidRequest) as caught:
        Agent("echo/e").stream("x", **given)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Runtime({}), "config must be a Config, not an object of dict."),
        (lambda: Runtime.from_config(5), "config must be a Config, a dict, or the path of a file"),
        (lambda: SyncRuntime.from_config(5), "config must be a Config, a dict, or the path of"),
        (lambda: Runtime.from_config({}, environ=5), "environ must be a dict of strings, not 5."),
        (lambda: SyncRuntime({}), "runtime must be a Runtime, not an object of dict."),
        (lambda: Runtime.from_config({}).describe_call("a/b"), "model must be a Model, not 'a/b'"),
    ],
)
def test_what_a_runtime_cannot_be_made_of_is_named(make, said):
    with pytest.raises(InvalidRequest) as caught:
        make()
    assert str(caught.value).startswith(said)


def test_an_agent_may_be_given_no_tools():
    Agent("echo/e", tools=None)
