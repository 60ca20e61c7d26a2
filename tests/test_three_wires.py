"""One real server, llama.cpp's, holds the same conversation over Chat Completions, Responses and Messages."""

import json

import pytest
from chat_templates import TOOLS_TEMPLATE
from extensive_tests import partly_extensive
from llama_server import start_llama

from modelwire import Context, Runtime, Tool, ToolResultMessage, UserMessage
from modelwire.errors import AuthenticationError, ContextOverflow
from modelwire.hookspecs import ToolChoice
from modelwire.messages import AssistantMessage, StopReason
from modelwire.transport import RetryPolicy

# It takes long, so it begins early where processes share the tests.
pytestmark = pytest.mark.timeout(120)

KEY = "a-key-for-the-tests"
CONTEXT = 1024
APIS = ("openai-completions", "openai-responses", "anthropic-messages")
WEATHER = Tool(
    "weather",
    "Get the weather of a city",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Paris", "Oslo"]}},
        "required": ["city"],
    },
)
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Paris", "Oslo"]}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def llama():
    return start_llama(context=CONTEXT, key=KEY, chat_template=TOOLS_TEMPLATE, use_jinja=True)


@pytest.fixture
def runtime_at(llama, tmp_path):
    """Makes a runtime with one provider for each wire, named as its API."""

    def make(key=KEY):
        address = f"{llama.listening_address}/v1"
        providers = {api: {"api": api, "baseUrl": address, "apiKey": key} for api in APIS}
        return Runtime.from_config(
            {"models": {"providers": providers}},
            environ={},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path,
        )

    return make


@pytest.fixture
async def runtime(runtime_at):
    async with runtime_at() as made:
        yield made


@pytest.fixture(params=APIS)
def model(request):
    return f"{request.param}/smollm2"


async def test_it_streams_text_that_is_the_message(runtime, model):
    pieces = []
    question = "What is the capital of France?"
    async with runtime.stream(question, model=model, max_tokens=24, temperature=0) as stream:
        async for piece in stream.texts():
            pieces.append(piece)
        message = await stream.result()
    assert len(pieces) > 3
    assert "".join(pieces) == message.text
    assert "Paris" in message.text
    assert (message.stop_reason, message.api) == (StopReason.STOP, model.partition("/")[0])
    assert message.usage.output > 3
    assert message.usage.input + message.usage.cache_read > 10


async def test_the_three_wires_say_the_same(runtime):
    question = "What is the capital of France?"
    said = [
        (
            await runtime.complete(question, model=f"{api}/smollm2", max_tokens=24, temperature=0)
        ).text
        for api in APIS
    ]
    assert said == [said[0]] * len(APIS)


def results(calls, text):
    return [ToolResultMessage(call.id, call.name, text) for call in calls]


async def called(runtime, messages, api):
    # A model this small calls a tool when its answer has begun with the call.
    begun = AssistantMessage("<tool_call>", api, "smollm2", api=api)
    return await runtime.complete(
        Context([*messages, begun], tools=[WEATHER]),
        model=f"{api}/smollm2",
        max_tokens=60,
        temperature=0,
        tool_choice=ToolChoice("any"),
        stop=("</tool_call>",),
        # Responses has no stop texts, but this server takes them there as well.
        params={"stop": ["</tool_call>"]} if api == "openai-responses" else {},
    )


@pytest.mark.parametrize(
    "api",
    partly_extensive(
        APIS, "openai-completions".__ne__, "the model answers three times on the processor"
    ),
)
async def test_a_call_its_result_and_the_next_question(runtime, api):
    model = f"{api}/smollm2"
    messages = [UserMessage("What is the weather in Paris?")]
    message = await called(runtime, messages, api)
    calls = message.tool_calls
    assert [(call.name, call.arguments) for call in calls] == [("weather", {"city": "Paris"})]
    assert message.stop_reason is StopReason.TOOL_USE
    messages += [message, *results(calls, "12 degrees, rain")]
    context = Context(messages, "Be brief.", [WEATHER])
    answered = await runtime.complete(context, model=model, max_tokens=4, temperature=0)
    assert answered.text or answered.tool_calls
    context.messages += [UserMessage("Do I need an umbrella?")]
    last = await runtime.complete(context, model=model, max_tokens=4, temperature=0)
    assert last.usage.output > 0


async def test_an_answer_that_meets_its_limit_says_so(runtime, model):
    message = await runtime.complete("Count to a hundred.", model=model, max_tokens=5)
    assert message.stop_reason is StopReason.LENGTH


async def test_structured_output_is_structured_or_reported(runtime, model):
    message = await runtime.complete(
        "Which city is the capital of France?",
        model=model,
        max_tokens=24,
        temperature=0,
        response_schema=CITY,
    )
    reported = "unstructured_output" in [note["type"] for note in message.diagnostics]
    try:
        follows = "city" in json.loads(message.text)
    except ValueError:
        follows = False
    assert reported is not follows
    if message.api == "openai-completions":
        # Here the server holds the model to the schema by a grammar.
        assert follows


async def test_a_wrong_key_and_a_question_that_is_too_long_are_the_same_errors(
    runtime, runtime_at, model
):
    with pytest.raises(ContextOverflow):
        await runtime.complete("again and again " * CONTEXT, model=model)
    async with runtime_at("another-key-that-is-wrong") as other:
        with pytest.raises(AuthenticationError):
            await other.complete("Hi", model=model)
