"""Redaction of requests and responses, for logs and errors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from modelwire.redaction.names import HIDDEN, looks_secret

__all__ = ["redact", "secrets_in", "shown_request_headers", "shown_response_headers", "shown_url"]

# Everything else may be a signature, a token or a key, whatever its provider calls it. A plugin that
# knows better says so in `Request.public_headers`.
_PUBLIC_HEADERS = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})

_SHORTEST_KEY, _SHORTEST_VALUE = 6, 12
"""Characters from which on a value is looked for in a text: shorter ones are found everywhere."""


def secrets_in(headers: Mapping[str, str], public: Collection[str] = ()) -> tuple[str, ...]:
    """The values of header fields that may be secrets, to be redacted in what a service says.

    Args:
        headers: The header fields of a request.
        public: Names, in lower case, of further fields that hold no secret.

    Returns:
        The values, longest first.
    """
    found = set()
    for name, value in headers.items():
        if not _is_public(name, public):
            is_key = looks_secret(name) or name.lower() in {"authorization", "proxy-authorization"}
            shortest = _SHORTEST_KEY if is_key else _SHORTEST_VALUE
            # Of `Bearer KEY`, the key alone may come back.
            parts = {value, value.rpartition(" ")[2]} if is_key else {value}
            found |= {part for part in parts if len(part) >= shortest}
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace each of the secrets in a text by `<hidden>`."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def shown_request_headers(
    headers: Mapping[str, str], public: Collection[str] = ()
) -> dict[str, str]:
    """The header fields of a request; a value is hidden unless it is known to be harmless.

    Args:
        headers: The header fields.
        public: Names, in lower case, of further fields that hold no secret.
    """
    return {name: value if _is_public(name, public) else HIDDEN for name, value in headers.items()}


def shown_response_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The header fields of a response; the values of cookies, tokens and the like are hidden."""
    return {name: _shown_response_value(name, value) for name, value in headers.items()}


def shown_url(url: str) -> str:
    """A URL without user name, password, and the values of parameters that look secret."""
    parts = urlsplit(url)
    if not (parts.query or "@" in parts.netloc):
        return url
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    shown = [(name, HIDDEN if _hides(name) else value) for name, value in pairs]
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query=urlencode(shown, safe="<>/:")).geturl()


def _is_public(name: str, public: Collection[str]) -> bool:
    return name.lower() in _PUBLIC_HEADERS or name.lower() in public


def _hides(parameter: str) -> bool:
    return looks_secret(parameter) or parameter.lower().endswith(("signature", "sig", "code"))


def _shown_response_value(name: str, value: str) -> str:
    if looks_secret(name):
        return HIDDEN
    return shown_url(value) if name.lower() in {"location", "content-location"} else value
