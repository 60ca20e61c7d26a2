"""The records of a job: lines of its input and output files.

As https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html and
`batch-inference-results.html` describe them, as of November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwire.authoring import encode_json
from modelwire.errors import InvalidRequest, MalformedResponse, ProviderError
from modelwire_bedrock.errors import ServiceFault

if TYPE_CHECKING:
    from modelwire.models import Model
    from modelwire_bedrock.converse.call import ConverseCall

__all__ = ["answer_in", "check_item", "input_line", "record_id"]

_USUAL_STATUS = 400


def check_item(call: ConverseCall, model: Model) -> None:
    """Refuse an item that a job cannot answer.

    The service answers records of the type Converse that have a `toolConfig` with 400, as
    https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html says (November 2026).

    Raises:
        InvalidRequest: It has tools.
    """
    if "toolConfig" in call.request.payload:
        by_tool = call.request.by_tool
        what = "a schema, which this model follows by calling a tool" if by_tool else "tools"
        raise InvalidRequest(
            f"Batch jobs of Amazon Bedrock take no tools, and the item has {what}.",
            provider=call.provider,
            model=model.id,
            retryable=False,
            hint="Leave it out, or send the request by itself.",
        )


def input_line(custom_id: str, body: bytes) -> bytes:
    """A record of the input file, with the body of a request of Converse."""
    return b'{"recordId":%b,"modelInput":%b}' % (json.dumps(custom_id).encode(), body)


def record_id(line: Any) -> str:
    """The id of a record.

    Raises:
        MalformedResponse: The line is not a record.
    """
    if isinstance(line, Mapping) and isinstance(found := line.get("recordId"), str):
        return found
    msg = "A line of the job's output is not a record with a recordId."
    raise MalformedResponse(msg)


def answer_in(line: Mapping[str, Any], *, provider: str, model: str) -> bytes:
    """The body of the answer of Converse in a record.

    Raises:
        ProviderError: The record holds an error, or neither an answer nor an error.
    """
    failure = line.get("error")
    if failure is not None:
        raise _error(failure, provider, model)
    answer = line.get("modelOutput")
    if not isinstance(answer, Mapping):
        msg = "A record of the job's output has neither modelOutput nor error."
        raise MalformedResponse(msg, provider=provider, model=model)
    return encode_json(answer)


def _error(failure: Any, provider: str, model: str) -> ProviderError:
    details: Mapping[str, Any] = failure if isinstance(failure, Mapping) else {}
    code, message = details.get("errorCode"), details.get("errorMessage")
    status = code if type(code) is int and 400 <= code < 600 else _USUAL_STATUS
    name = code if isinstance(code, str) else ""
    text = (
        message
        if isinstance(message, str)
        else "The record failed, and the service did not say why."
    )
    fault = ServiceFault(name, text, status=status)
    error = fault.error(provider=provider, model=model)
    error.__cause__ = fault
    return error
