"""The routes of models: at which endpoint of AWS each answers, and in which wire APIs.

The columns `evidence` and `checked` are those of the model family's table. A fact that no row
states is unknown; Converse is called then, or another API that the configuration names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from attrs import frozen

from modelwire_bedrock.models.families import base_model_id

__all__ = [
    "CHAT",
    "CONVERSE",
    "MANTLE_PROVIDER",
    "MANTLE_REGIONS",
    "MESSAGES",
    "OTHER_APIS",
    "RESPONSES",
    "Endpoint",
    "Prefix",
    "RouteRow",
    "mantle_name",
    "routes_of",
]

CONVERSE = "bedrock-converse-stream"
RESPONSES = "openai-responses"
CHAT = "openai-completions"
MESSAGES = "anthropic-messages"
OTHER_APIS = (RESPONSES, CHAT, MESSAGES)
"""The APIs that other plugins speak."""

MANTLE_PROVIDER = "amazon-bedrock-mantle"
"""The provider whose models are all called at Mantle."""

Endpoint = Literal["runtime", "mantle"]
Prefix = Literal["v1", "openai/v1"]

MANTLE_REGIONS = (
    "us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1",
    "eu-west-2", "ap-northeast-1", "ap-south-1", "ap-southeast-2", "ap-southeast-3", "sa-east-1",
    "us-gov-west-1",
)  # fmt: skip
"""Regions with the endpoint Mantle: AWS's page, and from `ap-south-1` on the reference client's list."""


@frozen
class RouteRow:
    """The routes of the models of one row.

    Attributes:
        pattern: What the model's name begins with, in lower case and with dashes for dots.
        runtime: The APIs in which the endpoint `bedrock-runtime` serves it.
        mantle: The APIs in which the endpoint `bedrock-mantle` does, the usual one first.
        prefix: The path of OpenAI's APIs at Mantle, which no API reports.
        regions: The regions of Mantle that serve it; empty where it is not known.
        evidence: Where the row comes from.
        checked: When it was last compared with that, as `2026-11`.
    """

    pattern: str
    runtime: tuple[str, ...]
    mantle: tuple[str, ...] = ()
    prefix: Prefix = "v1"
    regions: tuple[str, ...] = ()
    evidence: str = ""
    checked: str = "2026-11"


_OPENAI = (RESPONSES, CHAT)
_ALL_OF_OPENAI = (CONVERSE, RESPONSES, CHAT)

# The first row that fits counts. `lists` are what Mantle itself lists in us-east-1, us-west-2 and
# eu-central-1, with one request to each API (aws-samples/sample-per-model-bedrock, 14 August to
# 7 October 2026).
_TABLE = (
    RouteRow("gpt-oss-safeguard", (), (CHAT,), evidence="lists", checked="2026-10"),
    RouteRow("gpt-oss", (CONVERSE, CHAT), _OPENAI, evidence="guide"),
    RouteRow("gpt-5-6-cyber", (), (RESPONSES,), "openai/v1", evidence="peer"),
    RouteRow("gpt-5-6", _ALL_OF_OPENAI, (RESPONSES,), "openai/v1", evidence="guide"),
    RouteRow(
        "gpt-5-[45]", (), (RESPONSES,), "openai/v1", ("us-east-1", "us-east-2", "us-west-2"),
        evidence="guide",
    ),
    RouteRow("gpt-6-astra", _ALL_OF_OPENAI, _OPENAI, "openai/v1", ("us-west-2",), evidence="card"),
    RouteRow(
        "gpt-6-(sol|luna)", _ALL_OF_OPENAI, _OPENAI, "openai/v1", ("us-east-1",), evidence="card"
    ),
    RouteRow("gpt-6", _ALL_OF_OPENAI, _OPENAI, "openai/v1", evidence="card"),
    # Chat Completions is disputed: 200 in NousResearch/hermes-agent#52316, 400 in the lists.
    RouteRow(
        "grok-4-3", (), (RESPONSES,), "openai/v1", ("us-east-1", "us-west-2"),
        evidence="lists", checked="2026-10",
    ),
    RouteRow(
        "grok-4-6", (CONVERSE,), (RESPONSES,), "openai/v1", ("us-west-2",),
        evidence="lists", checked="2026-10",
    ),
    RouteRow("grok-4-7", (CONVERSE,), evidence="peer"),
    RouteRow("gemma-4", (), (CHAT, RESPONSES), "openai/v1", evidence="lists", checked="2026-10"),
    RouteRow(
        "gemma-3|kimi|glm|deepseek|qwen|minimax|nemotron|devstral|magistral|ministral"
        "|mistral-large-3|voxtral",
        (CONVERSE,), (CHAT,), evidence="lists", checked="2026-10",
    ),
    RouteRow(
        "claude-(opus|sonnet|haiku|fable|mythos)-5", (CONVERSE, MESSAGES), (MESSAGES,),
        evidence="card",
    ),
    RouteRow(
        "claude-(opus-4-[78]|haiku-4-5)", (CONVERSE,), (MESSAGES,),
        evidence="lists", checked="2026-10",
    ),
    # AWS's page of Claude 4.6 and earlier.
    RouteRow("claude-((opus|sonnet|haiku)-4(-[0-6])?(-|$)|3)", (CONVERSE,), evidence="guide"),
    RouteRow("nova|llama|command|jamba", (CONVERSE,), evidence="guide"),
)  # fmt: skip

_MANTLE_IDS = {
    "anthropic.claude-haiku-4-5-20251001": "anthropic.claude-haiku-4-5",
    "deepseek.v3": "deepseek.v3.1",
    "moonshot.kimi-k2-thinking": "moonshotai.kimi-k2-thinking",
    "qwen.qwen3-coder-30b-a3b": "qwen.qwen3-coder-30b-a3b-instruct",
    "qwen.qwen3-coder-480b-a35b": "qwen.qwen3-coder-480b-a35b-instruct",
    "qwen.qwen3-next-80b-a3b": "qwen.qwen3-next-80b-a3b-instruct",
    "qwen.qwen3-vl-235b-a22b": "qwen.qwen3-vl-235b-a22b-instruct",
}
"""Ids of Mantle that are not the runtime's without its version; from the same lists."""

_VERSION = re.compile(r"-v?\d+:\d+$")
_SEPARATORS = re.compile(r"[.\s_/:]+")


@lru_cache(maxsize=512)
def routes_of(model_id: str) -> RouteRow | None:
    """The row of a model, or `None` where nothing is known.

    Args:
        model_id: Its id: bare, with a geography before it, or an ARN.
    """
    name = _SEPARATORS.sub("-", base_model_id(model_id).lower())
    return next((row for row in _TABLE if re.search(rf"(?:^|-)(?:{row.pattern})", name)), None)


def mantle_name(model_id: str) -> str:
    """The id of a model at Mantle: bare, and without the version that the runtime's may have.

    Args:
        model_id: Its id at the runtime or at Mantle, with a geography before it or without.
    """
    bare = _VERSION.sub("", base_model_id(model_id))
    return _MANTLE_IDS.get(bare, bare)
