"""APIs that speak JSON over HTTP: a request out, the events of its answer in.

An answer comes as server-sent events, as JSON lines, or as one JSON document. Events that arrive
together are yielded together, and events before a fault are yielded before it is raised.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from attrs import field, frozen

from modelwire.authoring.failure_rules import WRONG_PATH
from modelwire.authoring.failures import error_in_stream, error_of_response
from modelwire.authoring.json_body import BodyEvent, JsonBody, not_of_this_api
from modelwire.authoring.json_text import encode_json, parse_json
from modelwire.authoring.service_failure import reports_failure
from modelwire.authoring.translator import until_fault
from modelwire.authoring.typed_events import TypedEvents
from modelwire.errors import ProviderError
from modelwire.events import ResponseInfo
from modelwire.redaction import redact, redact_data, scrub, secrets_in, shown_url
from modelwire.transport import Request, drain, merge_headers

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Response, Transport

__all__ = [
    "JsonApi",
    "check_response",
    "document_of",
    "fetch_json",
    "post_json",
    "request_of",
    "stream_json",
]

_JSON = "application/json"
_NO_SUCH_PATH = frozenset({404, 405})
_VERSION = re.compile(r"/v\d+[a-z0-9]*(?:/|\Z)")


class ErrorOfResponse(Protocol):
    """Makes the error of an HTTP response that is not a success.

    Secrets of the request have been removed from the body.
    """

    def __call__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        provider: str,
        model: str | None,
    ) -> ProviderError: ...


class ErrorInStream(Protocol):
    """Makes the error of a failure that is reported with the status 200.

    The payload is the JSON data of the event, or its text where that is not JSON. Secrets of the
    request have been removed from it.
    """

    def __call__(
        self, payload: Any, *, provider: str, model: str | None, request_id: str | None
    ) -> ProviderError: ...


@frozen
class JsonApi:
    """The API of one service: its credentials, and the meanings of its failures.

    Attributes:
        provider: The provider's id, for errors.
        name: The API's name, such as `openai-completions`, which the message keeps.
        headers: The header fields of every request, credentials among them.
        error_of_response: Makes the error of a response that is not a success; by default
            `modelwire.authoring.error_of_response`, which knows the failures of most services.
        error_in_stream: Makes the error of a failure that an event reports; likewise.
        reports_failure: Whether an event reports a failure, by its name and its JSON data; likewise.
            A whole document has the name `message`.
        done: The text of the event that marks the end, such as `[DONE]`.
        documents: Whether one JSON document may be the whole answer; where not, it is an error.
        lines: Whether JSON at the beginning of a body begins JSON lines, and not one document.
        public_headers: As in `modelwire.transport.Request`.
        request_id_headers: Likewise.
        typed: The typed events of streams, where there are any. The translator has to take them.
    """

    provider: str
    headers: Mapping[str, str] = field(repr=False)
    error_of_response: ErrorOfResponse = error_of_response
    error_in_stream: ErrorInStream = error_in_stream
    reports_failure: Callable[[str, Any], bool] = reports_failure
    name: str | None = None
    done: str | None = None
    documents: bool = False
    lines: bool = False
    public_headers: frozenset[str] = frozenset()
    request_id_headers: tuple[str, ...] = ()
    typed: TypedEvents[Any] | None = None

    def redact(self, text: str) -> str:
        """Redact the credentials of the requests in a text from the service."""
        return redact(text, secrets_in(self.headers, self.public_headers))

    def redact_json(self, data: Any) -> Any:
        """Redact the credentials of the requests in JSON data from the service."""
        return redact_data(data, secrets_in(self.headers, self.public_headers))


async def stream_json(
    api: JsonApi,
    url: str,
    payload: Mapping[str, Any],
    *,
    transport: Transport,
    deadlines: Deadlines | None = None,
    model: str | None = None,
) -> AsyncGenerator[ResponseInfo | list[BodyEvent], None]:
    """Send a request and yield the events of its answer, in batches.

    The first item is a `ResponseInfo` with the id of the request; the others are events that arrived
    together. The last event of an uninterrupted answer is a `StreamEnd`. Whether the answer
    is complete is for a `Translator` to judge. Leaving the stream before its end closes the
    connection.

    Args:
        api: The API.
        url: The URL.
        payload: The body, as JSON data.
        transport: The transport.
        deadlines: The limits on waiting; by default the transport's.
        model: The model id, for errors.

    Raises:
        ProviderError: The service refused, failed, or reported a failure in its stream.
        MalformedResponse: The response does not follow this API.
        StreamTruncated: The answer is empty, or was cut inside an event.
    """
    fields = {"content-type": _JSON, "accept": _accepted(api)}
    request = request_of(api, "POST", url, fields, encode_json(payload))
    async with transport.send(
        request, deadlines=deadlines, provider=api.provider, model=model
    ) as response:
        await check_response(api, response, model, url)
        yield ResponseInfo(request_id=response.request_id, api=api.name)
        body = JsonBody(api, response, model)
        async with aclosing(response.iter_bytes()) as chunks:
            async for chunk in chunks:
                events, fault = until_fault(body.feed, chunk)
                if events:
                    yield events
                if fault is not None:
                    raise _with_right_path(fault, url)
                if body.done:
                    await drain(chunks)
                    return
        events, fault = until_fault(body.end)
        if events:
            yield events
        if fault is not None:
            raise _with_right_path(fault, url)


async def fetch_json(
    api: JsonApi,
    url: str,
    *,
    transport: Transport,
    deadlines: Deadlines | None = None,
) -> Any:
    """Get a resource, such as a list of models.

    Args:
        api: The API.
        url: The URL.
        transport: The transport.
        deadlines: The limits on waiting; by default the transport's.

    Returns:
        The JSON data.

    Raises:
        ProviderError: The service refused, failed, or reported a failure with success.
        MalformedResponse: The response is not JSON.
    """
    request = request_of(api, "GET", url, {"accept": _JSON})
    return await document_of(api, request, transport, deadlines, None)


async def post_json(
    api: JsonApi,
    url: str,
    payload: Mapping[str, Any] | bytes,
    *,
    transport: Transport,
    deadlines: Deadlines | None = None,
    model: str | None = None,
) -> Any:
    """Send a request whose answer is one JSON document, such as one for embeddings.

    Args:
        api: The API.
        url: The URL.
        payload: The body, as JSON data or encoded.
        transport: The transport.
        deadlines: The limits on waiting; by default the transport's.
        model: The model id, for errors.

    Returns:
        The JSON data.

    Raises:
        ProviderError: The service refused, failed, or reported a failure with success.
        MalformedResponse: The response is not JSON.
    """
    fields = {"content-type": _JSON, "accept": _JSON}
    body = payload if isinstance(payload, bytes) else encode_json(payload)
    request = request_of(api, "POST", url, fields, body)
    return await document_of(api, request, transport, deadlines, model)


async def document_of(
    api: JsonApi,
    request: Request,
    transport: Transport,
    deadlines: Deadlines | None,
    model: str | None,
) -> Any:
    """Send a request, and return the JSON data of its answer.

    Raises:
        ProviderError: The service refused, failed, or reported a failure with success.
        MalformedResponse: The response is not JSON.
    """
    async with transport.send(
        request, deadlines=deadlines, provider=api.provider, model=model
    ) as response:
        await check_response(api, response, model, request.url)
        body = await response.read()
        try:
            data = parse_json(body)
        except ValueError as error:
            raise not_of_this_api(api, response, body) from scrub(error)
        if isinstance(data, dict) and api.reports_failure("message", data):
            failure = api.error_in_stream(
                api.redact_json(data),
                provider=api.provider,
                model=model,
                request_id=response.request_id,
            )
            raise _with_right_path(failure, request.url)
        return data


def _accepted(api: JsonApi) -> str:
    stream = "application/x-ndjson" if api.lines else "text/event-stream"
    return f"{stream}, {_JSON}" if api.documents else stream


def request_of(
    api: JsonApi, method: str, url: str, fields: Mapping[str, str], body: bytes | None = None
) -> Request:
    """A request with the header fields of an API and further ones, which take precedence."""
    return Request(
        method,
        url,
        merge_headers(api.headers, fields),
        body,
        public_headers=api.public_headers,
        request_id_headers=api.request_id_headers,
    )


async def check_response(api: JsonApi, response: Response, model: str | None, url: str) -> None:
    """Raise the error of a response that is not a success.

    Raises:
        ProviderError: The status is not 2xx.
    """
    if 200 <= response.status < 300:
        return
    body = await response.read_error()
    error = api.error_of_response(
        response.status, response.headers, body, provider=api.provider, model=model
    )
    error.request_id = error.request_id or response.request_id
    raise _with_right_path(error, url)


def _with_right_path(error: ProviderError, url: str) -> ProviderError:
    """Add the right path to the error of a service that has nothing at the path of a request."""
    unexplained = error.status in _NO_SUCH_PATH and error.hint is None
    if not (unexplained or error.hint == WRONG_PATH):
        return error
    parts = urlsplit(url)
    if _VERSION.search(parts.path):
        error.hint = f"Check the base URL and the API of the provider; {parts.path} was requested."
    else:
        right = shown_url(urlunsplit((parts.scheme, parts.netloc, "/v1", "", "")))
        error.hint = (
            f"{parts.path} was requested, and the API of such a server begins at {right}: "
            "correct the base URL."
        )
    return error
