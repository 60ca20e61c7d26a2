"""The table of services that make embeddings: their limits, and how they deviate from OpenAI.

What is not in the table is not known. The columns `evidence`, `source` and `as_of` are those of
`servers.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import frozen

from modelwire.hookspecs import EmbeddingLimits
from modelwire_openai.servers import Server

__all__ = ["EmbeddingService", "service_of"]


@frozen
class EmbeddingService:
    """The limits of a service for one embeddings request.

    Attributes:
        server: The id of its row in `servers.py`.
        limits: How much one request may hold. A limit in tokens is kept in bytes.
        base64: Whether it sends vectors in Base64 on request.
        input_types: Its names for the purposes of texts, by modelwire's; empty where it does not
            distinguish.
        default_input_type: The word to send where the caller does not say, for a service that needs
            one.
        evidence: How well this is known.
        source: What it is known from.
        as_of: The month of the source.
    """

    server: str
    limits: EmbeddingLimits
    base64: bool = False
    input_types: Mapping[str, str] = {}
    default_input_type: str | None = None
    evidence: Literal["documented", "reported", "unknown"] = "documented"
    source: str = ""
    as_of: str = ""


_ROWS: tuple[EmbeddingService, ...] = (
    # It takes 2,048 texts. The vectors of so many hold up the event loop while they are read.
    EmbeddingService(
        "openai", EmbeddingLimits(texts=256, total_bytes=300_000), base64=True,
        source="developers.openai.com: API reference, embeddings", as_of="2026-11",
    ),
    EmbeddingService(
        "mistral", EmbeddingLimits(texts=256, total_bytes=16_384), evidence="reported",
        source="raphaelmansuy/edgequake-llm#74 (512 texts); dust-tt/dust#10654 (16,384 tokens)",
        as_of="2026-05",
    ),
    EmbeddingService(
        "qwen", EmbeddingLimits(texts=10), evidence="reported",
        source="memodb-io/memobase#142; zilliztech/claude-context#177", as_of="2025-11",
    ),
    EmbeddingService(
        "google", EmbeddingLimits(texts=100), evidence="reported",
        source="StarTrail-org/LEANN#214", as_of="2026-01",
    ),
    EmbeddingService(
        "nvidia", EmbeddingLimits(texts=256, total_bytes=1_000_000),
        input_types={"query": "query", "document": "passage"}, default_input_type="passage",
        source=(
            "docs.nvidia.com: NeMo Retriever Embedding NIM, passage and query modes; "
            "learn.microsoft.com: agent framework, NVIDIA (256 inputs, 2 MiB)"
        ),
        as_of="2026-11",
    ),
)  # fmt: skip

_UNKNOWN = EmbeddingService("", EmbeddingLimits(texts=32), evidence="unknown")
"""32 texts is what Hugging Face's server takes unless it is set to more."""

_BY_SERVER = {row.server: row for row in _ROWS}


def service_of(server: Server | None, *, is_openai: bool) -> EmbeddingService:
    """The known limits of a service; few for one that is not in the table.

    Args:
        server: The row of the known server behind an account, if it is one.
        is_openai: Whether it is OpenAI itself, or Azure.
    """
    if is_openai:
        return _BY_SERVER["openai"]
    known = _BY_SERVER.get(server.id) if server is not None else None
    # At a custom address, `openai` may be any service.
    return _UNKNOWN if known is None or known.server == "openai" else known
