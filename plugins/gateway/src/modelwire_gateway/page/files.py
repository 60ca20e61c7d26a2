"""The files of the page, with a policy that lets nothing in from elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
from importlib.resources import files
from typing import Final

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["PageFiles"]

_SCRIPT: Final = "text/javascript; charset=utf-8"
_TYPES: Final = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "charts.js": _SCRIPT,
    "client.js": _SCRIPT,
    "elements.js": _SCRIPT,
    "models.js": _SCRIPT,
    "page.js": _SCRIPT,
    "playground.js": _SCRIPT,
    "requests.js": _SCRIPT,
    "status.js": _SCRIPT,
    "usage.js": _SCRIPT,
}
"""The files that there are, with their media types; no other name is looked up."""
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


@frozen
class _File:
    content: bytes
    etag: str


class PageFiles:
    """Serves the files of the page; they hold nothing secret, and need no key."""

    def __init__(self) -> None:
        self._read: dict[str, _File] = {}

    async def index(self, request: Request) -> Response:
        """Answer `GET /`."""
        return await self._serve(request, "index.html")

    async def file(self, request: Request) -> Response:
        """Answer `GET /ui/{name}`.

        Raises:
            HTTPException: There is no such file; 404.
        """
        name = request.path_params["name"]
        if name not in _TYPES or name == "index.html":
            raise HTTPException(404)
        return await self._serve(request, name)

    async def _serve(self, request: Request, name: str) -> Response:
        if name not in self._read:
            self._read[name] = await asyncio.to_thread(_load, name)
        file = self._read[name]
        headers = {**_HEADERS, "etag": file.etag}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers={**headers, "content-type": _TYPES[name]})


def _load(name: str) -> _File:
    content = files("modelwire_gateway.page").joinpath("static", name).read_bytes()
    return _File(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
