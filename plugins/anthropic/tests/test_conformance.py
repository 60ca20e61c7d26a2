"""The Messages API, held against every rule of the conformance kit."""

import pytest

from modelwire.testing import provider_suite
from modelwire_anthropic.testing import MessagesWire

pytestmark = pytest.mark.timeout(240)

SERVICE = {
    "batch_jobs", "cache_usage", "discovery", "images", "max_tokens", "probe", "stop", "stream_errors",
}  # fmt: skip
TOOLS = {"tools", "tool_choice"}

again = pytest.mark.extensive(
    "it holds the API against the rules again, with another configuration"
)

TestClaude = provider_suite(
    "anthropic",
    wire=MessagesWire(),
    model="claude-sonnet-4",
    abilities={"api_key", "temperature", "top_p", *SERVICE, *TOOLS},
)

TestClaudeThatThinks = again(
    provider_suite(
        "anthropic",
        wire=MessagesWire(),
        model="claude-opus-4-6",
        abilities={"api_key", "reasoning", "signatures", "thinking", *SERVICE, *TOOLS},
    )
)

TestServiceOfTheUsersOwn = again(
    provider_suite(
        "my-gateway",
        api="anthropic-messages",
        wire=MessagesWire(),
        model="house-model",
        abilities=SERVICE | TOOLS,
    )
)
