"""Authentication: SigV4 and bearer tokens, refused with AWS's own errors.

The messages of signature errors are those that AWS's services give; those of bearer tokens are
hearsay, as no recording holds one.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from attrs import evolve, field, frozen

from modelwire_bedrock.emulator.errors import Refusal, access_denied
from modelwire_bedrock.emulator.minted import LONGEST, MintedKey, read_minted
from modelwire_bedrock.emulator.signatures import (
    ALGORITHM,
    Authorization,
    SignedRequest,
    expected_signature,
    read_date,
)

__all__ = [
    "BEARER_PREFIX",
    "Authenticator",
    "Credentials",
    "Identity",
    "new_bearer_token",
    "new_credentials",
]

WINDOW = timedelta(minutes=5)
BEARER_PREFIX = "bedrock-api-key-"
SERVICE = "bedrock"

_ANTHROPIC = "/anthropic/"
_INVALID_KEY = "Authentication failed: Please make sure your API Key is valid."
_EXPIRED_KEY = "Bearer Token has expired"


@frozen
class Credentials:
    """A key pair that the emulator knows.

    Attributes:
        access_key_id: The access key's id.
        secret_access_key: Its secret.
        session_token: The session token that has to come with it, or `None`.
        expires: When it stops being accepted, or `None`.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires: datetime | None = None


def new_credentials() -> Credentials:
    """Make a key pair that cannot be guessed, in the form of AWS's."""
    key_id = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
    return Credentials(f"AKIA{key_id}", secrets.token_urlsafe(30))


def new_bearer_token() -> str:
    """Make a bearer token that cannot be guessed."""
    return BEARER_PREFIX + secrets.token_urlsafe(30)


@frozen
class Identity:
    """The caller of a request. `kind` is `sigv4`, `bearer` or `anonymous`.

    Attributes:
        kind: How the request was authenticated.
        access_key_id: The access key's id, for `sigv4`.
        region: The region of the credential scope, for `sigv4`.
        verified: Whether the secret was proved; not so for keys that the emulator does not know.
    """

    kind: str
    access_key_id: str | None = None
    region: str | None = None
    verified: bool = False


def _now() -> datetime:
    return datetime.now(UTC)


