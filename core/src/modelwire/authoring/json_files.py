"""Files of JSON lines over HTTP: uploads as forms, and downloads line by line."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from modelwire.authoring.json_api import JsonApi, check_response, document_of, request_of
from modelwire.errors import MalformedResponse

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Transport

__all__ = ["fetch_lines", "post_file"]

_LINES = "application/x-ndjson"


async def fetch_lines(
    api: JsonApi,
    url: str,
    *,
    transport: Transport,
    deadlines: Deadlines | None = None,
    model: str | None = None,
) -> AsyncGenerator[dict[str, Any], None]:
    """Get a file of JSON objects, one per line; yields them as they arrive.

    Args:
        api: The API.
        url: The URL.
        transport: The transport.
        deadlines: The limits on waiting; by default the transport's.
        model: The model id, for errors.

    Raises:
        ProviderError: The service refused or failed.
        MalformedResponse: A line is not a JSON object.
    """
    request = request_of(api, "GET", url, {"accept": f"{_LINES}, application/json"})
    async with transport.send(
        request, deadlines=deadlines, provider=api.provider, model=model
    ) as response:
        await check_response(api, response, model, url)
        async with aclosing(response.json_lines()) as lines:
            async for line in lines:
                if not isinstance(line, dict):
                    msg = f"A line of the file is {type(line).__name__}, and not a JSON object."
                    raise MalformedResponse(msg, provider=api.provider, model=model)
                yield line


async def post_file(
    api: JsonApi,
    url: str,
    content: bytes,
    *,
    filename: str,
    fields: Mapping[str, str],
    transport: Transport,
    deadlines: Deadlines | None = None,
    model: str | None = None,
) -> Any:
    """Upload a file of JSON lines as a form, `multipart/form-data` of RFC 7578.

    Args:
        api: The API.
        url: The URL.
        content: The content of the file.
        filename: The name of the file.
        fields: The other fields of the form, such as `purpose`.
        transport: The transport.
        deadlines: The limits on waiting; by default the transport's.
        model: The model id, for errors.

    Returns:
        The JSON data of the answer.

    Raises:
        ProviderError: The service refused, failed, or reported a failure with success.
        MalformedResponse: The response is not JSON.
    """
    # Random, so that no content can hold it.
    boundary = f"modelwire-{secrets.token_hex(16)}"
    parts = [_part(boundary, f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append(_part(boundary, f'name="file"; filename="{filename}"', content, _LINES))
    body = b"".join((*parts, f"--{boundary}--\r\n".encode()))
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    request = request_of(api, "POST", url, {**headers, "accept": "application/json"}, body)
    return await document_of(api, request, transport, deadlines, model)


def _part(boundary: str, names: str, content: bytes, kind: str | None = None) -> bytes:
    lines = [f"--{boundary}", f"Content-Disposition: form-data; {names}"]
    if kind is not None:
        lines.append(f"Content-Type: {kind}")
    return b"".join(("\r\n".join([*lines, "", ""]).encode(), content, b"\r\n"))
