"""Redaction of requests and responses, for logs and errors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from modelwire.redaction.names import HIDDEN, looks_secret

__all__ = [
    "secrets_in",
    "shown_request_headers",
    "shown_response_headers",
    "shown_url",
    "url_repr",
]

# Everything else may be a signature, a token or a key, whatever its provider calls it. A plugin that
# knows better says so in `Request.public_headers`.
_PUBLIC_HEADERS = frozenset(
    {"accept", "accept-encoding", "content-type", "request-id", "user-agent", "x-request-id"}
)


_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})

_LOGIN = re.compile(
    r"""
    (?<=://)
    (?: [^/?#\s]*@                                                  # before the last @ of the authority
      | [^/?#\s:@\[]+ : (?! \d* (?: [/?#\s"'] | $ )) [^\s@]{0,256}@  # a password with a slash in it
    )
    """,
    re.VERBOSE,
)
_PARAMETER = re.compile(r"(?<=[?&])([^=&#\s]+)=([^&#\s]+)")

_SHORTEST_KEY, _SHORTEST_VALUE = 6, 12
"""The minimum length of values that are searched in a text: shorter ones occur everywhere."""


def secrets_in(
    headers: Mapping[str, str], public: Collection[str] = (), url: str = ""
) -> tuple[str, ...]:
    """The values of a request that may be secrets, to be redacted in the response.

    Args:
        headers: The header fields of a request.
        public: Names, in lower case, of further fields that hold no secret.
        url: Its URL; its login, and the values of its parameters that look secret, count as well.

    Returns:
        The values, longest first.
    """
    found: set[str] = set()
    known = public if isinstance(public, frozenset) else frozenset(public)
    for name, value in headers.items():
        if _is_public(name, known):
            continue
        if _is_key(name):
            found.update(part for part in _parts(value) if len(part) >= _SHORTEST_KEY)
        elif len(value) >= _SHORTEST_VALUE:
            found.add(value)
    if "?" in url or "@" in url:
        found |= {part for part in _secrets_in_url(url) if len(part) >= _SHORTEST_KEY}
    return tuple(sorted(found, key=len, reverse=True))


def _parts(credentials: str) -> set[str]:
    """Credentials as they are sent, and the parts of them that may be repeated alone."""
    scheme, _, key = credentials.rpartition(" ")
    parts = {credentials, key}
    if scheme.lower() == "basic":
        from base64 import b64decode

        try:
            login = b64decode(key, validate=True).decode()
        except ValueError:
            return parts
        parts |= {login, login.partition(":")[2]}
    return parts


def _secrets_in_url(url: str) -> Iterator[str]:
    from urllib.parse import parse_qsl, unquote, urlsplit  # most programs show no URL

    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return
    if password:
        yield from (password, unquote(password))
    for name, value in parse_qsl(parts.query):
        if _hides(name):
            yield value


def shown_request_headers(
    headers: Mapping[str, str], public: Collection[str] = ()
) -> dict[str, str]:
    """The header fields of a request; a value is hidden unless it is known to be harmless.

    Args:
        headers: The header fields.
        public: Names, in lower case, of further fields that hold no secret.
    """
    known = frozenset(public)
    return {name: value if _is_public(name, known) else HIDDEN for name, value in headers.items()}


def shown_response_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The header fields of a response; the values of cookies, tokens and the like are hidden."""
    return {name: _shown_response_value(name, value) for name, value in headers.items()}


def shown_url(text: str, *, login: str = "") -> str:
    """A URL, or a text with URLs in it, without what could be a secret.

    User names and passwords are removed, and the values of parameters that look secret are hidden.
    A password with a slash in it, which is no valid URL, is recognized where it cannot be a port.

    Args:
        text: The text; parts other than URLs are not changed.
        login: The replacement of a user name and password, including the `@`.
    """
    return _PARAMETER.sub(_hide_parameter, _LOGIN.sub(login, text))


def url_repr(url: str | None) -> str:
    """The `repr` of a URL, safe for display; for `attrs.field(repr=url_repr)`."""
    return repr(url if url is None else shown_url(url))


def _hide_parameter(match: re.Match[str]) -> str:
    from urllib.parse import unquote_plus

    name, value = match.groups()
    return f"{name}={HIDDEN if _hides(unquote_plus(name)) else value}"


@lru_cache(maxsize=256)
def _is_public(name: str, public: frozenset[str]) -> bool:
    lower = name.lower()
    return lower in _PUBLIC_HEADERS or lower in public


@lru_cache(maxsize=256)
def _is_key(header: str) -> bool:
    return looks_secret(header) or header.lower() in _CREDENTIALS


def _hides(parameter: str) -> bool:
    return looks_secret(parameter) or parameter.lower().endswith(("signature", "sig", "code"))


def _shown_response_value(name: str, value: str) -> str:
    if looks_secret(name):
        return HIDDEN
    return shown_url(value) if name.lower() in {"location", "content-location"} else value
