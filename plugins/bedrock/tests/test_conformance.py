"""ConverseStream, held against every rule of the conformance kit."""

import pytest

from modelwire.testing import provider_suite
from modelwire_bedrock.testing import ConverseStreamWire

# The kit has rules of its own about the loop, and some log at the loudest level, which takes time.
pytestmark = [
    pytest.mark.may_block("the conformance kit watches the loop itself"),
    pytest.mark.timeout(240),
]

ABILITIES = {
    "api_key",
    "cache_usage",
    "discovery",
    "embeddings",
    "max_tokens",
    "stream_errors",
    "tool_choice",
    "tools",
}

again = pytest.mark.extensive("it holds the API against the rules again, with another model")

TestClaude = provider_suite(
    "amazon-bedrock",
    wire=ConverseStreamWire(),
    model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    embedding_model="cohere.embed-english-v3",
    abilities={"images", "reasoning", "signatures", "stop", "thinking", *ABILITIES},
)

TestNova = again(
    provider_suite(
        "amazon-bedrock",
        wire=ConverseStreamWire(),
        model="us.amazon.nova-lite-v1:0",
        embedding_model="amazon.titan-embed-text-v2:0",
        abilities={"images", "stop", "temperature", "top_p", *ABILITIES},
    )
)
