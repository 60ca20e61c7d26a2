"""Whole answers of the Messages API, as the events of a stream.

Some gateways answer with one JSON document where a stream was requested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelwire.errors import MalformedResponse

__all__ = ["events_of_answer"]


def events_of_answer(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The events that a stream of the same answer has.

    Args:
        answer: The JSON document.

    Raises:
        MalformedResponse: It is not an answer of the Messages API.
    """
    content = answer.get("content")
    if answer.get("type") != "message" or not isinstance(content, list):
        raise MalformedResponse(
            "The answer is not one of the Messages API.",
            retryable=False,
            hint="Check the base URL and the API of the provider.",
        )
    yield {"type": "message_start", "message": {**answer, "content": []}}
    for index, block in enumerate(content):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        citations = block.get("citations") if isinstance(block, Mapping) else None
        for citation in citations if isinstance(citations, list) else ():
            delta = {"type": "citations_delta", "citation": citation}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {key: answer.get(key) for key in ("stop_reason", "stop_sequence", "stop_details")}
    yield {"type": "message_delta", "delta": delta, "usage": answer.get("usage")}
    yield {"type": "message_stop"}
