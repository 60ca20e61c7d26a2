"""The body of an answer in JSON: bytes in, events out, for every form of body.

The content of the body decides how it is read, not its header: some servers answer with plain
JSON where a stream was requested, some call a stream by another name, and proxies send pages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, final

from msgspec import Struct

from modelwire.authoring.failure_rules import meaning_of_message
from modelwire.authoring.json_text import parse_json
from modelwire.authoring.typed_events import TypedDecoder, TypedEvent
from modelwire.errors import MalformedResponse, ProviderError, StreamTruncated
from modelwire.redaction import scrub
from modelwire.transport import SseDecoder, explain_body

if TYPE_CHECKING:
    from modelwire.authoring.json_api import JsonApi
    from modelwire.transport import Response

__all__ = ["BodyEvent", "JsonBody", "JsonEvent", "StreamEnd", "not_of_this_api"]

_LIMIT = 64 * 1024 * 1024
_SHOWN = 2_000
_BOM = b"\xef\xbb\xbf"
_EVENT_FIELD = re.compile(rb"(?:data|event|id|retry)?(?::|\s*\Z)")
_JSON_BEGINS = frozenset('{["')

_Form = Literal["events", "lines", "document", "page"]
_DOCUMENT: dict[bytes, _Form] = {b"{": "document", b"[": "document", b"<": "page"}
_LINES: dict[bytes, _Form] = {b"{": "lines", b"[": "lines", b"<": "page"}


@final
class JsonEvent(Struct, frozen=True, gc=False):
    """One event of an answer.

    Attributes:
        name: The event's type in a stream of server-sent events; `message` where none is given.
        data: The JSON object that it holds.
        whole: Whether this is the whole answer, as one JSON document.
    """

    name: str
    data: dict[str, Any]
    whole: bool = False


@final
class StreamEnd(Struct, frozen=True, gc=False):
    """The end of an answer, after its last event.

    Attributes:
        marked: Whether the service marked it, as with `[DONE]`; otherwise the body just ended.
    """

    marked: bool = False


BodyEvent = JsonEvent | TypedEvent[Any] | StreamEnd
"""What a body consists of; typed events come where the API has any."""


class JsonBody:
    """Reads the body of one response. Give its bytes to `feed`, and call `end` after the last.

    Both append to a list, and raise a failure only after the events before it are appended.

    Args:
        api: The API that is spoken.
        response: The response, for errors.
        model: The model id, for errors.

    Attributes:
        done: Whether the service marked the end of the answer; nothing follows.
    """

    def __init__(self, api: JsonApi, response: Response, model: str | None) -> None:
        self.done = False
        self._api = api
        self._typed = None if api.typed is None else TypedDecoder(api.typed)
        self._done = None if api.done is None else api.done.encode()
        self._response = response
        self._model = model
        self._form: _Form | None = None
        self._sse = SseDecoder()
        self._held: list[bytes] = []
        self._held_size = 0
        self._at_end = False
        self._any = False
        self._begun = b""

    def feed(self, chunk: bytes, events: list[BodyEvent]) -> None:
        """Process the next bytes.

        Raises:
            ProviderError: The answer reports a failure.
            MalformedResponse: The bytes are not an answer of this API.
        """
        if self._form is None:
            chunk = self._begin(chunk)
        if self._form == "events":
            if not self._any and len(self._begun) < _SHOWN:
                self._begun += chunk[:_SHOWN]
            found = self._sse.feed_raw(chunk)
            if self._typed is not None:
                self._typed.read(found, events, self._take)
                self._any = self._any or bool(events)
                return
            for name, data, _, _ in found:
                if self._take(name, data, events):
                    return
        elif self._form == "lines":
            self._feed_lines(chunk, events)
        elif chunk:
            self._hold(chunk)

    def end(self, events: list[BodyEvent]) -> None:
        """Process the end of the body.

        Raises:
            StreamTruncated: The body was empty, or an event was cut.
            ProviderError: As in `feed`.
        """
        self._at_end = True
        if self._form == "events":
            for name, data, _, _ in self._sse.end_raw():
                if self._take(name, data, events):
                    return
        elif self._form == "lines":
            self._take("message", self._release(), events)
        elif self._form is not None:
            self._whole(self._release(), events)
        if not self._any:
            if outside := _outside_of_events(self._begun):
                raise self._foreign(outside)
            raise StreamTruncated(
                "The provider answered with success but sent no content.",
                status=self._response.status,
                hint="Some servers do that when the conversation does not fit into the model.",
                **self._details(),
            )
        if not self.done:
            events.append(StreamEnd())

    def _begin(self, chunk: bytes) -> bytes:
        """Detect the form of the body by its first bytes that are not white space."""
        begun = self._release() + chunk
        text = begun.removeprefix(_BOM).lstrip()
        if not text or _BOM.startswith(begun):
            self._hold(begun[: len(_BOM)] if _BOM.startswith(begun[: len(_BOM)]) else b"")
            return b""
        self._form = (_LINES if self._api.lines else _DOCUMENT).get(text[:1], "events")
        return text

    def _feed_lines(self, chunk: bytes, events: list[BodyEvent]) -> None:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            if self._take("message", self._release() + line, events):
                return
        if rest:
            self._hold(rest)

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_size += len(data)
        if self._held_size > _LIMIT:
            msg = f"The answer is larger than {_LIMIT} bytes."
            raise MalformedResponse(msg, status=self._response.status, **self._details())

    def _release(self) -> bytes:
        held = b"".join(self._held)
        self._held.clear()
        self._held_size = 0
        return held

    def _take(self, name: str, raw: bytes, events: list[BodyEvent]) -> bool:
        """Read the data of one event; return whether it is the end."""
        if raw.strip() == self._done:
            self._any = self.done = True
            events.append(StreamEnd(marked=True))
            return True
        try:
            data = parse_json(raw)
        except ValueError:
            text = raw.decode("utf-8", "replace").strip()
            if not text:
                return False
            data = self._parse(name, text)
        self._any = True
        if self._api.reports_failure(name, data):
            raise self._failure(data)
        if not isinstance(data, dict):
            raise self._unreadable("a JSON object")
        events.append(JsonEvent(name, data))
        return False

    def _parse(self, name: str, text: str) -> Any:
        """Parse the text of an event whose bytes are not JSON.

        Raises:
            ProviderError: It is not JSON either.
        """
        self._any = True
        try:
            return parse_json(text)
        except ValueError as error:
            if name == "error" or self._is_words_of_failure(text):
                raise self._failure(text) from scrub(error)
            raise self._unreadable("valid JSON") from scrub(error)

    def _whole(self, body: bytes, events: list[BodyEvent]) -> None:
        self._any = True
        if self._form == "page":
            raise self._foreign(body)
        try:
            data = parse_json(body)
        except ValueError as error:
            raise self._foreign(body) from scrub(error)
        if self._api.reports_failure("message", data):
            raise self._failure(data)
        if not (self._api.documents and isinstance(data, dict)):
            raise self._foreign(body)
        events.append(JsonEvent("message", data, whole=True))

    def _details(self) -> dict[str, Any]:
        return {
            "provider": self._api.provider,
            "model": self._model,
            "request_id": self._response.request_id,
        }

    def _unreadable(self, due: str) -> ProviderError:
        if self._at_end:
            # An event that lacks its end is what a cut leaves behind.
            return StreamTruncated("The stream ended in the middle of an event.", **self._details())
        return MalformedResponse(f"An event of the stream is not {due}.", **self._details())

    def _failure(self, payload: Any) -> ProviderError:
        redacted = self._api.redact_json(payload)
        return self._api.error_in_stream(redacted, **self._details())

    def _is_words_of_failure(self, text: str) -> bool:
        """Whether a text that is not JSON is a known failure message."""
        return text[:1] not in _JSON_BEGINS and meaning_of_message(text) is not None

    def _foreign(self, body: bytes) -> ProviderError:
        text = explain_body(body, self._response.headers.get("Content-Type"))
        if self._is_words_of_failure(text):
            return self._failure(text)
        return not_of_this_api(self._api, self._response, body, self._model)


def _outside_of_events(body: bytes) -> bytes:
    """The lines at the start of an event stream that are neither event fields nor comments."""
    lines = (line for line in body.splitlines() if not _EVENT_FIELD.match(line))
    return b"\n".join(lines).strip()


def not_of_this_api(
    api: JsonApi, response: Response, body: bytes, model: str | None = None
) -> MalformedResponse:
    """The error of a successful response that is not from the API, such as a proxy's page.

    Args:
        api: The API that is spoken.
        response: The response.
        body: Its body, of which the error shows the readable text.
        model: The model id, for the error.
    """
    text = api.redact(explain_body(body, response.headers.get("Content-Type")))
    return MalformedResponse(
        f"The answer does not follow this API: {text}"
        if text
        else "The answer does not follow this API.",
        provider=api.provider,
        model=model,
        status=response.status,
        request_id=response.request_id,
        retryable=False,
        hint="Check the base URL; a proxy or a web page may have answered instead.",
    )
