"""The rows of Amazon's own models."""

from __future__ import annotations

from functools import partial

from modelwire_bedrock.models.family import ANY_CALL, CachePlace, Family, FileKind

__all__ = ["AMAZON"]

_CACHE: frozenset[CachePlace] = frozenset({"system", "messages"})
_DOCUMENTS_AND_VIDEO: frozenset[FileKind] = frozenset({"document", "video"})

# rec: PDFs beside a tool result (bedrock_nova), a PDF in one refused, a video (video_url_input).
# peer: text documents in one.
_nova = partial(
    Family,
    forced=ANY_CALL,
    files=_DOCUMENTS_AND_VIDEO,
    result_documents="text",
    prefill=True,
    top_k="inferenceConfig.topK",
    structured_output=False,
    cache=_CACHE,
)

AMAZON: tuple[Family, ...] = (
    _nova(
        "nova-2",
        "nova-2-",
        "rec: multimodal_tool_returns nova; ref 4.9; thinking: peer",
        thinking="nova",
    ),
    _nova(
        "nova-micro",
        "nova-micro",
        "ref 4.9: as nova; guide: neither documents nor vision",
        files=frozenset(),
        no_files=frozenset({"document", "audio", "video"}),
        thinks=False,
    ),
    _nova(
        "nova",
        "nova-(?:lite|pro|premier)",
        "rec: single_tool_choice_preserves_cache_nova; ref 4.9: no tools, no hour; prefill: hearsay",
        thinks=False,
    ),
    Family(
        "titan-text",
        "titan",
        "hearsay: neither tools nor system prompt",
        tools=False,
        choice=False,
        structured_output=False,
        system=False,
        thinks=False,
    ),
)
"""Every family that is known, most particular first."""
