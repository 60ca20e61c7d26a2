"""The errors: one tree of typed exceptions.

    ModelwireError
    ├── ConfigError                 config               the configuration document is wrong
    │   └── VariableNotSet          variable_not_set     a setting needs a variable that is missing
    ├── InvalidMessage              invalid_message      a context or message is not well formed
    ├── SessionError                session              a session's file is damaged or in use
    ├── BatchError                  batch                a file of a batch is wrong, changed or in use
    ├── UnknownModel                unknown_model        a reference names no model, or several
    ├── PluginError                 plugin               a plugin is missing, broken or in conflict
    ├── Cancelled                   cancelled            the caller stopped the stream
    ├── ToolTurnsExceeded           tool_turns           the model calls tools without end
    ├── OutputInvalid               output_invalid       an answer is not of the type wanted   retryable
    └── ProviderError               provider             calling a provider failed
        ├── AuthenticationError     auth                 no credentials, or refused ones
        ├── AccessDenied            access_denied        good credentials without the permission
        ├── BillingError            billing              no quota or credit left
        ├── NotFound                not_found            the provider has no such model
        ├── InvalidRequest          invalid_request      the provider refuses what was sent
        │   ├── ContextOverflow     context_overflow     the conversation does not fit the model
        │   ├── ItemsRefused        items_refused        items of a batch job cannot be sent
        │   └── JobTooLarge         job_too_large        a batch job has more bytes than allowed
        ├── ContentFiltered         content_filtered     a policy or guardrail stopped the answer
        ├── RateLimited             rate_limited         too many requests or tokens      retryable
        ├── Overloaded              overloaded           the provider has no capacity     retryable
        ├── ServerError             server_error         the provider failed              retryable
        ├── RequestTimeout          timeout              a deadline passed                retryable
        ├── ConnectionFailed        connection           no connection, or a broken one   retryable
        ├── StreamTruncated         stream_truncated     the answer has no end            retryable
        └── MalformedResponse       malformed_response   the answer breaks its protocol   retryable
            └── MalformedToolCall   malformed_tool_call  cut or invalid tool arguments    retryable

Every error has a stable, machine-readable `code`. `retryable` says whether the same request, sent
again, may succeed. No exception of an HTTP library, an SDK or the operating system leaves the
public API; the original is kept as the `__cause__`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Self

from attrs import frozen

if TYPE_CHECKING:
    from modelwire.messages import AssistantMessage

__all__ = [
    "AccessDenied",
    "Attempt",
    "AuthenticationError",
    "BatchError",
    "BillingError",
    "Cancelled",
    "ConfigError",
    "ConnectionFailed",
    "ContentFiltered",
    "ContextOverflow",
    "InvalidMessage",
    "InvalidRequest",
    "ItemsRefused",
    "JobTooLarge",
    "MalformedResponse",
    "MalformedToolCall",
    "ModelwireError",
    "NotFound",
    "OutputInvalid",
    "Overloaded",
    "PluginError",
    "Problem",
    "ProviderError",
    "RateLimited",
    "RequestTimeout",
    "ServerError",
    "SessionError",
    "StreamTruncated",
    "ToolTurnsExceeded",
    "UnknownModel",
    "VariableNotSet",
]


@frozen
class Attempt:
    """A failed try at an answer, before anything was yielded.

    Attributes:
        model: The reference that was tried, as `provider/model-id`.
        code: The error's code.
        message: The error's message.
        waited: Seconds that passed before the next try, or `None` when there was none.
    """

    model: str
    code: str
    message: str
    waited: float | None = None


@frozen
class Problem:
    """One problem in a document.

    Attributes:
        path: The place, e.g. `models.providers.acme.models[0].id`; empty for the document as a
            whole.
        message: What was found and what is allowed.
        line: The line in the file, counted from 1, or `None` when it is not known.
    """

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ModelwireError(Exception):
    """The base class of all errors that modelwire raises on purpose.

    Attributes:
        code: Stable, machine-readable name of the kind of failure.
        message: What happened, in one or two sentences, without secrets.
        hint: The suggested remedy, or `None`. It is also a note of the exception, so that a
            traceback shows it.
        retryable: Whether the same request, sent again, may succeed.
        partial: The partial message of a failed stream, or `None`.
        attempts: The tries that failed before this one, oldest first.
    """

    code: ClassVar[str] = "error"
    retryable: bool = False
    # A subclass of a plugin's may not call `__init__`, or give it something else than a text.
    message: str = ""
    _hint: str | None = None
    partial: AssistantMessage | None = None
    attempts: tuple[Attempt, ...] = ()

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def hint(self) -> str | None:
        """The suggested remedy, or `None`."""
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        notes: list[str] = getattr(self, "__notes__", [])
        previous = _note_of(self._hint)
        kept = [note for note in notes if note != previous]
        if kept or notes:
            self.__notes__ = kept
        self._hint = hint
        if hint:
            self.add_note(_note_of(hint))

    def __str__(self) -> str:
        return str(self.message) if self.message else super().__str__()


def _note_of(hint: str | None) -> str:
    return f"Hint: {hint}"


class _DocumentError(ModelwireError):
    """A document with one or more problems, all of them listed."""

    def __init__(
        self,
        message: str,
        *,
        problems: Sequence[Problem] = (),
        source: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)
        self.source = source

    def __str__(self) -> str:
        lines = [self.message]
        for problem in self.problems:
            place = self.source or ""
            if place and problem.line is not None:
                place = f"{place}:{problem.line}"
            lines.append(f"  {place}: {problem}" if place else f"  {problem}")
        return "\n".join(lines)


class ConfigError(_DocumentError):
    """The configuration cannot be read or does not follow its schema.

    Attributes:
        problems: Every problem that was found, each with its path and line.
        source: The file, or `None` for a configuration given in Python.
    """

    code = "config"


class VariableNotSet(ConfigError):
    """A required setting refers to environment variables that are not set.

    If the setting belongs to a model, a fallback may answer instead.
    """

    code = "variable_not_set"


class InvalidMessage(_DocumentError, ValueError):
    """A context, message or tool is not well formed; `problems` names each place."""

    code = "invalid_message"


class SessionError(_DocumentError):
    """A session file is not valid, cannot be read or written, or is in use by another process.

    Attributes:
        problems: The problems in it, each with its line.
        source: The file.
    """

    code = "session"


class BatchError(_DocumentError):
    """A batch's input or output cannot be used: it is not valid, changed, or in use by another process.

    Attributes:
        problems: The problems in it, each with its line.
        source: The file.
    """

    code = "batch"


class UnknownModel(ModelwireError, LookupError):
    """A reference names no model, or a bare name more than one.

    Attributes:
        candidates: References that are close to the requested one.
    """

    code = "unknown_model"

    def __init__(
        self, message: str, *, candidates: Sequence[str] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.candidates = tuple(candidates)


class PluginError(ModelwireError):
    """No plugin owns a provider or an API, its plugin is broken, or two of them claim it."""

    code = "plugin"


class Cancelled(ModelwireError):
    """The stream was closed during a read."""

    code = "cancelled"


class ToolTurnsExceeded(ModelwireError):
    """The model still called tools after the last permitted turn."""

    code = "tool_turns"


class OutputInvalid(ModelwireError):
    """The answer is not of the type that was requested, even after a retry.

    `partial` is the last answer, unchanged.
    """

    code = "output_invalid"
    retryable = True


class ProviderError(ModelwireError):
    """Calling a provider failed.

    Attributes:
        provider: The provider's id, or `None` where it was not known.
        model: The model id, or `None`.
        status: The HTTP status, or `None`.
        request_id: The provider's id of the request, for its support, or `None`.
        retry_after: Seconds to wait, as requested by the provider, or `None`.
        text_index: The index of the text to embed that is at fault, from 0, or `None`.
    """

    code = "provider"
    provider: str | None = None
    model: str | None = None
    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    text_index: int | None = None

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        text_index: int | None = None,
        retryable: bool | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.provider = provider
        self.model = model
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.text_index = text_index
        if retryable is not None:
            self.retryable = retryable


class AuthenticationError(ProviderError):
    """There are no credentials, or the provider rejects them."""

    code = "auth"


class AccessDenied(ProviderError):
    """The credentials are valid but lack a permission."""

    code = "access_denied"


class BillingError(ProviderError):
    """The account has no quota or credit left."""

    code = "billing"


class NotFound(ProviderError):
    """The provider has no such model, or no such endpoint."""

    code = "not_found"


class InvalidRequest(ProviderError):
    """The provider rejects the request."""

    code = "invalid_request"


class ContextOverflow(InvalidRequest):
    """The conversation does not fit into the model's context window."""

    code = "context_overflow"


