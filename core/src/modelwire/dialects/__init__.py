"""Dialects: building blocks for plugins that serve their API to clients, in front of any model.

- A `Dialect` reads requests of an API, each as a `ServedCall`, and writes the answers: whole, or with an
  `EventWriter` as events of the type `WireEvent`, which it frames as bytes.
- A `BlockOrder` puts the events of an answer in the order of its blocks.
- `Fields` reads the values of a request by their types; a request that cannot be served is a
  `BadRequest`.
- `assistant_turn`, `user_turns`, `media_of`, `media_of_url`, `decode_base64` and `level_of_budget` make
  messages and options from these values.
- A `Failure` is a failed request, and a `FailureReport` its report in the form of an API.

`modelwire.registry.load_dialect` finds the dialect of an API among the installed plugins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.dialects.block_order import BlockOrder
    from modelwire.dialects.budgets import level_of_budget
    from modelwire.dialects.call import Note, ServedCall, assistant_turn, user_turns
    from modelwire.dialects.dialect import (
        Dialect,
        ErrorWords,
        EventWriter,
        FailureReport,
        ServedRequest,
        WireEvent,
        extension,
    )
    from modelwire.dialects.failure import Failure, FailureKind
    from modelwire.dialects.fields import BadRequest, Fields
    from modelwire.dialects.media import decode_base64, media_of, media_of_url
    from modelwire.dialects.server_sent_events import (
        KEEP_ALIVE,
        SSE_MEDIA_TYPE,
        frame_data,
        frame_named,
    )

__all__ = [
    "KEEP_ALIVE",
    "SSE_MEDIA_TYPE",
    "BadRequest",
    "BlockOrder",
    "Dialect",
    "ErrorWords",
    "EventWriter",
    "Failure",
    "FailureKind",
    "FailureReport",
    "Fields",
    "Note",
    "ServedCall",
    "ServedRequest",
    "WireEvent",
    "assistant_turn",
    "decode_base64",
    "extension",
    "frame_data",
    "frame_named",
    "level_of_budget",
    "media_of",
    "media_of_url",
    "user_turns",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "block_order": ("BlockOrder",),
        "budgets": ("level_of_budget",),
        "call": ("Note", "ServedCall", "assistant_turn", "user_turns"),
        "dialect": (
            "ServedRequest",
            "Dialect",
            "ErrorWords",
            "EventWriter",
            "FailureReport",
            "WireEvent",
            "extension",
        ),
        "failure": ("Failure", "FailureKind"),
        "fields": ("BadRequest", "Fields"),
        "media": ("decode_base64", "media_of", "media_of_url"),
        "server_sent_events": ("KEEP_ALIVE", "SSE_MEDIA_TYPE", "frame_data", "frame_named"),
    },
)
