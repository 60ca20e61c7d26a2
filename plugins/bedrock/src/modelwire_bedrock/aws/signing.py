"""Request signing: boto3 writes and signs a request and does not send it.

botocore emits `before-send` with the finished request. A handler takes it there and answers in the
place of the service, so that botocore ends as after any call and no socket is opened. A client may
be shared between threads: what one call leaves behind is found through the thread.

That is for requests that cannot be written without a client (see `direct_requests`), and of those for
the first of a model. For those after them a template is filled in, once it has been shown to hold.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast
from weakref import WeakKeyDictionary, WeakSet

from modelwire.errors import ConfigError, InvalidRequest, ModelwireError
from modelwire.forks import ForkSafeLock
from modelwire.transport import Request
from modelwire_bedrock.aws.logging import quiet
from modelwire_bedrock.aws.request_template import PUBLIC_HEADERS, RequestTemplate, TemplateTrial
from modelwire_bedrock.errors import REQUEST_ID_HEADERS

if TYPE_CHECKING:
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["Operation", "is_large", "is_ready", "prepare", "sign", "transport_for"]

_SENT_BY_TRANSPORT = frozenset({"content-length", "host", "transfer-encoding"})

# The value of a parameter may be part of a conversation; the name before it is what helps.
_VALUE = re.compile(r",? value: .*", re.DOTALL)
_PROBLEM = re.compile(r"\n(?=(?:Invalid|Missing|Unknown|Value|Parameter) )")
_MOST_PROBLEMS = 5

_current = threading.local()
_equipped: WeakSet[Any] = WeakSet()
_equipping = ForkSafeLock()
_trials: WeakKeyDictionary[Any, dict[str, dict[Hashable, TemplateTrial]]] = WeakKeyDictionary()
"""By client and operation: the templates of requests. Each model has one."""
_MOST_TRIALS = 64
"""Templates that are kept of an operation."""


def is_ready(client: Any, operation: str) -> bool:
    """Whether a client has signed such a request; the first time, botocore reads more files."""
    return operation in _trials.get(client, ())


def sign(
    client: Any,
    operation: str,
    params: Mapping[str, Any],
    target: Target,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Have boto3 write and sign the request of an operation.

    Args:
        client: A boto3 client.
        operation: The method of the client.
        params: Its arguments.
        target: The credentials that the client signs with, for errors.
        headers: Further header fields; they are signed too.

    Raises:
        InvalidRequest: The arguments do not follow the service model; each place is named.
        ConfigError: botocore finds no endpoint.
        AuthenticationError: There are no credentials, or they cannot be used.
    """
    known = _trials.setdefault(client, {})
    key = (str(params.get("modelId")), *sorted((headers or {}).items()))
    try:
        trials = known.get(operation, {})
        trial = trials.get(key)
        request = trial.fill(params) if trial is not None else None
        if request is not None:
            return request
        with quiet():
            request, signer = _by_the_client(client, operation, params, headers or {})
            if trial is not None:
                trial.compare(request)
                return request
            template = RequestTemplate.of(request, client, operation, params, signer)
            if len(trials) >= _MOST_TRIALS:
                trials.clear()
            steady = [*(headers or ()), *(("Authorization",) if target.bearer_token else ())]
            trials[key] = TemplateTrial.begin(template, request, steady, signer)
            known[operation] = trials
    except Exception as error:
        failure = _failure(error, target)
        if failure is None:
            raise
        raise failure from error
    return request


def _by_the_client(
    client: Any, operation: str, params: Mapping[str, Any], headers: Mapping[str, str]
) -> tuple[Request, Any]:
    """Have the client itself make a request; also gives its signer, if it has signed."""
    _equip(client)
    call = _BotocoreCall(headers)
    _current.call = call
    try:
        getattr(client, operation)(**params)
    finally:
        del _current.call
    return _request(call.request), call.signer