class ItemsRefused(InvalidRequest):
    """Items of a batch job cannot be sent; `items` are their errors by `custom_id`."""

    code = "items_refused"
    items: Mapping[str, ModelwireError] = MappingProxyType({})

    @classmethod
    def of(
        cls,
        items: Mapping[str, ModelwireError],
        *,
        provider: str | None = None,
        model: str | None = None,
    ) -> Self:
        """The error of at least one item; its message is that of the first one."""
        custom_id, first = next(iter(items.items()))
        more = f" {len(items) - 1:,} more cannot be sent either." if len(items) > 1 else ""
        message = f"custom_id {custom_id!r}: {first}{more}"
        error = cls(message, provider=provider, model=model, hint=first.hint)
        error.items = dict(items)
        return error


class JobTooLarge(InvalidRequest):
    """A batch job has more bytes than allowed; its first `fitting` items are not too large."""

    code = "job_too_large"
    fitting: int = 0


class ContentFiltered(ProviderError):
    """A content policy or a guardrail stopped the answer."""

    code = "content_filtered"


class RateLimited(ProviderError):
    """Too many requests or tokens in too short a time."""

    code = "rate_limited"
    retryable = True


class Overloaded(ProviderError):
    """The provider has no capacity at the moment."""

    code = "overloaded"
    retryable = True


