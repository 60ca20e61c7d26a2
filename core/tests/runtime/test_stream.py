"""One answer: its events, its failures, its retries, its end."""

import asyncio
import gc
import importlib
import weakref

import pytest

from modelwire.errors import (
    Cancelled,
    ContextOverflow,
    InvalidMessage,
    InvalidRequest,
    Overloaded,
    PluginError,
    RateLimited,
    RequestTimeout,
    StreamTruncated,
)
from modelwire.events import DoneEvent, StartEvent, TextDeltaEvent
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    Cost,
    Image,
    StopReason,
    Text,
    Tool,
    Usage,
    UserMessage,
)
from modelwire.models import ModelRef
from modelwire.transport import Deadlines, RetryPolicy

SOON = Deadlines(total=0.5)
"""Time enough for a plugin to be called on a busy machine."""


async def collect(stream):
    return [event async for event in stream]


async def test_an_answer_arrives_as_events_and_one_message(site, make_runtime):
    site.provider("echo")
    stream = make_runtime().stream("hello", model="echo/e")
    events = await collect(stream)
    assert events[0] == StartEvent("echo", "e")
    assert [e.delta for e in events if isinstance(e, TextDeltaEvent)] == ["e heard: ", "hello"]
    assert isinstance(events[-1], DoneEvent)
    assert stream.message is events[-1].message
    assert stream.message.text == "e heard: hello"
    assert stream.message.usage == Usage(3, 4)
    assert stream.model.id == "e"


async def test_the_price_of_an_answer_follows_from_the_model(site, make_runtime):
    site.provider("echo")
    models = [{"id": "e", "cost": {"input": 1_000_000, "output": 2_000_000}}]
    runtime = make_runtime({"models": {"providers": {"echo": {"models": models}}}})
    assert (await runtime.complete("x", model="echo/e")).usage.cost == Cost(3, 8)
    assert (await runtime.complete("x", model="echo/other")).usage.cost is None


@pytest.mark.parametrize(
    "prompt",
    ["hello", UserMessage("hello"), [UserMessage("hello")], Context([UserMessage("hello")])],
)
async def test_a_prompt_may_be_a_string_messages_or_a_context(site, make_runtime, prompt):
    site.provider("echo")
    assert (await make_runtime().complete(prompt, model="echo/e")).text == "e heard: hello"


async def test_something_else_is_no_prompt(make_runtime):
    with pytest.raises(InvalidMessage, match=r"messages\[0\] is set"):
        make_runtime().stream([{"role", "user"}])


async def test_the_texts_of_an_answer_can_be_iterated(site, make_runtime):
    site.provider("echo")
    stream = make_runtime().stream("hi", model="echo/e")
    assert [text async for text in stream.texts()] == ["e heard: ", "hi"]


async def test_options_reach_the_plugin(wild, make_runtime):
    runtime = make_runtime(
        {
            "agents": {
                "defaults": {
                    "params": {"temperature": 0.5, "topK": 3},
                    "models": {"wild/fine": {"params": {"thinking": "high", "topK": 4}}},
                }
            }
        }
    )
    await runtime.complete(
        "x",
        model="wild/fine",
        options=CompletionOptions(max_tokens=5, temperature=0.1),
        max_tokens=7,
        tools=[Tool("look")],
        tool_choice=ToolChoice("any"),
        params={"seed": 1},
    )
    options = wild.seen[0]
    assert (options.max_tokens, options.temperature, options.reasoning) == (7, 0.1, "high")
    assert options.params == {"topK": 4, "seed": 1}
    assert options.tool_choice == ToolChoice("any")


async def test_defaults_of_the_configuration_reach_the_plugin(wild, make_runtime):
    defaults = {"thinkingDefault": "low", "timeoutSeconds": 50}
    models = [{"id": "fine", "reasoning": True}, {"id": "plain"}]
    runtime = make_runtime(
        {"agents": {"defaults": defaults}, "models": {"providers": {"wild": {"models": models}}}}
    )
    await runtime.complete("x", model="wild/fine", stop="END")
    await runtime.complete("x", model="wild/fine", reasoning="off")
    await runtime.complete("x", model="wild/plain")
    assert [options.reasoning for options in wild.seen] == ["low", "off", None]
    assert [options.deadlines.total for options in wild.seen] == [50, 50, 50]
    assert wild.seen[0].stop == ("END",)


