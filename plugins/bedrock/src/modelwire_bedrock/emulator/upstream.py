"""The upstream: requests passed on to the real service, and recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from modelwire.testing import harmless
from modelwire_bedrock.emulator.errors import EmulatorError, Refusal
from modelwire_bedrock.emulator.frames import CONTENT_TYPE
from modelwire_bedrock.emulator.recordings import (
    KEPT_RESPONSE_HEADERS,
    Recorder,
    without_secrets,
)
from modelwire_bedrock.emulator.replies import LiveReply
from modelwire_bedrock.emulator.signatures import ALGORITHM, SignedRequest

if TYPE_CHECKING:
    import aiohttp

__all__ = ["FrameSplitter", "Upstream"]

_PASSED_ON = (
    "accept",
    "content-type",
    "x-amzn-bedrock-trace",
    "x-amzn-bedrock-guardrailidentifier",
)


class Upstream:
    """The service behind the emulator.

    A bearer token is passed on as it came. A signature is made for the emulator's address and would
    not hold upstream, so the request is signed anew, with the credentials that boto3 finds in this
    process.

    Args:
        url: Its address, as `https://bedrock-runtime.us-east-1.amazonaws.com`.
        recorder: Where to keep what passes, or `None`.

    Raises:
        EmulatorError: It is not an HTTP address.
    """

    def __init__(self, url: str, recorder: Recorder | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            msg = f"The upstream {url!r} is not an address."
            hint = "As https://bedrock-runtime.us-east-1.amazonaws.com"
            raise EmulatorError(msg, hint=hint)
        self.url = url.rstrip("/")
        self._recorder = recorder
        self._session: aiohttp.ClientSession | None = None

    async def pass_on(self, request: SignedRequest) -> LiveReply:
        """Send a request upstream; its answer is passed on while it arrives.

        Raises:
            Refusal: The service could not be reached.
        """
        import aiohttp

        headers = {name: value for name, value in request.headers if name in _PASSED_ON}
        headers["accept-encoding"] = "identity"
        headers |= await asyncio.to_thread(self._credentials, request, headers)
        address = f"{self.url}{request.path}{'?' if request.query else ''}{request.query}"
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=True, auto_decompress=False)
        started = time.monotonic()
        try:
            response = await self._session.request(
                request.method, _exact(address), data=request.body or None, headers=headers
            )
        except aiohttp.ClientError as error:
            # Of an answer that is no HTTP, aiohttp shows the bytes, whatever they repeat.
            connected = not isinstance(error, aiohttp.ClientConnectionError)
            why = "it did not answer in HTTP" if connected else error
            msg = f"The emulator cannot reach {self.url}: {why}"
            raise Refusal("ServiceUnavailableException", msg) from error
        kept = harmless(response.headers, KEPT_RESPONSE_HEADERS)
        return LiveReply(response.status, kept, self._chunks(request, headers, response, started))

    async def _chunks(
        self,
        request: SignedRequest,
        sent: Mapping[str, str],
        response: aiohttp.ClientResponse,
        started: float,
    ) -> AsyncIterator[bytes]:
        """The body, an event stream frame by frame; it is recorded when it is complete."""
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
        finally:
            response.close()
        if binary and splitter.rest():
            chunks.append((0.0, splitter.rest()))
        if self._recorder is not None:
            uri = self.url + request.path
            headers = dict(response.headers)
            passed = without_secrets(request, uri, response.status, headers, chunks, sent=sent)
            await asyncio.to_thread(self._recorder.add, passed)

    async def aclose(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _credentials(self, request: SignedRequest, headers: Mapping[str, str]) -> dict[str, str]:
        given = request.header("authorization")
        if given is None or not given.startswith(ALGORITHM):
            return {} if given is None else {"authorization": given}
        return _signed(request, self.url, headers)


def _signed(request: SignedRequest, url: str, headers: Mapping[str, str]) -> dict[str, str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    credentials = Session().get_credentials()
    if credentials is None:
        msg = "There are no AWS credentials to sign requests for the upstream with."
        raise Refusal("UnrecognizedClientException", msg)
    region = (request.header("authorization") or "").partition("/bedrock/")[0].rpartition("/")[2]
    query = f"?{request.query}" if request.query else ""
    outgoing = AWSRequest(
        request.method, f"{url}{request.path}{query}", dict(headers), request.body
    )
    SigV4Auth(credentials, "bedrock", region or "us-east-1").add_auth(outgoing)
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
        """What is left: nothing, unless the stream was cut."""
        return self._held