class ServerError(ProviderError):
    """The provider failed on its side."""

    code = "server_error"
    retryable = True


_PHASES = {
    "connect": "No connection",
    "first_byte": "No answer began",
    "first_event": "No event of the answer came",
    "idle": "Nothing more arrived",
    "total": "The answer was not complete",
}


class RequestTimeout(ProviderError, TimeoutError):
    """A deadline passed; `phase` is its name in `Deadlines`."""

    code = "timeout"
    retryable = True
    phase: str | None = None

    @classmethod
    def in_phase(
        cls,
        phase: str,
        seconds: float,
        *,
        provider: str | None = None,
        model: str | None = None,
        request_id: str | None = None,
    ) -> Self:
        """The name of the deadline: `connect`, `first_byte`, `first_event`, `idle` or `total`."""
        error = cls(
            f"{_PHASES[phase]} within {seconds:g} seconds.",
            provider=provider,
            model=model,
            request_id=request_id,
        )
        error.phase = phase
        return error


class ConnectionFailed(ProviderError, ConnectionError):
    """The connection could not be made, or broke."""

    code = "connection"
    retryable = True


class StreamTruncated(ProviderError):
    """The stream ended before the answer did."""

    code = "stream_truncated"
    retryable = True


class MalformedResponse(ProviderError):
    """The answer violates its protocol."""

    code = "malformed_response"
    retryable = True


class MalformedToolCall(MalformedResponse):
    """The arguments of a tool call are cut or are not a JSON object; it must not be run."""

    code = "malformed_tool_call"