async def test_a_retryable_failure_before_the_first_event_is_tried_again(wild, make_runtime):
    message = await make_runtime().complete("x", model="wild/overloaded:2")
    assert message.text == "some text"
    assert [(a.model, a.code) for a in message.attempts] == [
        ("wild/overloaded:2", "overloaded")
    ] * 2
    assert wild.closed == ["wild/overloaded:2".partition("/")[2]] * 3


async def test_tries_end_and_the_last_error_knows_the_earlier_ones(wild, make_runtime):
    runtime = make_runtime(retries=RetryPolicy(max_attempts=2, base=0))
    with pytest.raises(Overloaded) as caught:
        await runtime.complete("x", model="wild/overloaded:9")
    assert len(caught.value.attempts) == 1
    assert (caught.value.provider, caught.value.model) == ("wild", "overloaded:9")


async def test_nothing_is_retried_after_the_first_event(wild, make_runtime):
    events = []
    with pytest.raises(Overloaded) as caught:
        async for event in make_runtime().stream("x", model="wild/midway", fallbacks=["echo/e"]):
            events.append(event)
    assert wild.calls == ["midway"]
    assert TextDeltaEvent(0, "some ") in events
    assert caught.value.partial.content == [Text("some ")]
    assert caught.value.request_id == "req-1"


async def test_a_stream_that_does_not_end_properly_is_an_error(wild, make_runtime):
    with pytest.raises(StreamTruncated) as caught:
        await make_runtime().complete("x", model="wild/truncated")
    assert caught.value.partial.text == "some "


@pytest.mark.parametrize("model", ["bug", "midbug"])
async def test_a_bug_in_a_plugin_is_a_typed_error_without_its_text(wild, make_runtime, model):
    with pytest.raises(PluginError, match="KeyError at ") as caught:
        await make_runtime().complete("x", model=f"wild/{model}")
    assert "sk-secret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)


async def test_a_plugin_that_yields_something_else_is_named(wild, make_runtime):
    with pytest.raises(PluginError, match=r"^modelwire-wild yielded a wrong delta: str is not"):
        await make_runtime().complete("x", model="wild/notadelta")


async def test_a_plugin_that_returns_no_stream_is_named(site, make_runtime):
    source = """
        from modelwire.hookspecs import hookimpl

        @hookimpl
        def stream_completion(model):
            return ["hello"]
    """
    site.provider("flat", source=source)
    with pytest.raises(PluginError, match="returned list"):
        await make_runtime().complete("x", model="flat/x")


async def test_a_provider_without_completions_is_named(site, make_runtime):
    source = """
        from modelwire.hookspecs import hookimpl

        @hookimpl
        async def discover_models():
            return []
    """
    site.provider("listing", source=source)
    with pytest.raises(PluginError, match="cannot stream completions"):
        await make_runtime().complete("x", model="listing/x")


async def test_a_fallback_answers_when_the_primary_fails(wild, make_runtime):
    runtime = make_runtime(
        {
            "agents": {
                "defaults": {
                    "model": {"primary": "wild/auth", "fallbacks": ["wild/rate", "echo/e"]}
                }
            }
        }
    )
    message = await runtime.complete("x")
    assert (message.provider, message.model) == ("echo", "e")
    assert [(a.model, a.code) for a in message.attempts] == [
        ("wild/auth", "auth"),
        ("wild/rate", "rate_limited"),
    ]


async def test_a_wait_that_is_worth_it_alone_is_too_long_with_a_fallback_left(wild, make_runtime):
    message = await make_runtime().complete("x", model="wild/busy", fallbacks=["echo/e"])
    assert [(a.model, a.code, a.waited) for a in message.attempts] == [
        ("wild/busy", "rate_limited", None)
    ]


async def test_the_last_candidate_is_waited_for(wild, make_runtime):
    policy = RetryPolicy(base=0.0, fallback_wait=0.01)
    message = await make_runtime(retries=policy).complete(
        "x", model="wild/auth", fallbacks=["wild/soon:1"]
    )
    assert message.model == "soon:1"
    assert [(a.code, a.waited) for a in message.attempts] == [
        ("auth", None),
        ("rate_limited", 0.05),
    ]


