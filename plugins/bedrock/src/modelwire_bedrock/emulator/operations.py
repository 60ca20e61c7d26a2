"""The operations of Bedrock, read from botocore's own service models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from attrs import frozen

from modelwire_bedrock.emulator.errors import Refusal

if TYPE_CHECKING:
    from botocore.model import OperationModel, StructureShape

__all__ = [
    "BATCH",
    "CONTROL_PLANE",
    "DATA_PLANE",
    "INVOKE",
    "Operation",
    "Route",
    "find_operation",
    "unknown_operation",
]

INVOKE = ("InvokeModel", "InvokeModelWithResponseStream")
DATA_PLANE = ("ApplyGuardrail", "Converse", "ConverseStream", "CountTokens", *INVOKE)
BATCH = ("CreateModelInvocationJob", "GetModelInvocationJob", "StopModelInvocationJob")
CONTROL_PLANE = (
    *BATCH,
    "GetFoundationModel",
    "GetInferenceProfile",
    "ListFoundationModels",
    "ListInferenceProfiles",
)
_LABEL = re.compile(r"\{(\w+)(\+?)\}")


@frozen
class Operation:
    """One operation of the service.

    Attributes:
        name: As `ConverseStream`.
        service: `bedrock-runtime` or `bedrock`.
        method: The HTTP method.
        pattern: What its path looks like, percent-encoding included.
        input: The shape of its input, or `None`.
    """

    name: str
    service: str
    method: str
    pattern: re.Pattern[str]
    input: StructureShape | None


@frozen
class Route:
    """The operation that a request is for, and what its URL says."""

    operation: Operation
    uri: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.operation.name


def find_operation(method: str, path: str, query: str) -> Route | None:
    """Find the operation of a request by its method and its path as it was sent."""
    for operation in _operations():
        match = operation.pattern.fullmatch(path)
        if operation.name in (*DATA_PLANE, *CONTROL_PLANE) and match and operation.method == method:
            uri = {name: unquote(value) for name, value in match.groupdict().items()}
            return Route(operation, uri, dict(parse_qsl(query, keep_blank_values=True)))
    return None


def unknown_operation(method: str, path: str) -> Refusal:
    """The refusal of a request for no operation, or for one that AWS has and the emulator has not."""
    missing = next(
        (one.name for one in _operations() if one.method == method and one.pattern.fullmatch(path)),
        None,
    )
    if missing is None:
        return Refusal("UnknownOperationException", "")
    known = ", ".join(sorted((*DATA_PLANE, *CONTROL_PLANE)))
    msg = f"The Bedrock emulator does not have the operation {missing}. It has {known}."
    return Refusal("UnknownOperationException", msg)


@cache
def _operations() -> tuple[Operation, ...]:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    loader = Loader()
    found = []
    for service in ("bedrock-runtime", "bedrock"):
        model = ServiceModel(loader.load_service_model(service, "service-2"), service)
        names = model.operation_names
        found += [_operation(service, model.operation_model(name)) for name in names]
    return tuple(found)


def _operation(service: str, model: OperationModel) -> Operation:
    http: Mapping[str, Any] = model.http
    path = http["requestUri"].partition("?")[0]
    pattern, at = "", 0
    for label in _LABEL.finditer(path):
        inside = ".+" if label[2] else "[^/]*"
        pattern += f"{re.escape(path[at : label.start()])}(?P<{label[1]}>{inside})"
        at = label.end()
    pattern += re.escape(path[at:]) + "/?"
    return Operation(model.name, service, http["method"], re.compile(pattern), model.input_shape)
