"""Faults that can be injected, and their names in scenarios and in the fault header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from attrs import Attribute, field, frozen

from modelwire_bedrock.emulator.errors import EmulatorError, Refusal

__all__ = ["FAULT_HEADER", "Fault", "FaultKind", "read_fault", "read_fault_header"]

FAULT_HEADER = "x-bedrock-emulator-fault"

FaultKind = Literal[
    "error",
    "exception",
    "reset",
    "cut",
    "truncate",
    "corrupt",
    "no_stop",
    "stall",
    "slow_start",
    "dribble",
    "no_response",
]

FaultPart = Literal["payload", "prelude", "headers"]

SHORT_ERRORS = {
    "access_denied": "AccessDeniedException",
    "expired_token": "ExpiredTokenException",
    "throttling": "ThrottlingException",
    "internal": "InternalServerException",
    "unavailable": "ServiceUnavailableException",
    "not_ready": "ModelNotReadyException",
    "model_timeout": "ModelTimeoutException",
    "model_error": "ModelErrorException",
}
"""Names of frequent errors that can be given in place of `error`."""


_KNOWN = {"kind": get_args(FaultKind), "part": get_args(FaultPart)}


def _check(_: object, attribute: Attribute[Any], value: object) -> None:
    known = _KNOWN[attribute.name]
    if value not in known:
        msg = f"{attribute.name} {value!r} is none of {', '.join(known)}"
        raise ValueError(msg)


@frozen
class Fault:
    """One thing that goes wrong.

    | kind | what happens |
    | --- | --- |
    | `error` | an HTTP error `code` in place of an answer |
    | `exception` | an exception frame `code` after `after` events |
    | `reset` | the connection is reset (RST) after `after` events |
    | `cut` | the connection is closed in the middle of a frame, without the end of the body |
    | `truncate` | the body ends properly, but in the middle of a frame |
    | `corrupt` | one bit of a frame is flipped: in its `part`, `payload`, `prelude` or `headers` |
    | `no_stop` | the body ends properly before `messageStop` |
    | `stall` | nothing more comes after `after` events: for `seconds`, or until the client leaves |
    | `slow_start` | the response headers come after `seconds` |
    | `dribble` | the bytes come `size` at a time, `seconds` apart |
    | `no_response` | the connection is reset before any response |

    Attributes:
        kind: What goes wrong.
        after: How many events come before it.
        code: The error's code or the exception frame's name.
        message: Its message; the usual one by default.
        status: The HTTP status of an `error`; the one that belongs to the code by default.
        seconds: How long.
        size: Bytes at a time.
        part: What a `corrupt` frame has wrong.
        retry_after: A `retry-after` header of an `error`, in seconds.
        original_status: `originalStatusCode` of a `modelStreamErrorException`.
    """

    kind: FaultKind = field(validator=_check)
    after: int = 0
    code: str = ""
    message: str | None = None
    status: int | None = None
    seconds: float | None = None
    size: int = 1
    part: FaultPart = field(default="payload", validator=_check)
    retry_after: int | None = None
    original_status: int | None = None

    @classmethod
    def error(
        cls,
        code: str,
        message: str | None = None,
        *,
        status: int | None = None,
        retry_after: int | None = None,
    ) -> Fault:
        """An HTTP error, such as `ThrottlingException`."""
        return cls("error", code=code, message=message, status=status, retry_after=retry_after)

    @classmethod
    def exception(
        cls,
        code: str,
        message: str | None = None,
        *,
        after: int = 0,
        original_status: int | None = None,
    ) -> Fault:
        """An exception frame, such as `throttlingException`, after some events."""
        return cls(
            "exception",
            code=code,
            message=message,
            after=after,
            original_status=original_status,
        )

    @property
    def interrupts(self) -> bool:
        """Whether it strikes in the middle of the body."""
        return self.kind in ("exception", "reset", "cut", "truncate", "corrupt", "no_stop", "stall")

    def refusal(self) -> Refusal:
        """The HTTP error that an `error` is answered with."""
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return Refusal(self.code, self.message, status=self.status, headers=headers)


_MEMBERS = {
    "after": int,
    "code": str,
    "message": str,
    "status": int,
    "seconds": float,
    "size": int,
    "part": str,
    "retry_after": int,
    "original_status": int,
}


def read_fault(data: str | Mapping[str, Any], place: str) -> Fault:
    """Read a fault from a scenario: `"reset"`, or `{ kind: "reset", after: 3 }`.

    Raises:
        EmulatorError: It is no fault; the message names the place.
    """
    members = {"kind": data} if isinstance(data, str) else dict(data)
    members = {_snake(name): value for name, value in members.items()}
    kind = str(members.pop("kind", ""))
    if kind in SHORT_ERRORS:
        members.setdefault("code", SHORT_ERRORS[kind])
        kind = "error"
    if kind not in get_args(FaultKind):
        known = ", ".join((*get_args(FaultKind), *SHORT_ERRORS))
        msg = f"{place}: there is no fault {kind!r}."
        raise EmulatorError(msg, hint=f"Use one of {known}.")
    unknown = sorted(set(members) - set(_MEMBERS))
    if unknown:
        msg = f"{place}: a fault has no member {unknown[0]!r}."
        raise EmulatorError(msg, hint=f"It may have {', '.join(_MEMBERS)}.")
    if kind in ("error", "exception") and not members.get("code"):
        msg = f"{place}: the fault {kind!r} needs a code."
        raise EmulatorError(msg, hint="As ThrottlingException, or throttlingException in a stream.")
    try:
        return Fault(kind, **{name: _MEMBERS[name](value) for name, value in members.items()})  # type: ignore[arg-type] # checked above
    except (TypeError, ValueError) as error:
        msg = f"{place}: {error}."
        raise EmulatorError(msg) from error


def read_fault_header(value: str) -> tuple[Fault, int | None]:
    """Read the fault header: `reset; after=3; times=2`.

    Returns:
        The fault, and for how many requests with this header it holds, `None` for all.

    Raises:
        EmulatorError: It is no fault.
    """
    kind, *rest = (part.strip() for part in value.split(";"))
    members: dict[str, Any] = {"kind": kind}
    for part in rest:
        name, _, text = part.partition("=")
        members[name.strip()] = text.strip()
    times = members.pop("times", None)
    fault = read_fault(members, FAULT_HEADER)
    return fault, None if times is None else int(times)


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
