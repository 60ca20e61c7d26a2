"""The upstream: requests passed on to the real service, and recorded."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelwire.testing import harmless
from modelwire_bedrock.emulator.apis.paths import SERVICES, Endpoint
from modelwire_bedrock.emulator.errors import BrokenConnection, EmulatorError, Refusal
from modelwire_bedrock.emulator.recordings import (
    KEPT_RESPONSE_HEADERS,
    Recorder,
    without_secrets,
)
from modelwire_bedrock.emulator.replies import LiveReply
from modelwire_bedrock.emulator.signatures import SignedRequest
from modelwire_bedrock.served.frames import CONTENT_TYPE

if TYPE_CHECKING:
    import aiohttp

__all__ = ["FrameSplitter", "Upstream"]

_PASSED_ON = ("accept", "content-type")
_PASSED_ON_TOO = ("anthropic-beta", "anthropic-version", "openai-", "x-amzn-bedrock-")
_RUNTIME = re.compile(r"https://bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com")
_REGION = re.compile(r"\b([a-z]{2}(?:-[a-z]+)+-\d)\b")


class Upstream:
    """The service behind the emulator.

    A client's credentials are those of the emulator and are good for nothing upstream. So the request
    is sent with the credentials of this process: the Bedrock API key in `AWS_BEARER_TOKEN_BEDROCK`,
    or else a signature made with the credentials that boto3 finds.

    Args:
        url: Its address, such as `https://bedrock-runtime.us-east-1.amazonaws.com`.
        recorder: Where to keep what passes, or `None`.
        mantle_url: The address of the second endpoint; by default the one in the same region of AWS.

    Raises:
        EmulatorError: It is not an HTTP address.
    """

    def __init__(
        self, url: str, recorder: Recorder | None = None, mantle_url: str | None = None
    ) -> None:
        self.url = _address(url, "https://bedrock-runtime.us-east-1.amazonaws.com")
        found = _RUNTIME.fullmatch(self.url)
        self.mantle_url = f"https://bedrock-mantle.{found[1]}.api.aws" if found else None
        if mantle_url is not None:
            self.mantle_url = _address(mantle_url, "https://bedrock-mantle.us-east-1.api.aws")
        self._recorder = recorder
        self._session: aiohttp.ClientSession | None = None

    async def pass_on(
        self, request: SignedRequest, region: str | None = None, endpoint: Endpoint = "runtime"
    ) -> LiveReply:
        """Send a request upstream; its answer is passed on while it arrives.

        Args:
            request: What the client sent. Whether it may use the credentials of this process was
                checked before.
            region: The region to sign for; by default the one in the upstream's address.
            endpoint: The endpoint that the client called.

        Raises:
            Refusal: The service could not be reached.
        """
        import aiohttp

        url = self.url if endpoint == "runtime" else self.mantle_url
        if url is None:
            msg = (
                "The emulator has no upstream for the second endpoint. --mantle-upstream names one."
            )
            raise Refusal("ServiceUnavailableException", msg)
        headers = {name: value for name, value in request.headers if _passes(name)}
        headers["accept-encoding"] = "identity"
        service = SERVICES[endpoint][0]
        headers |= await asyncio.to_thread(_credentials, request, url, headers, region, service)
        address = f"{url}{request.path}{'?' if request.query else ''}{request.query}"
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=True, auto_decompress=False)
        started = time.monotonic()
        try:
            response = await self._session.request(
                request.method, _exact(address), data=request.body or None, headers=headers
            )
        except (aiohttp.ClientError, OSError) as error:
            msg = f"The emulator cannot reach {url}: {_reason(error)}"
            raise Refusal("ServiceUnavailableException", msg) from error
        kept = harmless(response.headers, KEPT_RESPONSE_HEADERS)
        return LiveReply(
            response.status, kept, self._chunks(request, url, headers, response, started)
        )

    async def _chunks(
        self,
        request: SignedRequest,
        url: str,
        sent: Mapping[str, str],
        response: aiohttp.ClientResponse,
        started: float,
    ) -> AsyncGenerator[bytes, None]:
        """The body, an event stream frame by frame; it is recorded when it is complete.

        Raises:
            BrokenConnection: The connection to the service broke.
        """
        import aiohttp

        splitter, last = FrameSplitter(), started
        binary = response.headers.get("content-type", "").startswith(CONTENT_TYPE)
        chunks: list[tuple[float, bytes]] = []
        try:
            async for data in response.content.iter_any():
                now = time.monotonic()
                for frame in splitter.feed(data) if binary else [data]:
                    chunks.append((now - last, frame))
                    last = now
                yield data
        except (aiohttp.ClientError, OSError) as error:
            msg = f"{url} broke its answer off"
            raise BrokenConnection(msg) from error
        finally:
            response.close()
        if binary and splitter.rest():
            chunks.append((0.0, splitter.rest()))
        if self._recorder is not None:
            uri = url + request.path
            headers = dict(response.headers)
            passed = without_secrets(request, uri, response.status, headers, chunks, sent=sent)
            await asyncio.to_thread(self._recorder.add, passed)

    async def aclose(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _address(url: str, example: str) -> str:
    if not url.startswith(("http://", "https://")):
        msg = f"The upstream {url!r} is not an address."
        raise EmulatorError(msg, hint=f"As {example}")
    return url.rstrip("/")


def _passes(name: str) -> bool:
    return name in _PASSED_ON or name.startswith(_PASSED_ON_TOO)


def _credentials(
    request: SignedRequest, url: str, headers: Mapping[str, str], region: str | None, service: str
) -> dict[str, str]:
    token = os.environ.get("AWS_BEARER_TOKEN_BEDROCK", "").strip()
    if token:
        return {"authorization": f"Bearer {token}"}
    return _signed(request, url, headers, region or _region_of(url), service)


def _reason(error: Exception) -> object:
    import aiohttp

    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    # Of an answer that is no HTTP, aiohttp shows the bytes, whatever they repeat.
    connected = isinstance(error, aiohttp.ClientError) and not isinstance(
        error, aiohttp.ClientConnectionError
    )
    return "it did not answer in HTTP" if connected else error


def _region_of(url: str) -> str:
    """The region in an address of AWS, such as `bedrock-runtime.us-east-1.amazonaws.com`."""
    found = _REGION.search(urlsplit(url).hostname or "")
    return found[1] if found else "us-east-1"


def _signed(
    request: SignedRequest, url: str, headers: Mapping[str, str], region: str, service: str
) -> dict[str, str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    credentials = Session().get_credentials()
    if credentials is None:
        msg = "There are no AWS credentials to sign requests for the upstream with."
        raise Refusal("UnrecognizedClientException", msg)
    query = f"?{request.query}" if request.query else ""
    outgoing = AWSRequest(
        request.method, f"{url}{request.path}{query}", dict(headers), request.body
    )
    SigV4Auth(credentials, service, region).add_auth(outgoing)
    wanted = ("authorization", "x-amz-date", "x-amz-security-token")
    return {name: value for name, value in outgoing.headers.items() if name.lower() in wanted}


def _exact(address: str) -> Any:
    from yarl import URL

    return URL(address, encoded=True)


class FrameSplitter:
    """Cuts bytes that arrive in any pieces into frames."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take more bytes; return the frames that are complete now."""
        self._held += data
        frames = []
        while len(self._held) >= 12:
            length = int.from_bytes(self._held[:4], "big")
            if length < 16 or len(self._held) < length:
                break
            frames.append(self._held[:length])
            self._held = self._held[length:]
        return frames

    def rest(self) -> bytes:
        """The remaining bytes: none, unless the stream was cut."""
        return self._held