@frozen
class Authenticator:
    """Lets requests in or refuses them.

    Attributes:
        credentials: The key pairs that are known.
        bearer_tokens: The bearer tokens that are known.
        required: Whether only known callers are admitted. Otherwise unsigned requests and unknown
            keys pass, but a known key with a wrong signature is refused all the same.
        clock: Says what time it is.
    """

    credentials: Sequence[Credentials] = ()
    bearer_tokens: Sequence[str] = field(default=(), repr=False)
    required: bool = False
    clock: Callable[[], datetime] = _now

    def admit(self, request: SignedRequest, services: Sequence[str] = (SERVICE,)) -> Identity:
        """Identify the caller.

        Args:
            request: The request.
            services: The service names that a signature may have, the one to name in errors first.

        Raises:
            Refusal: The request is not admitted.
        """
        header = request.header("authorization")
        key = request.header("x-api-key")
        if header is None and key is not None and request.path.startswith(_ANTHROPIC):
            return self._bearer(key.strip())
        if header is None:
            if self.required:
                raise Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
            return Identity("anonymous")
        kind, _, rest = header.partition(" ")
        if kind.lower() == "bearer":
            return self._bearer(rest.strip())
        if kind != ALGORITHM:
            raise _incomplete(header, f"Unsupported AWS 'algorithm': '{kind}'.")
        return self._signature(request, _parse(rest), services)

    def _bearer(self, token: str) -> Identity:
        known = any(hmac.compare_digest(token.encode(), t.encode()) for t in self.bearer_tokens)
        minted = None if known else read_minted(token, BEARER_PREFIX)
        if minted is not None:
            return self._minted(minted)
        if self.required and not known:
            if not token.startswith(BEARER_PREFIX) and not token.startswith("ABSK"):
                msg = "Invalid API Key format: Must start with pre-defined prefix"
                raise access_denied(msg)
            raise access_denied(_INVALID_KEY)
        return Identity("bearer", verified=known)

    def _minted(self, key: MintedKey) -> Identity:
        parts = key.parts
        identity = Identity("bearer", parts.access_key_id, parts.region)
        known = [c for c in self.credentials if c.access_key_id == parts.access_key_id]
        if not known and not self.required:
            return identity
        expected = key.expected(known[0].secret_access_key) if known else ""
        now, life = self.clock(), min(key.life, LONGEST)
        if not known or not hmac.compare_digest(expected, parts.signature):
            raise access_denied(_INVALID_KEY)
        if not hmac.compare_digest((key.session_token or "").encode(), _token(known[0])):
            raise access_denied(_INVALID_KEY)
        ends = min(key.begins + life, known[0].expires or key.begins + life)
        if parts.service != SERVICE or not key.begins - WINDOW <= now < ends:
            raise access_denied(_EXPIRED_KEY)
        return evolve(identity, verified=True)

    def _signature(
        self, request: SignedRequest, parts: Authorization, services: Sequence[str]
    ) -> Identity:
        self._check_scope(request, parts, services)
        identity = Identity("sigv4", parts.access_key_id, parts.region)
        known = [c for c in self.credentials if c.access_key_id == parts.access_key_id]
        if not known:
            if self.required:
                raise Refusal("UnrecognizedClientException")
            return identity
        credentials = known[0]
        token = request.header("x-amz-security-token")
        if not hmac.compare_digest((token or "").encode(), _token(credentials)):
            raise Refusal("UnrecognizedClientException")
        if credentials.expires is not None and credentials.expires <= self.clock():
            raise Refusal("ExpiredTokenException")
        expected = expected_signature(request, parts, credentials.secret_access_key)
        if not hmac.compare_digest(expected, parts.signature):
            msg = (
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details."
            )
            raise _invalid(msg)
        return Identity("sigv4", parts.access_key_id, parts.region, verified=True)

    def _check_scope(
        self, request: SignedRequest, parts: Authorization, services: Sequence[str]
    ) -> None:
        text = request.header("x-amz-date") or ""
        date = read_date(text)
        if date is None:
            msg = "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601"
            raise (
                _invalid(msg.format(text))
                if text
                else _incomplete(
                    "",
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
                )
            )
        if parts.date != text[:8]:
            msg = (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                f"from HTTP: '{parts.date}' != '{text[:8]}', from '{text}'."
            )
            raise _invalid(msg)
        if parts.service not in services:
            raise _invalid(f"Credential should be scoped to correct service: '{services[0]}'. ")
        if parts.terminator != "aws4_request":
            msg = f"Credential should be scoped with a valid terminator: 'aws4_request', not '{parts.terminator}'."
            raise _invalid(msg)
        missing = {"host", *_amazon_headers(request)} - set(parts.signed_headers)
        if missing:
            msg = f"'{min(missing)}' must be a 'SignedHeader' in the AWS Authorization."
            raise _invalid(msg)
        self._check_window(text, date)

    def _check_window(self, text: str, date: datetime) -> None:
        now = self.clock()
        if date < now - WINDOW:
            limit = _stamp(now - WINDOW)
            msg = f"Signature expired: {text} is now earlier than {limit} ({_stamp(now)} - 5 min.)"
            raise _invalid(msg)
        if date > now + WINDOW:
            limit = _stamp(now + WINDOW)
            msg = f"Signature not yet current: {text} is still later than {limit} ({_stamp(now)} + 5 min.)"
            raise _invalid(msg)


def _parse(text: str) -> Authorization:
    members = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        members[name] = value
    needed = ("Credential", "Signature", "SignedHeaders")
    missing = [name for name in needed if not members.get(name)]
    if missing:
        lines = [f"Authorization header requires '{name}' parameter." for name in missing]
        raise _incomplete(f"{ALGORITHM} {text}", " ".join(lines))
    scope = members["Credential"].split("/")
    if len(scope) != 5:
        msg = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term,"
        raise _incomplete("", f"{msg} got '{'/'.join(scope)}'")
    signed = tuple(members["SignedHeaders"].split(";"))
    key, date, region, service, terminator = scope
    return Authorization(key, date, region, service, terminator, signed, members["Signature"])


def _amazon_headers(request: SignedRequest) -> set[str]:
    return {name for name, _ in request.headers if name in ("x-amz-date", "x-amz-security-token")}


def _token(credentials: Credentials) -> bytes:
    return (credentials.session_token or "").encode()


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidSignatureException", message)


def _incomplete(header: str, message: str) -> Refusal:
    # AWS appends the header that it got; ours is not repeated, as it may hold a signature.
    del header
    return Refusal("IncompleteSignatureException", message)
