"""LangChain's chat model over the emulated Bedrock."""

import asyncio
import copy
import functools
import operator
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from modelwire import Runtime, SyncRuntime
from modelwire.errors import (
    InvalidRequest,
    ModelwireError,
    RateLimited,
    RequestTimeout,
)
from modelwire_bedrock.emulator import (
    Answer,
    Fault,
    Match,
    Pacing,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)
from modelwire_langchain import ChatModelwire

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"
ANSWERS = {
    "text": Answer("Paris is the capital of France."),
    "thinking": Answer([Thinking("Hm, hm.", signature="c2ln"), Text("Paris it is.")]),
    "redacted thinking": Answer([RedactedThinking(b"opaque"), Text("Paris.")]),
    "calls": Answer(
        [
            Text("Let me see."),
            ToolUse("look", {"city": "Oslo"}, id="tooluse_a"),
            ToolUse("look", {"city": "Rome"}, id="tooluse_b"),
        ]
    ),
    "thinking and a call": Answer(
        [Thinking("Hm.", signature="c2ln"), ToolUse("look", {"city": "Oslo"}, id="tooluse_a")]
    ),
    "a limit": Answer("Par", stop_reason="max_tokens"),
    "cached tokens": Answer("Yes.", usage=TokenUsage(10, 5, cache_read=900, cache_write=30)),
}


@tool
def look(city: str) -> str:
    """Look up the weather."""
    return f"sunny in {city}"


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


def added(chunks):
    return functools.reduce(operator.add, chunks)


def told(message):
    """What a message says, whole or added up from chunks."""
    return {
        "blocks": [
            {key: value for key, value in block.items() if key not in ("index", "id")}
            for block in message.content_blocks
            if block["type"] in ("text", "reasoning")
        ],
        "calls": message.tool_calls,
        "usage": message.usage_metadata,
        "told": message.response_metadata,
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_four_ways_to_ask_give_the_same_message(emulator, model, name):
    emulator.answer(ANSWERS[name], times=None)

    async def ask():
        return await model.ainvoke("Hello"), [part async for part in model.astream("Hello")]

    awaited, parts = asyncio.run(ask())
    whole = told(model.invoke("Hello"))

    assert told(awaited) == whole
    assert told(added(parts)) == whole
    assert told(added(list(model.stream("Hello")))) == whole


def test_a_message_tells_where_it_is_from_and_what_it_took(emulator, model):
    emulator.answer(ANSWERS["cached tokens"])

    message = model.invoke("Hello")

    assert message.content == "Yes."
    assert message.usage_metadata == {
        "input_tokens": 940,
        "output_tokens": 5,
        "total_tokens": 945,
        "input_token_details": {"cache_read": 900, "cache_creation": 30},
    }
    metadata = message.response_metadata
    assert metadata["model_name"] == f"amazon-{model.model}"
    assert metadata["model_provider"] == "modelwire"
    assert (metadata["stop_reason"], metadata["raw_stop_reason"]) == ("stop", "end_turn")
    assert metadata["cost"] > 0


def test_thinking_is_a_block_whose_signature_goes_back(emulator, model):
    emulator.answer([Thinking("Hm.", signature="c2ln"), Text("Paris.")])
    emulator.answer("Yes.")

    said = added(list(model.stream("What is the capital of France?")))
    model.invoke([HumanMessage("What is it?"), said, HumanMessage("Sure?")])

    first, second = said.content_blocks
    assert first["reasoning"] == "Hm."
    assert first["extras"] == {"signature": "c2ln"}
    assert second["text"] == "Paris."
    content = emulator.requests[-1].parameters["messages"][1]["content"]
    assert content[0]["reasoningContent"]["reasoningText"] == {"text": "Hm.", "signature": "c2ln"}


@pytest.mark.parametrize("fault", ["no_stop", "truncate", "reset"])
def test_a_stream_that_breaks_off_is_an_error(emulator, chat, fault):
    emulator.answer("A long answer, in many words.", fault=Fault(fault, after=3), times=None)
    model = chat(max_retries=0)

    async def ask():
        return [part async for part in model.astream("Hello")]

    with pytest.raises(ModelwireError):
        asyncio.run(ask())
    with pytest.raises(ModelwireError):
        list(model.stream("Hello"))
    with pytest.raises(ModelwireError):
        chat(max_retries=0, streaming=True).invoke("Hello")


def test_a_stream_that_is_left_closes_its_connection(emulator, model):
    slow = Answer("word " * 50, pacing=Pacing(between=0.2))
    emulator.answer(slow, times=None)

    async def leave():
        async with aclosing(model.astream("Hello")) as stream:
            return await anext(stream)

    assert asyncio.run(leave()).text
    stream = model.stream("Hello")
    assert next(stream).text
    stream.close()

    for request in emulator.requests:
        request.wait()
    assert [request.end for request in emulator.requests] == ["client_left", "client_left"]


def test_a_task_that_is_cancelled_closes_its_connection(emulator, model):
    emulator.answer(Answer("word " * 50, pacing=Pacing(between=0.2)))

    async def cancel():
        begun = asyncio.Event()

        async def read():
            async for _ in model.astream("Hello"):
                begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    emulator.requests[0].wait()
    assert emulator.requests[0].end == "client_left"


def test_streams_hold_no_threads(emulator, model):
    emulator.answer("A long answer, in many words.", times=None)

    async def read(begun):
        async with aclosing(model.astream("Hello")) as stream:
            first = await anext(stream)
            await begun.wait()  # all streams are in the middle of their answers
            return functools.reduce(operator.add, [part async for part in stream], first)

    async def ask():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        begun = asyncio.Barrier(20)
        async with asyncio.timeout(60):
            return await asyncio.gather(*[read(begun) for _ in range(20)])

    assert {message.text for message in asyncio.run(ask())} == {"A long answer, in many words."}


def test_one_model_serves_several_event_loops(emulator, model):
    emulator.answer("Yes.", times=None)

    for _ in range(3):
        assert asyncio.run(model.ainvoke("Hello")).text == "Yes."


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        ("auto", {"auto": {}}),
        ("any", {"any": {}}),
        ("required", {"any": {}}),
        (True, {"any": {}}),
        ("look", {"tool": {"name": "look"}}),
        ({"type": "function", "function": {"name": "look"}}, {"tool": {"name": "look"}}),
        ({"type": "tool", "name": "look"}, {"tool": {"name": "look"}}),
        ({"type": "any"}, {"any": {}}),
    ],
)
def test_choices_of_tools_are_those_of_langchain(emulator, model, choice, sent):
    message = model.bind_tools([look], tool_choice=choice).invoke('Is it sunny in "Oslo"?')

    assert [(call["name"], call["args"]) for call in message.tool_calls] == [
        ("look", {"city": "Oslo"})
    ]
    assert emulator.requests[-1].parameters["toolConfig"].get("toolChoice") == sent


