"""The routes of models: at which endpoint of AWS each answers, and in which wire APIs.

The columns `evidence` and `checked` are those of the model family's table. What no row tells is unknown:
Converse is called then, and another API where the configuration names one.
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
    "MANTLE_REGIONS",
    "MESSAGES",
    "OTHER_APIS",
    "RESPONSES",
    "Endpoint",
    "Prefix",
    "RouteRow",
    "routes_of",
]

CONVERSE = "bedrock-converse-stream"
RESPONSES = "openai-responses"
CHAT = "openai-completions"
MESSAGES = "anthropic-messages"
OTHER_APIS = (RESPONSES, CHAT, MESSAGES)
"""The APIs that other plugins speak."""

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
        regions: The regions of Mantle that serve it; empty where that is not known.
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

# The first row that fits counts.
_TABLE = (
    RouteRow("gpt-oss-safeguard", (), (CHAT,), evidence="peer"),
    RouteRow("gpt-oss", (CONVERSE, CHAT), _OPENAI, evidence="guide"),
    RouteRow("gpt-5-6-cyber", (), _OPENAI, "openai/v1", evidence="peer"),
    RouteRow("gpt-5-6", _ALL_OF_OPENAI, _OPENAI, "openai/v1", evidence="guide"),
    RouteRow(
        "gpt-5-[45]", (), (RESPONSES,), "openai/v1", ("us-east-2", "us-west-2"), evidence="guide"
    ),
    RouteRow("gpt-6-astra", _ALL_OF_OPENAI, _OPENAI, "openai/v1", ("us-west-2",), evidence="card"),
    RouteRow(
        "gpt-6-(sol|luna)", _ALL_OF_OPENAI, _OPENAI, "openai/v1", ("us-east-1",), evidence="card"
    ),
    RouteRow("gpt-6", _ALL_OF_OPENAI, _OPENAI, "openai/v1", evidence="card"),
    # NousResearch/hermes-agent#52316, run in August 2026 in these regions.
    RouteRow(
        "grok-4-3", (), _OPENAI, "openai/v1", ("us-east-1", "us-west-2"), evidence="issue"
    ),
    RouteRow("grok-4-[67]", (CONVERSE,), evidence="peer"),
    RouteRow("gemma-4", (), (CHAT,), "openai/v1", evidence="issue"),
    RouteRow("gemma-3", (CONVERSE,), (CHAT,), evidence="issue"),
    RouteRow(
        "kimi|glm|deepseek|qwen|minimax|nemotron", (CONVERSE,), (CHAT,), evidence="issue"
    ),
    RouteRow(
        "claude-(opus|sonnet|haiku|fable|mythos)-5", (CONVERSE, MESSAGES), (MESSAGES,),
        evidence="card",
    ),
    # Ids of the fourth generation with a version behind them, as AWS's page of 4.6 and earlier says.
    RouteRow("claude-((opus|sonnet|haiku)-4(-[0-6])?(-|$)|3)", (CONVERSE,), evidence="guide"),
    RouteRow("nova|llama|command|jamba", (CONVERSE,), evidence="guide"),
)  # fmt: skip

_SEPARATORS = re.compile(r"[.\s_/:]+")


@lru_cache(maxsize=512)
def routes_of(model_id: str) -> RouteRow | None:
    """The row of a model, or `None` where nothing is known.

    Args:
        model_id: Its id: bare, with a geography before it, or an ARN.
    """
    name = _SEPARATORS.sub("-", base_model_id(model_id).lower())
    return next((row for row in _TABLE if re.search(rf"(?:^|-)(?:{row.pattern})", name)), None)
