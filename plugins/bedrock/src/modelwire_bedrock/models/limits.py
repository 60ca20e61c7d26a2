"""The table of model limits: context windows and output tokens.

AWS publishes neither context windows nor output limits by its API. A row holds for every model
whose id, without geography and version, matches its pattern from the beginning; the first match
counts. The column `evidence`:

    ref        the newest form of the reference client
    prices     the data of the package genai-prices 0.2.3
    card       the model's card at AWS
    data       the data of langchain-aws 1.9.1, of November 2026
    hearsay    the makers' pages and general knowledge; not seen on the wire

A column that has other evidence than the row says so. `None` is unknown, never none. Sizes are those
of Bedrock, where makers may offer more by themselves. All rows were last checked in 2026-11.
"""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import frozen

from modelwire_bedrock.models.families import base_model_id

__all__ = ["LIMITS", "UNKNOWN_LIMITS", "Limits", "limits_of"]


@frozen
class Limits:
    """The known size and input kinds of a model.

    Attributes:
        pattern: The beginning of the model's id, with dashes for dots after the maker's name.
        context_window: Tokens that request and answer may have together.
        max_tokens: The maximum number of tokens of an answer.
        images: Whether it takes images.
        reasons: Whether it thinks by default, without a request for it.
        evidence: Where the row comes from.
    """

    pattern: str
    context_window: int | None = None
    max_tokens: int | None = None
    images: bool | None = None
    reasons: bool | None = None
    evidence: str = ""


_K, _M = 1_000, 1_000_000