async def test_when_all_fail_the_last_error_knows_every_attempt(wild, make_runtime):
    with pytest.raises(RateLimited) as caught:
        await make_runtime().complete("x", model="wild/auth", fallbacks=["nobody/x", "wild/rate"])
    assert [a.code for a in caught.value.attempts] == ["auth", "plugin"]


async def test_a_context_that_does_not_fit_is_sent_to_no_fallback(wild, make_runtime):
    with pytest.raises(ContextOverflow):
        await make_runtime().complete("x", model="wild/overflow", fallbacks=["echo/e"])


async def test_a_named_model_does_not_fall_back_by_itself(wild, make_runtime):
    from modelwire.errors import AuthenticationError

    runtime = make_runtime(
        {"agents": {"defaults": {"model": {"primary": "echo/e", "fallbacks": ["echo/f"]}}}}
    )
    with pytest.raises(AuthenticationError):
        await runtime.complete("x", model="wild/auth")


async def test_the_total_deadline_ends_a_stall_and_keeps_what_arrived(wild, make_runtime):
    stream = make_runtime().stream("x", model="wild/hangs", deadlines=SOON)
    with pytest.raises(RequestTimeout) as caught:
        await collect(stream)
    assert caught.value.phase == "total"
    assert caught.value.partial.text == "some "
    assert wild.closed == ["hangs"]


async def test_the_total_deadline_ends_an_endless_stream(wild, make_runtime):
    stream = make_runtime().stream("x", model="wild/endless", deadlines=SOON)
    with pytest.raises(RequestTimeout):
        await collect(stream)
    assert wild.closed == ["endless"]


async def test_a_plugin_that_swallows_its_cancellation_is_ended_all_the_same(wild, make_runtime):
    stream = make_runtime().stream("x", model="wild/deaf", deadlines=SOON)
    with pytest.raises(RequestTimeout):
        await collect(stream)
    assert asyncio.current_task().cancelling() == 0


async def test_the_consumers_own_time_is_not_interrupted(wild, make_runtime):
    stream = make_runtime().stream("x", model="wild/fine", deadlines=SOON)
    async for _ in stream:
        await asyncio.sleep(SOON.total + 0.2)  # must not be cancelled by the deadline
        break
    await stream.aclose()
    assert wild.closed == ["fine"]


async def test_cancel_ends_the_wait_of_another_task(wild, make_runtime):
    stream = make_runtime().stream("x", model="wild/hangs")
    reader = asyncio.create_task(collect(stream))
    while not wild.calls:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    stream.cancel()
    with pytest.raises(Cancelled) as caught:
        await reader
    assert caught.value.partial.stop_reason is StopReason.ABORTED
    assert wild.closed == ["hangs"]


async def test_cancel_before_the_start_sends_nothing(wild, make_runtime):
    stream = make_runtime().stream("x", model="wild/fine")
    stream.cancel()
    with pytest.raises(Cancelled):
        await collect(stream)
    assert wild.calls == []


async def test_cancelling_the_task_closes_the_plugin_and_stays_a_cancellation(wild, make_runtime):
    task = asyncio.create_task(make_runtime().complete("x", model="wild/hangs"))
    while not wild.calls:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wild.closed == ["hangs"]


async def test_leaving_early_closes_the_plugin(wild, make_runtime):
    async with make_runtime().stream("x", model="wild/hangs") as stream:
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                break
    assert wild.closed == ["hangs"]


async def test_what_a_model_cannot_do_is_refused_before_anything_is_sent(site, make_runtime):
    site.provider("echo")
    models = [{"id": "e", "input": ["text"]}]
    runtime = make_runtime({"models": {"providers": {"echo": {"models": models}}}})
    picture = UserMessage([Text("see"), Image(b"x", "image/png")])
    with pytest.raises(InvalidRequest, match=r"messages\[1\] holds an image; echo/e takes text"):
        await runtime.complete([AssistantMessage("hi", "echo", "e"), picture], model="echo/e")


async def test_a_picture_that_another_model_saw_bricks_no_conversation(site, make_runtime):
    site.provider("echo")
    models = [{"id": "e", "input": ["text"]}]
    runtime = make_runtime({"models": {"providers": {"echo": {"models": models}}}})
    picture = UserMessage([Image(b"x", "image/png")])
    context = [picture, AssistantMessage("A cat.", "other", "m"), UserMessage("And?")]
    assert (await runtime.complete(context, model="echo/e")).text == "e heard: And?"


