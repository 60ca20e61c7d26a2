"""Building blocks for provider plugins, for the parts that most of them share.

- `stream_json`, `post_json` and `fetch_json` speak an API of JSON over HTTP, a `JsonApi`.
- A `Translator` turns wire events into deltas; `read_text` and its like read the values of events, and
  `ToolArguments` the arguments of a call from pieces that need not be deltas.
- `stream_call` sends a call, translates its answer, and retries it with a reduced request where a
  `Remedy` helps.
- `read_vectors` reads embeddings; `makes_no_embeddings` and `only_embeds` are the errors for a model of
  the other kind.
- `write_items` writes the requests of a batch job, and `whole_answer` makes a message from one of its
  answers; `post_file` and `fetch_lines` transfer the files of such jobs.
- `cite` reads a citation that supports a text.
- `error_of_response` and `error_in_stream` make typed errors from a service's failures, in whatever
  shape it reports them; `reports_failure` finds those in answers with the status 200.
- `DerivedValues` keeps what is made of a configuration, such as the address and the headers of requests, for
  the next call.
- `detect_key`, `describe_endpoint`, `look_up_prices` and `report_usage` cover the tasks that
  every provider has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.authoring.batch_items import (
        ItemRefusals,
        check_ended,
        item_cancelled,
        item_expired,
        write_items,
    )
    from modelwire.authoring.citations import cite
    from modelwire.authoring.costs import with_cost, with_costs
    from modelwire.authoring.credentials import (
        detect_key,
        key_variable,
        missing_key,
        unusable_auth,
    )
    from modelwire.authoring.derived import DerivedValues
    from modelwire.authoring.embeddings import makes_no_embeddings, only_embeds, read_vectors
    from modelwire.authoring.endpoint import describe_endpoint
    from modelwire.authoring.failure_rules import meaning_of_message
    from modelwire.authoring.failures import (
        error_in_stream,
        error_of_failure,
        error_of_response,
    )
    from modelwire.authoring.json_api import JsonApi, fetch_json, post_json, stream_json
    from modelwire.authoring.json_body import BodyEvent, JsonEvent, StreamEnd
    from modelwire.authoring.json_files import fetch_lines, post_file
    from modelwire.authoring.json_text import (
        check_json_depth,
        encode_json,
        parse_json,
        parse_json_or_none,
    )
    from modelwire.authoring.prices import PriceEntry, look_up_prices
    from modelwire.authoring.probe import probe_credentials
    from modelwire.authoring.resend import Call, CallAttempt, Remedy, stream_call
    from modelwire.authoring.service_failure import (
        ServiceFailure,
        read_failure,
        read_failure_body,
        reports_failure,
    )
    from modelwire.authoring.single_flight import SingleFlight
    from modelwire.authoring.tool_arguments import ToolArguments
    from modelwire.authoring.translator import Translator, cut_stream, until_fault
    from modelwire.authoring.typed_events import OrdinaryEvent, TypedEvent, TypedEvents
    from modelwire.authoring.usage import count_tokens, report_usage
    from modelwire.authoring.whole_answers import whole_answer
    from modelwire.authoring.wire_values import (
        read_object,
        read_objects,
        read_text,
        require_index,
        require_text,
    )

__all__ = [
    "BodyEvent",
    "Call",
    "CallAttempt",
    "DerivedValues",
    "ItemRefusals",
    "JsonApi",
    "JsonEvent",
    "OrdinaryEvent",
    "PriceEntry",
    "Remedy",
    "ServiceFailure",
    "SingleFlight",
    "StreamEnd",
    "ToolArguments",
    "Translator",
    "TypedEvent",
    "TypedEvents",
    "check_ended",
    "check_json_depth",
    "cite",
    "count_tokens",
    "cut_stream",
    "describe_endpoint",
    "detect_key",
    "encode_json",
    "error_in_stream",
    "error_of_failure",
    "error_of_response",
    "fetch_json",
    "fetch_lines",
    "item_cancelled",
    "item_expired",
    "key_variable",
    "look_up_prices",
    "makes_no_embeddings",
    "meaning_of_message",
    "missing_key",
    "only_embeds",
    "parse_json",
    "parse_json_or_none",
    "post_file",
    "post_json",
    "probe_credentials",
    "read_failure",
    "read_failure_body",
    "read_object",
    "read_objects",
    "read_text",
    "read_vectors",
    "report_usage",
    "reports_failure",
    "require_index",
    "require_text",
    "stream_call",
    "stream_json",
    "until_fault",
    "unusable_auth",
    "whole_answer",
    "with_cost",
    "with_costs",
    "write_items",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "batch_items": (
            "ItemRefusals",
            "check_ended",
            "item_cancelled",
            "item_expired",
            "write_items",
        ),
        "costs": ("with_cost", "with_costs"),
        "citations": ("cite",),
        "credentials": ("detect_key", "key_variable", "missing_key", "unusable_auth"),
        "derived": ("DerivedValues",),
        "embeddings": ("makes_no_embeddings", "only_embeds", "read_vectors"),
        "endpoint": ("describe_endpoint",),
        "failure_rules": ("meaning_of_message",),
        "failures": ("error_in_stream", "error_of_failure", "error_of_response"),
        "json_api": ("JsonApi", "fetch_json", "post_json", "stream_json"),
        "json_body": ("BodyEvent", "JsonEvent", "StreamEnd"),
        "json_files": ("fetch_lines", "post_file"),
        "json_text": ("check_json_depth", "encode_json", "parse_json", "parse_json_or_none"),
        "prices": ("PriceEntry", "look_up_prices"),
        "probe": ("probe_credentials",),
        "resend": ("Call", "CallAttempt", "Remedy", "stream_call"),
        "service_failure": (
            "ServiceFailure",
            "read_failure",
            "read_failure_body",
            "reports_failure",
        ),
        "single_flight": ("SingleFlight",),
        "tool_arguments": ("ToolArguments",),
        "translator": ("Translator", "cut_stream", "until_fault"),
        "typed_events": ("OrdinaryEvent", "TypedEvent", "TypedEvents"),
        "usage": ("count_tokens", "report_usage"),
        "wire_values": (
            "read_object",
            "read_objects",
            "read_text",
            "require_index",
            "require_text",
        ),
        "whole_answers": ("whole_answer",),
    },
)