class _BotocoreCall:
    """A call of botocore: the header fields to add, and what it would send."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self.request: Any = None
        self.signer: Any = None


class _EmptyBody:
    """A body that botocore can read as the answer of any operation."""

    def stream(self) -> Iterator[bytes]:
        return iter((b"{}",))


def _equip(client: Any) -> None:
    """Have a client hand over what it would send."""
    if client in _equipped:
        return
    with _equipping:
        events = client.meta.events
        events.register("before-call", _add_headers, unique_id="modelwire-headers")
        events.register("before-sign", _note_signer, unique_id="modelwire-signer")
        events.register_last("before-send", _capture, unique_id="modelwire-capture")
        _equipped.add(client)


def _add_headers(params: dict[str, Any], **_: Any) -> None:
    call: _BotocoreCall | None = getattr(_current, "call", None)
    if call is not None:
        params["headers"].update(call.headers)


def _note_signer(request_signer: Any, signature_version: str, **_: Any) -> None:
    call: _BotocoreCall | None = getattr(_current, "call", None)
    if call is not None and signature_version == "v4":
        call.signer = request_signer


def _capture(request: Any, **_: Any) -> Any:
    call: _BotocoreCall | None = getattr(_current, "call", None)
    if call is None:
        return None
    from botocore.awsrequest import AWSResponse, HeadersDict

    call.request = request
    return AWSResponse(request.url, 200, HeadersDict(), _EmptyBody())


def _request(prepared: Any) -> Request:
    headers = {
        _text(name): _text(value)
        for name, value in prepared.headers.items()
        if _text(name).lower() not in _SENT_BY_TRANSPORT
    }
    body = prepared.body
    if isinstance(body, str):
        body = body.encode()
    return Request(
        prepared.method,
        prepared.url,
        headers,
        bytes(body or b""),
        public_headers=PUBLIC_HEADERS,
        request_id_headers=REQUEST_ID_HEADERS,
    )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _failure(error: Exception, target: Target) -> ModelwireError | None:
    """Say in our own words what botocore raised, or `None` where it is not one of its errors."""
    from botocore import exceptions

    if isinstance(error, exceptions.ParamValidationError):
        return _invalid_parameters(error)
    if isinstance(
        error,
        exceptions.EndpointProviderError
        | exceptions.NoRegionError
        | exceptions.InvalidRegionError
        | exceptions.UnknownEndpointError,
    ):
        return ConfigError(
            f"botocore finds no endpoint of Amazon Bedrock: {error}",
            hint="Check the region, and whether it has FIPS or dual-stack endpoints.",
        )
    if isinstance(error, exceptions.BotoCoreError | exceptions.ClientError):
        from modelwire_bedrock.aws.credentials.errors import credential_error

        return credential_error(error, target)
    return None


def _invalid_parameters(error: Exception) -> InvalidRequest:
    report = cast("str", getattr(error, "kwargs", {}).get("report", ""))
    problems = [_VALUE.sub("", problem).strip() for problem in _PROBLEM.split(report)]
    named = "; ".join(problems[:_MOST_PROBLEMS])
    if len(problems) > _MOST_PROBLEMS:
        named += f"; and {len(problems) - _MOST_PROBLEMS} more"
    from botocore import __version__

    unknown = "Unknown parameter" in report
    return InvalidRequest(
        f"The request does not follow the service model of Amazon Bedrock: {named}.",
        provider="amazon-bedrock",
        hint=f"botocore {__version__} does not know it; a newer boto3 may." if unknown else None,
    )


Operation = Literal["converse_stream", "converse"]

_LARGE = 64 * 1024
"""Characters of parameters from which on a request is prepared off the event loop.

A small request takes half a millisecond the first time and a tenth of one after that, one of 400 KB
1 to 2, and a client of boto3 takes 5 to 10 for that.
"""
_NODE = 16
"""The cost of an item besides its text, in the same unit."""


async def prepare(
    client: Any,
    operation: str,
    params: Mapping[str, Any],
    *,
    target: Target,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Have boto3 write and sign the request of an operation, without sending it.

    Small requests are prepared where this is called, since handing them to a thread costs more. The
    first of its kind from a client, for which botocore reads more of its files, and large ones are
    prepared in a thread.

    Args:
        client: A boto3 client, which may be shared between threads.
        operation: The method of the client.
        params: Its arguments.
        target: The credentials that the client signs with, for errors.
        headers: Further header fields; they are signed too.

    Raises:
        InvalidRequest: The arguments do not follow the service model; each place is named.
        ConfigError: botocore finds no endpoint.
        AuthenticationError: There are no credentials, or they cannot be used.
    """
    if is_ready(client, operation) and not is_large(params):
        return sign(client, operation, params, target, headers)
    from asyncio import to_thread

    return await to_thread(sign, client, operation, params, target, headers)


def transport_for(shared: Transport, target: Target, url: str) -> Transport:
    """The transport to use: `shared`, or one that trusts the AWS settings' own certificates.

    `AWS_CA_BUNDLE` and `ca_bundle` of a profile hold for AWS only, so the transport that all
    providers share cannot take them over.
    """
    if target.ca_bundle is None or not url.startswith("https:"):
        return shared
    return shared.trusting(target.ca_bundle)


def is_large(params: Any) -> bool:
    """Whether parameters have many characters; looks at no more than decides it."""
    room = _LARGE
    rest = [params]
    while rest:
        value = rest.pop()
        room -= _NODE
        kind = type(value)
        if kind is str:
            room -= len(value)
        elif kind is dict:
            rest += value.values()
        elif kind is list:
            rest += value
        elif kind is bool or kind is int:
            continue
        elif isinstance(value, str | bytes):
            room -= len(value)
        elif isinstance(value, Mapping):
            rest += value.values()
        elif isinstance(value, list | tuple):
            rest += value
        if room < 0:
            return True
    return False
