"""Recorded traffic: one interaction a line, as `--record` writes it and `--replay` reads it.

A file with one interaction as JSON, as test suites keep them, and a folder of such files are read as
well. Secrets never reach a file: only headers that are known to be harmless are kept, and the
values of credentials are removed from bodies.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from attrs import define, evolve

from modelwire import testing
from modelwire.files import append_text
from modelwire.redaction import redact
from modelwire.testing import Interaction, harmless, is_binary, without_values
from modelwire_bedrock.emulator.apis.paths import SERVICES, find_api_path, named_model
from modelwire_bedrock.emulator.documents import parse_json, read_text
from modelwire_bedrock.emulator.errors import EmulatorError
from modelwire_bedrock.emulator.frames import split_frames
from modelwire_bedrock.emulator.operations import find_operation
from modelwire_bedrock.emulator.replies import RecordedReply
from modelwire_bedrock.emulator.signatures import SignedRequest
from modelwire_bedrock.served.frames import CONTENT_TYPE

__all__ = ["KEPT_RESPONSE_HEADERS", "Recorder", "Recordings", "without_secrets"]

KEPT_RESPONSE_HEADERS = testing.KEPT_RESPONSE_HEADERS | {"x-amzn-errortype", "x-amzn-requestid"}
"""Header fields of a response of AWS that hold no secret."""

_KEPT_REQUEST_HEADERS = testing.KEPT_REQUEST_HEADERS | {"amz-sdk-request"}
# Query parameters that a signature adds where it is not in the header.
_SIGNING_PARAMETERS = frozenset({"x-amz-credential", "x-amz-security-token", "x-amz-signature"})


@define
class _Entry:
    interaction: Interaction
    operation: str
    model_id: str
    served: int = 0


class Recordings:
    """Recorded interactions, looked up by operation, model and body.

    A request gets the answer to the same request. Where that was recorded more than once, the
    answers come in their order, the last one again and again. A request that was not recorded gets
    the answers to other requests of its operation and model, if `lenient`.
    """

    def __init__(self, interactions: Iterable[Interaction], *, lenient: bool = False) -> None:
        self.lenient = lenient
        self._entries = [_entry(interaction) for interaction in interactions]
        self._lock = threading.Lock()

    @classmethod
    def from_path(cls, path: str | Path, *, lenient: bool = False) -> Recordings:
        """Read a file of recordings, or a folder of files with one each.

        Raises:
            EmulatorError: It cannot be read; the message names the place.
        """
        path = Path(path)
        files = sorted(path.glob("*.json*")) if path.is_dir() else [path]
        return cls([one for file in files for one in _read(file)], lenient=lenient)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, operation: str, model_id: str, body: Any) -> RecordedReply | None:
        """The answer to a request, or `None`."""
        with self._lock:
            near = [
                entry
                for entry in self._entries
                if entry.operation == operation and entry.model_id == model_id
            ]
            same = [entry for entry in near if entry.interaction.body == body]
            candidates = same or (near if self.lenient else [])
            if not candidates:
                return None
            entry = min(candidates, key=lambda each: each.served)
            if entry.served:
                entry = candidates[-1]
            entry.served += 1
        found = entry.interaction
        return RecordedReply(found.status, found.headers, found.chunks)


def _entry(interaction: Interaction) -> _Entry:
    interaction = _framed(interaction)
    path = urlsplit(interaction.uri).path
    for endpoint in SERVICES:
        api = find_api_path(endpoint, interaction.method, path)
        if api is not None:
            model = named_model(api, interaction.body)
            return _Entry(interaction, api.operation, model or "")
    route = find_operation(interaction.method, path, "")
    model_id = route.uri.get("modelId", "") if route else unquote(path)
    return _Entry(interaction, route.name if route else "", model_id)


def _framed(interaction: Interaction) -> Interaction:
    """Cut an event stream that was recorded as a whole into its frames."""
    if not (interaction.chunks and is_binary(interaction.chunks[0][1])):
        return interaction
    headers = {"content-type": CONTENT_TYPE, **interaction.headers}
    chunks = interaction.chunks
    if len(chunks) == 1:
        ((wait, body),) = chunks
        chunks = [(wait, part) for part in split_frames(body)]
    return evolve(interaction, headers=headers, chunks=chunks)


def _read(path: Path) -> list[Interaction]:
    text = read_text(path)
    try:
        whole = parse_json(text)
        documents = [(1, whole)] if isinstance(whole, dict) else []
    except ValueError:
        documents = _lines(text, path)
    interactions = []
    for line, document in documents:
        try:
            interactions.append(Interaction.from_json(document))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{path}:{line}: this is not a recorded interaction: {error!r}."
            raise EmulatorError(msg) from error
    return interactions


def _lines(text: str, path: Path) -> list[tuple[int, Any]]:
    documents = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                documents.append((number, parse_json(line)))
            except ValueError as error:
                msg = f"{path}:{number}: this is not JSON: {error}."
                raise EmulatorError(msg) from error
    return documents


class Recorder:
    """Writes interactions to a file as they are completed.

    Only its owner can read the file, since prompts and answers are in it.

    Raises:
        EmulatorError: The file cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            append_text(self.path, "")
        except OSError as error:
            msg = f"Cannot write {self.path}: {error.strerror or error}."
            raise EmulatorError(msg) from error

    def add(self, interaction: Interaction) -> None:
        """Append one interaction."""
        line = json.dumps(interaction.as_json(), ensure_ascii=False)
        with self._lock:
            append_text(self.path, f"{line}\n")


def without_secrets(
    request: SignedRequest,
    uri: str,
    status: int,
    headers: Mapping[str, str],
    chunks: Sequence[tuple[float, bytes]],
    *,
    sent: Mapping[str, str] | None = None,
) -> Interaction:
    """Make an interaction from a request and its response, with possible secrets removed.

    Args:
        request: What the client sent.
        uri: The address that the request went to.
        status: The HTTP status of the answer.
        headers: Its header fields.
        chunks: Its body in pieces, each with the seconds that passed before it.
        sent: The header fields with which the request went on, where they are others.
    """
    try:
        body = parse_json(request.body) if request.body else None
    except ValueError:
        body = None
    secrets = _secrets(request, sent or {})
    return Interaction(
        method=request.method,
        uri=uri,
        request_headers=harmless(dict(request.headers), _KEPT_REQUEST_HEADERS),
        body=body,
        status=status,
        headers={
            name: redact(value, secrets)
            for name, value in harmless(headers, KEPT_RESPONSE_HEADERS).items()
        },
        chunks=without_values(chunks, secrets),
    )


def _secrets(request: SignedRequest, sent: Mapping[str, str]) -> set[str]:
    """Values of credentials that an error message of the service may repeat."""
    found = _credentials_in(dict(request.headers))
    found |= _credentials_in({name.lower(): value for name, value in sent.items()})
    for parameter in request.query.split("&"):
        name, _, value = parameter.partition("=")
        if name.lower() in _SIGNING_PARAMETERS:
            found |= {value, unquote(value)}
    return {value for value in found if value}


def _credentials_in(fields: Mapping[str, str]) -> set[str]:
    found = {fields.get("x-amz-security-token", ""), fields.get("x-api-key", "").strip()}
    header = fields.get("authorization", "")
    for part in header.replace(",", " ").split():
        name, _, value = part.partition("=")
        if name == "Credential":
            found.add(value.partition("/")[0])
        elif name == "Signature":
            found.add(value)
    if header.lower().startswith("bearer "):
        found.add(header[7:].strip())
    return found
