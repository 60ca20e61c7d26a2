"""Embeddings in the form of OpenAI's API."""

from __future__ import annotations

import asyncio
import base64
import sys
from array import array
from collections.abc import Mapping
from typing import Any, Final

from modelwire.dialects import BadRequest, Fields
from modelwire.hookspecs import EmbeddingOptions
from modelwire.messages import Usage
from modelwire.runtime import Embeddings
from modelwire_gateway.access.caller import Estimate
from modelwire_gateway.doors.visit import ClientRequest, ResolvedModel
from modelwire_gateway.gateway import Gateway
from modelwire_gateway.records import RequestRecord

__all__ = ["embed_texts"]

_CHARACTERS: Final = 4
_FORMATS: Final[Mapping[str, bool]] = {"float": False, "base64": True}
_INPUTS: Final = {"query": "query", "document": "document"}
_HARMLESS: Final = frozenset({"user"})


async def embed_texts(
    gateway: Gateway, request: ClientRequest, resolved: ResolvedModel, record: RequestRecord
) -> dict[str, Any]:
    """Make a vector of each text of a request.

    Raises:
        BadRequest: It cannot be served.
        RequestRefused: The caller may not call the model, or has used up a limit.
        ModelwireError: The model makes no embeddings, or its provider failed.
    """
    body = Fields(request.body)
    body.any("model")
    texts = _texts(body)
    packed = body.one_of("encoding_format", _FORMATS) or False
    options = EmbeddingOptions(
        dimensions=body.count("dimensions"),
        input_type=body.one_of("input_type", _INPUTS),  # type: ignore[arg-type] # one of the two
    )
    estimate = Estimate(request.size // _CHARACTERS, 0)
    admission = await gateway.access.admit(
        request.caller, resolved.model, estimate, name=request.name
    )
    try:
        made = await gateway.runtime.embed(texts, model=resolved.called.ref, options=options)
        _record(record, made)
    except asyncio.CancelledError:
        # The client has left; the provider bills what it has read.
        record.usage = Usage(input=estimate.input_tokens)
        prices = resolved.model.prices
        cost = None if prices is None else prices.cost_of(record.usage)
        record.cost = None if cost is None else cost.total
        raise
    finally:
        await admission.settle(record.usage, record.cost, model=record.model)
    return _answer(made, request.name, body, packed=packed)


def _texts(body: Fields) -> list[str]:
    given = body.any("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise body.error("input", "a text or a list of texts")
    if not all(isinstance(text, str) for text in texts):
        msg = (
            "input must be texts: tokens are numbers of one model's own. In LangChain, set "
            "check_embedding_ctx_length=False."
        )
        raise BadRequest(msg, param="input")
    return texts


def _record(record: RequestRecord, made: Embeddings) -> None:
    record.model = f"{made.provider}/{made.model}"
    record.usage = made.usage
    record.cost = made.cost.total if made.cost is not None else None


def _answer(made: Embeddings, name: str, body: Fields, *, packed: bool) -> dict[str, Any]:
    write = _packed if packed else _listed
    tokens = made.usage.input if made.usage is not None else 0
    ignored = [field for field in body.rest() if field not in _HARMLESS]
    reason = "The gateway does not pass it on."
    report = {"ignored": [{"path": field, "reason": reason} for field in ignored]}
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": write(vector)}
            for index, vector in enumerate(made.vectors)
        ],
        "model": name,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        **({"modelwire": report} if ignored else {}),
    }


def _listed(vector: array[float]) -> list[float]:
    return vector.tolist()


def _packed(vector: array[float]) -> str:
    """The vector as 32-bit floats in little-endian order, which the OpenAI SDK requests."""
    if sys.byteorder == "big":
        vector = vector[:]
        vector.byteswap()
    return base64.b64encode(vector.tobytes()).decode()