# fmt: off
LIMITS: tuple[Limits, ...] = (
    # Anthropic. A context of 1M is what the reference says; an account without it gets 200k.
    Limits("anthropic-claude-(?:opus|sonnet|haiku|fable|mythos)-[5-9]", _M, 128 * _K, True, None, "ref"),
    Limits("anthropic-claude-opus-4-[678]", _M, 128 * _K, True, None, "ref; output: hearsay"),
    Limits("anthropic-claude-sonnet-4-6", _M, 128 * _K, True, None, "ref; output: data"),
    Limits("anthropic-claude-(?:opus|sonnet|haiku)-4-5", 200 * _K, 64 * _K, True, None, "ref; output: hearsay"),
    Limits("anthropic-claude-opus-4", 200 * _K, 32 * _K, True, None, "ref; output: hearsay"),
    Limits("anthropic-claude-sonnet-4", 200 * _K, 64 * _K, True, None, "ref; output: hearsay"),
    Limits("anthropic-claude-3-7-sonnet", 200 * _K, 64 * _K, True, None, "ref; output: hearsay"),
    Limits("anthropic-claude-3-5-haiku", 200 * _K, 8192, None, None, "ref; output: hearsay"),
    Limits("anthropic-claude-3-5-sonnet", 200 * _K, 8192, True, None, "prices; output: hearsay"),
    Limits("anthropic-claude-3-haiku", 200 * _K, 4096, True, None, "ref; output: hearsay"),
    Limits("anthropic-claude-3", 200 * _K, 4096, True, None, "prices; output: hearsay"),
    # Amazon
    Limits("amazon-nova-premier", _M, 10 * _K, True, None, "ref; output: hearsay"),
    Limits("amazon-nova-2-lite", _M, 65_535, True, None, "data, prices (ref says 300k)"),
    Limits("amazon-nova-(?:pro|lite)", 300 * _K, 10 * _K, True, None, "ref; output: hearsay"),
    Limits("amazon-nova-micro", 128 * _K, 10 * _K, False, None, "ref; output: hearsay"),
    # Meta
    Limits("meta-llama4-maverick", _M, 8192, True, None, "ref; output: hearsay"),
    Limits("meta-llama4-scout", 512 * _K, 8192, True, None, "ref (prices and data say 10M); output: hearsay"),
    Limits("meta-llama3-[123]", 128 * _K, 4096, None, None, "ref; output: data"),
    Limits("meta-llama3", 8192, 2048, False, None, "prices; output: hearsay"),
    # Mistral
    Limits("mistral-mistral-large-3", 256 * _K, 8192, None, None, "prices; output: data"),
    Limits("mistral-mistral-large", 128 * _K, 8192, False, None, "ref; output: hearsay"),
    Limits("mistral-mistral-small-2402", 32 * _K, 8192, False, None, "ref; output: hearsay"),
    Limits("mistral-(?:mistral-7b|mixtral)", 32 * _K, 8192, False, None, "prices; output: hearsay"),
    Limits("mistral-pixtral", 128 * _K, 8192, True, None, "prices; output: data"),
    Limits("mistral-magistral", 128 * _K, 40 * _K, None, True, "prices; output: data; reasons: hearsay"),
    Limits("mistral-ministral-3-3b", 256 * _K, 8192, None, None, "data"),
    Limits("mistral-ministral-3-(?:8|14)b", 128 * _K, 4096, None, None, "prices; output: data"),
    Limits("mistral-ministral", 128 * _K, None, None, None, "prices"),
    Limits("mistral-devstral-2", 256 * _K, 8192, None, None, "prices; output: data"),
    Limits("mistral-voxtral-mini", 32 * _K, 4096, None, None, "prices; output: data"),
    Limits("mistral-voxtral", 32 * _K, 8192, None, None, "prices; output: data"),
    # The others
    Limits("deepseek-r", 128 * _K, 32_768, False, True, "ref; output: data"),
    Limits("deepseek-v3", 163_840, 81_920, False, None, "data (ref says 128k)"),
    Limits("cohere-command-r", 128 * _K, 4096, False, None, "ref; output: hearsay"),
    Limits("ai21-jamba-1-5", 256 * _K, 4096, False, None, "ref; output: hearsay"),
    Limits("google-gemma-4-(?:26|31)b", 262_144, 32_768, None, None, "data"),
    Limits("google-gemma-4-e2b", 131_072, 8192, None, None, "data"),
    Limits("google-gemma-3-4b", 128 * _K, 4096, None, None, "ref; output: data"),
    Limits("google-gemma-3", 128 * _K, 8192, None, None, "ref; output: data"),
    Limits("zai-glm-5-[3-9]", _M, 128 * _K, None, True, "prices; output: data"),
    Limits("zai-glm-(?:4-7|5)", 202_752, 131_072, None, None, "data (ref says 128k)"),
    Limits("zai-glm", 128 * _K, None, None, None, "ref"),
    Limits("qwen-qwen3-coder-480b", 131_072, 65_536, False, None, "data (ref says 256k)"),
    Limits("qwen-qwen3-coder-next", 256 * _K, 65_536, False, None, "ref; output: data"),
    Limits("qwen-qwen3-coder", 256 * _K, 131_072, False, None, "ref; output: data"),
    Limits("qwen-qwen3-32b", 32_768, 16_384, False, None, "data, prices (ref says 128k)"),
    Limits("qwen-qwen3-235b", 262_144, 131_072, False, None, "data"),
    Limits("qwen-qwen3-next-80b", 262 * _K, None, False, None, "data"),
    Limits("qwen-qwen3-vl-235b", 262 * _K, None, True, None, "data, prices (ref says 128k)"),
    Limits("qwen-qwen3-vl", 128 * _K, None, True, None, "ref (prices says 256k)"),
    Limits("minimax-minimax-m2-5", 196_608, 98_304, None, True, "data (ref says 1M); reasons: hearsay"),
    Limits("minimax-minimax-m2-1", 196_608, 131_072, None, True, "data (ref says 1M); reasons: hearsay"),
    Limits("minimax-minimax-m2", 196_608, 98_304, None, True, "data, the least of its releases"),
    Limits("moonshot(?:ai)?-kimi-k3", 1_048_576, 128 * _K, None, True, "prices, data"),
    Limits("moonshot(?:ai)?-kimi-k2-thinking", 262_144, 16 * _K, None, True, "data; reasons: hearsay"),
    Limits("moonshot(?:ai)?-kimi-k2-5", 262_144, 16_384, None, True, "data; reasons: hearsay"),
    Limits("nvidia-nemotron-super", 256 * _K, 131_072, None, None, "ref; output: data"),
    Limits("nvidia-nemotron-nano-3", 256 * _K, 8192, None, None, "prices; output: data"),
    Limits("nvidia-nemotron", 128 * _K, 8192, None, None, "ref; output: data"),
    Limits("openai-gpt-oss-safeguard", 128 * _K, 16_384, False, True, "data"),
    Limits("openai-gpt-oss", 131_072, 128 * _K, False, True, "prices, data; reasons: recordings"),
    Limits("openai-gpt-5-[45]", 272 * _K, 128 * _K, None, True, "disputed: data says 1M"),
    Limits("openai-gpt-(?:5-6|6)", 1_050_000, 128 * _K, None, True, "card"),
    Limits("xai-grok-4-3", _M, 131_072, None, True, "data"),
    Limits("xai-grok-4-[67]", 500 * _K, 500 * _K, None, True, "data"),
    Limits("writer-palmyra-x5", _M, 8192, None, None, "hearsay (prices says 128k)"),
    Limits("writer-palmyra-x4", 122_880, 8192, None, None, "data (prices says 128k)"),
)
# fmt: on

UNKNOWN_LIMITS = Limits("")
"""For a model that no row fits."""

_SEPARATORS = re.compile(r"[.\s_/]+")


@lru_cache(maxsize=512)
def limits_of(model_id: str) -> Limits:
    """The limits of a model, whose id may have a geography and a version, or be an ARN."""
    wanted = _SEPARATORS.sub("-", base_model_id(model_id).lower())
    return next((row for row in LIMITS if re.match(row.pattern, wanted)), UNKNOWN_LIMITS)