async def test_the_callers_context_is_not_changed(site, make_runtime):
    site.provider("echo")
    context = Context([UserMessage("hi")], "old", [Tool("t")])
    await make_runtime().complete(context, model="echo/e", system="new", tools=[])
    assert context == Context(
        [UserMessage("hi", timestamp=context.messages[0].timestamp)], "old", [Tool("t")]
    )


async def test_a_wrapper_can_watch_and_change_a_stream(site, make_runtime):
    site.provider("echo")
    source = """
        from modelwire.events import TextDelta
        from modelwire.hookspecs import hookimpl

        @hookimpl(wrapper=True)
        def stream_completion(model):
            deltas = yield

            async def shouting():
                async for delta in deltas:
                    if isinstance(delta, TextDelta):
                        delta = TextDelta(delta.index, delta.text.upper())
                    yield delta

            return shouting()
    """
    site.install("shout", {"middleware": {"shout": ""}}, source)
    assert (await make_runtime().complete("hi", model="echo/e")).text == "E HEARD: HI"


async def test_parameters_under_an_alias_of_the_provider_count(wild, site, make_runtime):
    site.install("modelwire-wild-names", {"aliases": {"savage": "wild"}}, "")
    entries = {"savage/fine": {"params": {"topK": 4}}}
    runtime = make_runtime({"agents": {"defaults": {"models": entries}}})
    await runtime.complete("x", model="wild/fine")
    assert wild.seen[0].params == {"topK": 4}


async def test_no_model_is_its_own_fallback_and_attempts_name_the_model(wild, make_runtime):
    entries = {"wild/auth": {"alias": "quick"}}
    runtime = make_runtime({"agents": {"defaults": {"models": entries}}})
    same = ["Wild/auth", ModelRef("wild", "auth"), "quick"]
    message = await runtime.complete("x", model="quick", fallbacks=[*same, "echo/e"])
    assert wild.calls == ["auth"]
    assert [a.model for a in message.attempts] == ["wild/auth"]


async def test_a_candidate_that_is_not_found_is_not_taken_for_the_one_before(wild, make_runtime):
    stream = make_runtime().stream("x", model="wild/auth", fallbacks=["nobody/x"])
    with pytest.raises(PluginError):
        await stream.result()
    assert stream.model is None


async def test_each_fallback_has_its_providers_whole_limit(wild, make_runtime):
    providers = {"wild": {"timeoutSeconds": 30}}
    runtime = make_runtime({"models": {"providers": providers}})
    await runtime.complete("x", model="wild/auth", fallbacks=["wild/fine"])
    assert [options.deadlines.total for options in wild.seen] == [30.0, 30.0]


async def test_a_plugin_that_makes_an_error_of_being_cancelled_is_not_asked_again(
    site, make_runtime
):
    source = """
        import asyncio
        from modelwire.errors import ConnectionFailed
        from modelwire.hookspecs import hookimpl

        calls = []

        @hookimpl
        async def stream_completion(model):
            calls.append(model.id)
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                raise ConnectionFailed("broken")
            yield
    """
    plugin = importlib.import_module(site.provider("touchy", source=source))
    stream = make_runtime().stream("x", model="touchy/a", fallbacks=["touchy/b"])

    async def read():
        with pytest.raises(Cancelled):
            await stream.result()
        return asyncio.current_task().cancelling()

    reader = asyncio.create_task(read())
    while not plugin.calls:
        await asyncio.sleep(0)
    stream.cancel()
    assert await reader == 0
    assert plugin.calls == ["a"]


@pytest.mark.parametrize("prompt", [None, 5])
async def test_what_cannot_be_iterated_is_no_prompt_either(make_runtime, prompt):
    with pytest.raises(InvalidMessage, match=type(prompt).__name__):
        make_runtime().stream(prompt)


async def test_nothing_that_a_runtime_makes_refers_back_to_it(site, make_runtime):
    """It is gone with its last reference, and no garbage collection is waited for."""
    site.provider("echo")
    gc.collect()
    gc.disable()
    try:
        runtime = make_runtime()
        await runtime.complete("hi", model="echo/e")
        stream = runtime.stream("hi", model="echo/e")
        await anext(aiter(stream))
        gone = weakref.ref(runtime)
        del runtime
        assert gone() is None
        assert (await stream.result()).text == "e heard: hi"
    finally:
        gc.enable()