def test_results_of_tools_go_back(emulator, model):
    with_tools = model.bind_tools([look])
    question = HumanMessage('Is it sunny in "Oslo"?')
    call = with_tools.invoke([question])
    result = look.invoke(call.tool_calls[0])

    answer = with_tools.invoke([question, call, result])

    assert answer.text.endswith("You said: sunny in Oslo")
    block = emulator.requests[-1].parameters["messages"][2]["content"][0]["toolResult"]
    assert block["toolUseId"] == call.tool_calls[0]["id"]


@pytest.mark.parametrize("method", ["json_schema", "json_mode", "function_calling"])
@pytest.mark.parametrize("schema", [Joke, Joke.model_json_schema()], ids=["class", "schema"])
def test_structured_answers_are_what_the_schema_says(model, method, schema):
    structured = model.with_structured_output(schema, method=method)

    joke = structured.invoke('A joke about "cats"')

    expected = {"setup": "cats", "punchline": "cats"}
    assert joke == (Joke(**expected) if schema is Joke else expected)
    assert list(structured.stream('A joke about "cats"'))[-1] == joke


def test_the_services_own_structured_output_is_used(emulator, model):
    model.with_structured_output(Joke).invoke("A joke")

    assert "outputConfig" in emulator.requests[-1].parameters


def test_an_answer_that_does_not_fit_comes_raw_with_its_error(emulator, model):
    emulator.answer("No JSON at all.")

    made = model.with_structured_output(Joke, include_raw=True).invoke("A joke")

    assert made["raw"].text == "No JSON at all."
    assert made["parsed"] is None
    assert made["parsing_error"] is not None


