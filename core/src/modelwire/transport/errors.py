"""Errors of the HTTP library, TLS and the operating system, as typed errors."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Any

import aiohttp
from aiohttp.http_exceptions import (
    ContentLengthError,
    HttpProcessingError,
    TransferEncodingError,
)
from attrs import field, frozen

from modelwire.errors import (
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    ModelwireError,
    ProviderError,
    StreamTruncated,
)
from modelwire.redaction import scrub
from modelwire.transport.content_decoder import BrokenEncoding, CutEncoding, UnsupportedEncoding
from modelwire.transport.urls import Endpoint

__all__ = ["FAULTS", "Exchange", "cause_of"]

FAULTS = (aiohttp.ClientError, HttpProcessingError, OSError, RuntimeError, ValueError)
"""Exceptions of a request or a read that have a cause outside of this process."""

_CA_HINT = (
    "If a proxy or a private authority signs the certificate of this host, name a file with the "
    "certificates to trust in SSL_CERT_FILE, or give the transport a ca_bundle."
)
# X509_V_ERR_CERT_NOT_YET_VALID, CERT_HAS_EXPIRED, HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH of OpenSSL:
# more trusted authorities would not help.
_NOT_FOR_WANT_OF_TRUST = frozenset({9, 10, 62, 64})


@frozen
class Exchange:
    """The two sides of one request, for its errors.

    Attributes:
        endpoint: Where the request goes.
        proxy: The proxy on the way, or `None`.
        details: Further attributes of each error: `provider`, `model`, `request_id`.
    """

    endpoint: Endpoint
    proxy: Endpoint | None = None
    details: dict[str, Any] = field(factory=dict, repr=False)

    def failed(self, message: str, **options: Any) -> ConnectionFailed:
        """Make a `ConnectionFailed`."""
        return ConnectionFailed(message, **self.details, **options)

    def request_fault(self, fault: BaseException) -> ModelwireError:
        """The error for a missing response."""
        if isinstance(fault, aiohttp.ClientHttpProxyError):
            return self._proxy_refused(fault)
        if isinstance(fault, aiohttp.ClientConnectorError):
            return self._not_connected(fault)
        host = self.endpoint
        if isinstance(fault, aiohttp.ClientResponseError | HttpProcessingError):
            return MalformedResponse(f"{host} did not answer in HTTP.", **self.details)
        if isinstance(fault, ValueError) and not isinstance(fault, OSError):
            return InvalidRequest("The request cannot be sent as HTTP.", **self.details)
        if isinstance(fault, aiohttp.ServerDisconnectedError):
            return self.failed(f"{host} closed the connection before it had answered.")
        return self._broke(fault)

    def body_fault(self, fault: BaseException, broken: BaseException | None) -> ModelwireError:
        """The error for a response body that was cut.

        Args:
            fault: The exception of the read.
            broken: The fault that the connection itself reports, or `None`.
        """
        if isinstance(fault, ModelwireError):
            return fault
        host = self.endpoint
        if isinstance(broken, HttpProcessingError) or isinstance(fault, HttpProcessingError):
            return MalformedResponse(
                f"The answer of {host} breaks the rules of HTTP.", **self.details
            )
        for error in (broken, fault):
            if isinstance(error, OSError):
                return self._broke(error)
        if isinstance(fault.__cause__, ContentLengthError | TransferEncodingError):
            return StreamTruncated(
                f"{host} closed the connection before the end of its answer.", **self.details
            )
        return self._broke(fault)

    def encoding_fault(self, fault: BrokenEncoding) -> ProviderError:
        """The error for a response body that cannot be decoded."""
        host = self.endpoint
        if isinstance(fault, CutEncoding):
            return StreamTruncated(
                f"The answer of {host} ended before its encoding did.", **self.details
            )
        if isinstance(fault, UnsupportedEncoding):
            return MalformedResponse(
                f"The answer of {host} is encoded in a way that is not supported: {fault}.",
                retryable=False,
                hint="Check the header fields that are sent, and the proxies on the way.",
                **self.details,
            )
        return MalformedResponse(f"The answer of {host} is not encoded as it says.", **self.details)

    def part_only(self, status: int) -> ProviderError:
        """The error for 206 Partial Content: no request asks for a range."""
        return MalformedResponse(
            f"{self.endpoint} answered with a part of the answer ({status} Partial Content).",
            status=status,
            hint="Check the base URL; a cache or a proxy may have answered instead.",
            **self.details,
        )

    def _broke(self, fault: BaseException) -> ProviderError:
        if isinstance(fault, OSError):
            return self.failed(f"The connection to {self.endpoint} broke: {_reason(fault)}.")
        return self.failed(f"The connection to {self.endpoint} was closed.")

    def _not_connected(self, fault: aiohttp.ClientConnectorError) -> ProviderError:
        proxy = self.proxy
        to_proxy = proxy is not None and (fault.host, fault.port) == (proxy.host, proxy.port)
        who = f"The proxy {self.proxy}" if to_proxy else str(self.endpoint)
        if isinstance(fault, aiohttp.ClientConnectorCertificateError):
            return self._not_trusted(who, fault.certificate_error)
        cause = fault.os_error
        if isinstance(fault, aiohttp.ClientConnectorDNSError) or isinstance(cause, socket.gaierror):
            return self.failed(
                f"{who} cannot be found: {_reason(cause)}.",
                hint="Check the spelling of the host, and the network or the proxy settings.",
            )
        if isinstance(cause, ssl.SSLError):
            return self.failed(f"{who} could not agree on TLS: {_reason(cause)}.")
        return self.failed(
            f"{who} cannot be reached: {_reason(cause)}.",
            hint="Does the server run, and is this its port?"
            if cause.errno == errno.ECONNREFUSED
            else None,
        )

    def _not_trusted(self, who: str, error: Exception) -> ProviderError:
        reason = getattr(error, "verify_message", None) or str(error)
        code = getattr(error, "verify_code", None)
        return self.failed(
            f"The certificate of {who} is not trusted: {reason.rstrip('.')}.",
            retryable=False,
            hint=None if code in _NOT_FOR_WANT_OF_TRUST else _CA_HINT,
        )

    def _proxy_refused(self, fault: aiohttp.ClientHttpProxyError) -> ProviderError:
        needs_login = fault.status == 407
        return self.failed(
            f"The proxy {self.proxy} refused to connect to {self.endpoint}: "
            f"it answered {fault.status}.",
            retryable=fault.status >= 500,
            hint="Give the proxy's user name and password in its URL." if needs_login else None,
        )


def cause_of(fault: BaseException) -> BaseException | None:
    """Choose the cause of our error: the fault, emptied of the request and of its response.

    Of a fault whose own text shows a URL or a part of the request, only its cause is kept; all are
    emptied, since a fault that is not kept as the cause may still be the context of our error.
    """
    shows = "://" in str(fault) or isinstance(fault, UnicodeError)
    scrub(fault)
    return fault.__cause__ if shows else fault


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "the handshake failed").replace("_", " ").lower()
    text = error.strerror if isinstance(error.strerror, str) else None
    if text is None or (isinstance(error, aiohttp.ClientOSError) and error.errno is None):
        text = str(error)
    if error.errno is not None and "call failed" in text.lower():
        text = os.strerror(
            error.errno
        )  # asyncio puts the address there, which is in the message already
    return (text or type(error).__name__).rstrip(".").lower()
