"""Both APIs, held against every rule of the conformance kit."""

import pytest

from modelwire.testing import provider_suite
from modelwire_openai.testing import ChatCompletionsWire, ResponsesWire

# The kit has rules of its own about the loop, and some log at the loudest level, which takes time.
pytestmark = [
    pytest.mark.may_block("the conformance kit watches the loop itself"),
    pytest.mark.timeout(240),
]

SERVICE = {"batch_jobs", "cache_usage", "discovery", "embeddings", "probe", "stream_errors"}
SAMPLING = {"max_tokens", "temperature", "top_p"}
TOOLS = {"tools", "tool_choice"}

again = pytest.mark.extensive(
    "it holds the API against the rules again, with another configuration"
)

TestChatCompletions = provider_suite(
    "openai",
    api="openai-completions",
    wire=ChatCompletionsWire(),
    abilities={"api_key", "images", "stop", *SERVICE, *SAMPLING, *TOOLS},
)

TestChatCompletionsThatThinks = again(
    provider_suite(
        "deepseek",
        wire=ChatCompletionsWire(),
        abilities={"api_key", "max_tokens", "reasoning", "thinking", *SERVICE, *TOOLS},
    )
)

TestChatCompletionsOfTheUsersOwn = again(
    provider_suite(
        "my-gateway", api="openai-completions", wire=ChatCompletionsWire(), abilities=SERVICE
    )
)

TestResponses = provider_suite(
    "openai",
    wire=ResponsesWire(),
    api="openai-responses",
    abilities={"api_key", "images", *SERVICE, *SAMPLING, *TOOLS},
)

TestResponsesThatThinks = again(
    provider_suite(
        "openai",
        wire=ResponsesWire(),
        api="openai-responses",
        abilities={"max_tokens", "reasoning", "signatures", "thinking", *SERVICE, *TOOLS},
    )
)
