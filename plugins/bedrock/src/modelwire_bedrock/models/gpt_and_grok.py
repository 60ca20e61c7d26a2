"""The rows of OpenAI's and xAI's models."""

from __future__ import annotations

from functools import partial

from modelwire_bedrock.models.family import ANY_CALL, Family

__all__ = ["GPT_AND_GROK"]

_TO_MAX = ("low", "medium", "high", "xhigh", "max")

# ref 4.7: images go beside results; hearsay: redacted thinking is sent back. peer, issue
# llama_index#23211, opencode#48195, stdapi.ai#283: no sampling settings, and `reasoning.effort` alone.
_gpt = partial(
    Family,
    forced=ANY_CALL,
    result_images=False,
    signed=True,
    thinks=True,
    thinking="reasoning.effort",
    efforts=_TO_MAX,
    by_default=True,
    temperature=False,
    top_p=False,
)
# issue models.dev#5082: efforts, and that it cannot be kept from thinking.
_grok = partial(
    Family,
    forced=ANY_CALL,
    thinks=True,
    thinking="reasoning.effort",
    efforts=("low", "medium", "high", "xhigh"),
    off="least",
    by_default=True,
)

GPT_AND_GROK: tuple[Family, ...] = (
    Family(
        "gpt-oss-safeguard", "gpt-oss-safeguard", "peer: by the second endpoint only",
        converse=False, thinks=True, inline_references=True,
    ),
    Family(
        "gpt-oss", "gpt-oss", "rec: thinking_*_openai_variant; peer: no effort `none`, no $defs",
        thinks=True, thinking="reasoning_effort", off="least", by_default=True,
        inline_references=True,
    ),
    _gpt("gpt-5.6-cyber", "openai-gpt-5-6-cyber", "guide: by the second endpoint only",
         converse=False, off=None),
    _gpt("gpt-5.6", "openai-gpt-5-6(?!\\d)", "peer", off="none"),
    _gpt("gpt-5.5", "openai-gpt-5-[45](?!\\d)", "guide: by the second endpoint only",
         converse=False, off=None),
    _gpt("gpt-6-astra", "openai-gpt-6-astra", "peer", off="least"),
    _gpt("gpt-6", "openai-gpt-6(?!-\\d)", "peer", off="none"),
    _gpt("gpt-6.1", "openai-gpt-6-1(?!\\d)", "peer", off="least"),
    _gpt("gpt", "openai-gpt", "hearsay: newer than this table, so as the newest known", off=None),
    _grok("grok-4.3", "xai-grok-4-3(?!\\d)", "issue models.dev#5082: by the second endpoint only",
          converse=False, off=None),
    _grok("grok-4.6", "xai-grok-4-6(?!\\d)",
          "peer: no sampling; card: no outputConfig; issue models.dev#5082",
          temperature=False, top_p=False, structured_output=False),
    _grok("grok-4.7", "xai-grok-4-7(?!\\d)", "card: outputConfig; issue models.dev#5082",
          structured_output=True),
    _grok("grok", "grok", "hearsay: newer than this table, so as the newest known", off=None),
)  # fmt: skip
"""Every family that is known, most particular first."""
