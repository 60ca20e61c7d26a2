"""Callers of the gateway, and the contract of authentication."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final, Literal, Protocol

from attrs import Factory, field, frozen, validators

from modelwire.messages import Usage
from modelwire.models import Model
from modelwire_gateway.access.counters import Allowance
from modelwire_gateway.access.money import to_nanodollars

__all__ = [
    "Access",
    "Admission",
    "Caller",
    "Estimate",
    "Limits",
    "OpenAccess",
    "Refusal",
    "RequestRefused",
    "credential_of",
    "header_fields",
    "make_key",
]

KEY_PREFIX: Final = "mw-"

Refusal = Literal[
    "unauthorized",
    "not_allowed",
    "model_not_allowed",
    "price_unknown",
    "rate_limited",
    "budget_used_up",
    "unavailable",
]
"""The reasons for refusing a request; each API has its own form of them."""


class RequestRefused(Exception):
    """A request that is not admitted.

    Attributes:
        status: The HTTP status: 401, 403, 429 or 503.
        code: Why.
        message: What the client is shown; nothing in it says whether a key exists.
        retry_after: Seconds after which the same request may succeed, or `None`.
    """

    def __init__(
        self, status: int, code: Refusal, message: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code: Refusal = code
        self.message = message
        self.retry_after = retry_after


_ABOVE_ZERO: Final = validators.optional(validators.gt(0))


@frozen
class Limits:
    """The limits of a caller; `None` is no limit.

    Attributes:
        requests_per_minute: Requests that may begin within a minute.
        tokens_per_minute: Tokens of input and output within a minute.
        concurrency: Requests at one time.
        budget_day: USD within a day of UTC.
        budget_month: USD within a month of UTC.
        unpriced: Whether models without a known price may be called under a budget.
    """

    requests_per_minute: int | None = field(default=None, validator=_ABOVE_ZERO)
    tokens_per_minute: int | None = field(default=None, validator=_ABOVE_ZERO)
    concurrency: int | None = field(default=None, validator=_ABOVE_ZERO)
    budget_day: float | None = field(default=None, validator=_ABOVE_ZERO)
    budget_month: float | None = field(default=None, validator=_ABOVE_ZERO)
    unpriced: bool = False

    @property
    def allowance(self) -> Allowance | None:
        """The same with exact budgets; `None` where there is no limit."""
        day, month = self.budget_day, self.budget_month
        made = Allowance(
            self.requests_per_minute,
            self.tokens_per_minute,
            self.concurrency,
            None if day is None else to_nanodollars(day),
            None if month is None else to_nanodollars(month),
        )
        return None if made == Allowance() else made


@frozen
class Caller:
    """The person or program behind a request.

    Attributes:
        id: Its id, which is no secret.
        name: Its name, for display.
        owner: The person or team that it belongs to, or `None`.
        models: The models that it may call, as names, references or patterns with `*`; empty is
            all of them.
        routes: Models that requests go to instead: by the name or reference in the request, the
            reference that is called, as an application inference profile of the caller's own.
        labels: Labels that the provider gets with each request.
        limits: How much it may use.
        operator: Whether it may see the usage and the requests of all callers.
        allowance: The limits as they are counted; `None` where there is none.
    """

    id: str
    name: str
    owner: str | None = None
    models: tuple[str, ...] = ()
    routes: Mapping[str, str] = Factory(dict)
    labels: Mapping[str, str] = Factory(dict)
    limits: Limits = field(factory=Limits)
    operator: bool = False
    allowance: Allowance | None = field(init=False, eq=False, repr=False)

    @allowance.default
    def _allowance(self) -> Allowance | None:
        return self.limits.allowance


@frozen
class Estimate:
    """The maximum usage of a request, estimated before it is sent.

    Attributes:
        input_tokens: Tokens of the prompt, estimated from its length.
        output_tokens: Tokens that the answer may have, or `None` where the request does not say.
    """

    input_tokens: int
    output_tokens: int | None = None


class Admission(Protocol):
    """An admitted request."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """Labels that the provider gets with the request, so that its bill can be divided."""
        ...

    async def settle(
        self, usage: Usage | None, cost: float | None, *, model: str | None = None
    ) -> None:
        """Note what the request used; called exactly once, also when it failed or was left.

        Args:
            usage: The tokens, or `None` where no request was sent to the provider, or it refused.
            cost: USD, or `None` where the price is not known.
            model: The reference of the model that answered, where it is another than was admitted.
        """
        ...


class Access(Protocol):
    """The access control: authenticates callers."""

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Find the caller by the credential in a request's header.

        Args:
            headers: The header fields, with names in lower case.

        Raises:
            RequestRefused: There is no credential, or it is not good; 401.
        """
        ...

    async def admit(
        self, caller: Caller, model: Model, estimate: Estimate, *, name: str
    ) -> Admission:
        """Admit a request, and count it.

        Args:
            caller: The caller.
            model: The model that the request resolves to, with its prices.
            estimate: What it may use.
            name: The model as the request names it.

        Raises:
            RequestRefused: The caller may not call the model (403), or has used up a limit (429).
        """
        ...

    def may_call(self, caller: Caller, name: str, reference: str) -> bool:
        """Whether a caller may call a model, as for the list of models.

        Args:
            caller: The caller.
            name: The model as clients name it.
            reference: The same as `provider/model-id`.
        """
        ...


def make_key() -> str:
    """Make a new key: 256 random bits behind `mw-`."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


_CREDENTIALS: Final = ("authorization", "x-api-key")


def header_fields(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The header fields of a request; of those that are repeated the first.

    Args:
        pairs: The fields as they came, with names in lower case.

    Raises:
        RequestRefused: A credential is repeated with another value (401): which of them counts would depend on
            who reads it, as a proxy before the gateway.
    """
    fields: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if fields.setdefault(name, value) != value and name in _CREDENTIALS:
            msg = f"The header field {name} must not be repeated."
            raise RequestRefused(401, "unauthorized", msg)
    return fields


def credential_of(headers: Mapping[str, str]) -> str | None:
    """Read the credential of a request: a bearer token, or else the header `x-api-key`.

    Claude Code sends either; the OpenAI SDK and a Bedrock API key are bearer tokens.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key", "").strip() or None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@frozen
class _UnlimitedAdmission:
    metadata: Mapping[str, str] = Factory(dict)

    async def settle(
        self, usage: Usage | None, cost: float | None, *, model: str | None = None
    ) -> None:
        pass


@frozen
class OpenAccess:
    """One key, or none at all, and no limits. A holder of the key is an operator.

    Attributes:
        key: The key that callers need; `None` admits all callers.
    """

    key: str | None = field(default=None, repr=False)

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Compare the credential with the key, in constant time."""
        if self.key is not None:
            given = credential_of(headers) or ""
            # Of digests, so that the time does not depend on the length of the key either.
            if not hmac.compare_digest(_digest(given), _digest(self.key)):
                raise RequestRefused(401, "unauthorized", "The API key is missing or not valid.")
        return Caller(id="local", name="local", operator=self.key is not None)

    async def admit(
        self,
        caller: Caller,  # noqa: ARG002 - the protocol's
        model: Model,  # noqa: ARG002
        estimate: Estimate,  # noqa: ARG002
        *,
        name: str,  # noqa: ARG002
    ) -> Admission:
        """Admit every request."""
        return _UnlimitedAdmission()

    def may_call(self, caller: Caller, name: str, reference: str) -> bool:  # noqa: ARG002
        """Every caller may call every model."""
        return True