def test_options_of_the_model_and_of_a_call_are_sent(emulator, chat):
    model = chat(max_tokens=100, temperature=0.5, stop=["END"], top_p=None)

    model.invoke("Hello")
    model.invoke("Hello", max_tokens=7, stop=["HALT"], model=HAIKU)

    first, second = (request.parameters["inferenceConfig"] for request in emulator.requests)
    assert first == {"maxTokens": 100, "temperature": 0.5, "stopSequences": ["END"]}
    assert second == {"maxTokens": 7, "temperature": 0.5, "stopSequences": ["HALT"]}
    assert emulator.requests[1].model_id == HAIKU.partition("/")[2]


def test_an_option_that_there_is_not_is_refused(model):
    with pytest.raises(InvalidRequest, match="top_k is not an option of a call"):
        model.invoke("Hello", top_k=5)


def test_a_fallback_answers_where_the_model_fails(emulator, chat):
    refused = Fault.error("AccessDeniedException")
    emulator.answer(fault=refused, when=Match(model="*sonnet*"), times=None)

    message = chat(fallbacks=[HAIKU]).invoke("Hello")

    assert message.response_metadata["model_name"] == f"amazon-{HAIKU}"


@pytest.mark.parametrize(("retries", "sent"), [(0, 1), (1, 2)])
def test_failures_are_the_errors_of_modelwire(emulator, chat, retries, sent):
    emulator.answer(fault=Fault.error("ThrottlingException", retry_after=0), times=None)

    with pytest.raises(RateLimited):
        chat(max_retries=retries).invoke("Hello")

    assert len(emulator.requests) == sent


def test_an_answer_that_takes_too_long_is_a_timeout(emulator, chat):
    emulator.answer(Answer("Late.", pacing=Pacing(first=30)), times=None)

    with pytest.raises(RequestTimeout):
        chat(timeout=0.2, max_retries=0).invoke("Hello")


@pytest.mark.parametrize("kind", [Runtime, SyncRuntime])
def test_a_runtime_can_be_shared_by_models(emulator, kind):
    emulator.answer("Yes.", times=None)
    shared = kind.from_config({})
    models = [ChatModelwire(model=name, runtime=shared) for name in (HAIKU, HAIKU)]

    async def ask():
        for model in models:
            assert (await model.ainvoke("Hello")).text == "Yes."
            await model.aclose()
        if kind is Runtime:
            assert (await shared.complete("Hello", model=HAIKU)).text == "Yes."
            await shared.aclose()

    asyncio.run(ask())
    if kind is SyncRuntime:
        assert shared.complete("Hello", model=HAIKU).text == "Yes."
        shared.close()


async def test_a_deep_copy_shares_its_connections_and_a_pickled_model_has_its_own(chat):
    model = chat(max_retries=0)
    copied, loaded = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    for other in (copied, loaded):
        assert (await other.ainvoke("Hello")).text
    assert copied._runtimes.awaited is model._runtimes.awaited
    assert loaded._runtimes.awaited is not model._runtimes.awaited
    await loaded.aclose()
    with SyncRuntime.from_config({}) as shared, pytest.raises(TypeError, match="give config"):
        pickle.dumps(ChatModelwire(model=HAIKU, runtime=shared))


def test_a_runtime_keeps_its_own_configuration():
    with SyncRuntime.from_config({}) as shared, pytest.raises(InvalidRequest, match="leave out"):
        ChatModelwire(model=HAIKU, runtime=shared, max_retries=1)


@pytest.mark.filterwarnings("ignore:The function `load` is in beta")
def test_it_is_serialised_without_its_configuration():
    config = {"models": {"providers": {"acme": {"apiKey": "sk-secret"}}}}
    made = ChatModelwire(model=HAIKU, max_tokens=5, config=config)
    document = dumpd(made)

    again = load(
        document, valid_namespaces=["modelwire_langchain"], allowed_objects=[ChatModelwire]
    )

    assert again.model_dump() == made.model_dump()
    assert "sk-secret" not in f"{document} {made!r} {made.model_dump_json()}"


def test_an_answer_of_another_integration_goes_on(emulator, model):
    emulator.answer("Yes.")
    foreign = AIMessage(
        content=[{"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "x"}}, "Paris."],
        response_metadata={"model_provider": "somebody", "model_name": "theirs"},
    )

    model.invoke([HumanMessage("What is it?"), foreign, HumanMessage("Sure?")])

    content = emulator.requests[-1].parameters["messages"][1]["content"]
    assert {"text": "Paris."} in content
    assert not any("reasoningContent" in block for block in content)
