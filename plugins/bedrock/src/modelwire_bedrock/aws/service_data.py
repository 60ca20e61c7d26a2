"""The data of botocore about the Bedrock runtime, read without importing botocore.

botocore describes each service in files: operations, shapes, and rules for endpoints. Importing it
and making a client takes a fifth of a second; what one operation needs of the files is read in five
milliseconds.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import field, frozen

__all__ = ["Endpoints", "JsonOperation", "Shape", "endpoints", "exception_statuses", "operation_of"]

_SERVICE = "bedrock-runtime"
_SIGNED_AS = "bedrock"
_OWN_SCHEME = "aws.auth#sigv4"

_OF_SERVICE = frozenset({
    "apiVersion", "auth", "endpointPrefix", "jsonVersion", "protocol", "protocolSettings", "protocols",
    "serviceAbbreviation", "serviceFullName", "serviceId", "signatureVersion", "signingName", "uid",
})  # fmt: skip
_OF_OPERATION = frozenset({
    "documentation", "documentationUrl", "errors", "http", "idempotent", "input", "name", "output",
    "readonly",
})  # fmt: skip
_OF_HTTP = frozenset({"method", "requestUri", "responseCode"})
_OF_INPUT = frozenset({"documentation", "location", "locationName", "sensitive", "shape"})
"""The supported traits. Any other may change a request, which is then left to botocore."""

_URI = re.compile(r"(/[A-Za-z0-9/_-]+/)\{([A-Za-z]+)\}(/[A-Za-z0-9/_-]+)")
_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
_RULE = "https://bedrock-runtime.{Region}.{PartitionResult#dnsSuffix}"


@frozen
class JsonOperation:
    """An operation whose arguments are one part of the path and a body of JSON.

    Attributes:
        method: The method of HTTP.
        before: The path before the argument in it.
        argument: The name of that argument.
        behind: The path after it.
        shape: The shape of all arguments.
    """

    method: str
    before: str
    argument: str
    behind: str
    shape: Shape = field(repr=False)


@frozen
class Endpoints:
    """The endpoints of the runtime that are neither FIPS nor dual-stack ones.

    Attributes:
        suffixes: The end of the host's name by region, for each region that botocore lists.
        has_rule: Whether botocore makes endpoints by the one rule that is known here.
    """

    suffixes: Mapping[str, str] = field(repr=False)
    has_rule: bool

    def url(self, region: str) -> str | None:
        """The address of the runtime in a region, or `None` where botocore has to find it."""
        suffix = self.suffixes.get(region)
        if suffix is None or not self.has_rule:
            return None
        return f"https://{_SERVICE}.{region}.{suffix}"

    def lists(self, region: str) -> bool:
        """Whether a region is one that botocore lists."""
        return region in self.suffixes


class Shape:
    """A shape of the service model, as `botocore.model` shows it.

    Args:
        name: Its name.
        shapes: All shapes of the service, by name.
        traits: What a member adds to its shape.
    """

    def __init__(self, name: str, shapes: Mapping[str, Any], traits: Mapping[str, Any]) -> None:
        self.name = name
        self._shapes = shapes
        self._traits = {**shapes[name], **traits}

    @property
    def type_name(self) -> str:
        """The type, such as `structure`."""
        kind: str = self._traits["type"]
        return kind

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The limits of its values, by name."""
        return self._traits

    @cached_property
    def serialization(self) -> Mapping[str, Any]:
        """How it is written, where that is not by its name in the body."""
        found = {key: self._traits[key] for key in _WRITTEN if key in self._traits}
        if "locationName" in self._traits:
            found["name"] = self._traits["locationName"]
        return found

    @property
    def is_document_type(self) -> bool:
        """Whether its values are any JSON."""
        return bool(self._traits.get("document", False))

    @property
    def is_tagged_union(self) -> bool:
        """Whether a value has exactly one of the members."""
        return bool(self._traits.get("union", False))

    @cached_property
    def members(self) -> Mapping[str, Shape]:
        """The members of a structure."""
        return {name: self._other(member) for name, member in self._traits["members"].items()}

    @cached_property
    def member(self) -> Shape:
        """The items of a list."""
        return self._other(self._traits["member"])

    @cached_property
    def key(self) -> Shape:
        """The keys of a map."""
        return self._other(self._traits["key"])

    @cached_property
    def value(self) -> Shape:
        """The values of a map."""
        return self._other(self._traits["value"])

    def _other(self, reference: Mapping[str, Any]) -> Shape:
        return Shape(reference["shape"], self._shapes, reference)


_WRITTEN = (
    "eventpayload", "flattened", "hostLabel", "idempotencyToken", "jsonvalue", "location", "payload",
    "queryName", "streaming", "timestampFormat", "xmlAttribute", "xmlNamespace",
)  # fmt: skip


def operation_of(name: str) -> JsonOperation | None:
    """An operation of the runtime; reads a file.

    Args:
        name: Its name as the method of a client, such as `converse_stream`.

    Returns:
        The operation; `None` where botocore's data is not found, or says more about the operation
        than is understood here.
    """
    model = _read("service-2")
    if model is None or not _is_signed_json(model["metadata"]):
        return None
    found = model["operations"].get("".join(part.capitalize() for part in name.split("_")))
    if found is None or not (set(found) <= _OF_OPERATION and set(found["http"]) <= _OF_HTTP):
        return None
    uri = _URI.fullmatch(found["http"]["requestUri"])
    if uri is None or "input" not in found:
        return None
    shape = Shape(found["input"]["shape"], model["shapes"], found["input"])
    members = shape.metadata["members"]
    located = {key for key, member in members.items() if "location" in member}
    simple = all(set(member) <= _OF_INPUT for member in members.values())
    if not simple or located != {uri[2]} or members[uri[2]]["location"] != "uri":
        return None
    return JsonOperation(found["http"]["method"], uri[1], uri[2], uri[3], shape)


@lru_cache(maxsize=1)
def endpoints() -> Endpoints:
    """The endpoints of the runtime; reads files the first time."""
    folder = _data()
    path = folder / "partitions.json" if folder else None
    partitions = json.loads(path.read_bytes())["partitions"] if path and path.exists() else ()
    suffixes = {
        region: partition["outputs"]["dnsSuffix"]
        for partition in partitions
        for region in partition["regions"]
        if _REGION.fullmatch(region) and not partition["regions"][region].get("outputs")
    }
    return Endpoints(suffixes, _has_rule(_read("endpoint-rule-set-1")))


def exception_statuses() -> Mapping[str, int]:
    """The HTTP status of each exception of the runtime that has one, by name; reads a file."""
    model = _read("service-2") or {"shapes": {}}
    return {
        name: shape["error"]["httpStatusCode"]
        for name, shape in model["shapes"].items()
        if shape.get("exception") and "httpStatusCode" in shape.get("error", {})
    }


def _is_signed_json(metadata: Mapping[str, Any]) -> bool:
    protocols = metadata.get("protocols", [metadata.get("protocol")])
    schemes = metadata.get("auth", [_OWN_SCHEME])
    return (
        set(metadata) <= _OF_SERVICE
        and protocols == ["rest-json"]
        and metadata.get("signatureVersion") == "v4"
        and metadata.get("signingName") == _SIGNED_AS
        and schemes[0] == _OWN_SCHEME
    )


def _has_rule(rules: Any) -> bool:
    """Whether the rules know these parameters alone, and every region has the one endpoint."""
    if rules is None or set(rules["parameters"]) != {
        "Region",
        "UseDualStack",
        "UseFIPS",
        "Endpoint",
    }:
        return False
    found = list(_endpoints_in(rules, ()))
    plain = [
        endpoint["url"]
        for endpoint, required in found
        if not required & {"UseFIPS", "UseDualStack"}
    ]
    simple = all(not endpoint.get("headers") for endpoint, _ in found)
    simple = simple and all(not endpoint.get("properties") for endpoint, _ in found)
    return simple and plain == [{"ref": "Endpoint"}, _RULE]


def _endpoints_in(rule: Any, required: tuple[str, ...]) -> Iterator[tuple[Any, frozenset[str]]]:
    """Each endpoint of a tree of rules, with the parameters that have to be true or set for it."""
    for condition in rule.get("conditions", ()):
        required += tuple(part["ref"] for part in condition["argv"] if "ref" in _table(part))
    if "endpoint" in rule:
        yield rule["endpoint"], frozenset(required)
    for inner in rule.get("rules", ()):
        yield from _endpoints_in(inner, required)


def _table(part: Any) -> Mapping[str, Any]:
    return part if isinstance(part, Mapping) else {}


def _read(name: str) -> Any:
    """A file of the newest description of the service, or `None` where there is none."""
    folder = _data()
    versions = sorted((folder / _SERVICE).glob("*/")) if folder else []
    for path in (
        (versions[-1] / f"{name}.json.gz", versions[-1] / f"{name}.json") if versions else ()
    ):
        if path.exists():
            data = path.read_bytes()
            return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    return None


def _data() -> Path | None:
    spec = find_spec("botocore")
    found = spec.submodule_search_locations if spec else None
    return Path(found[0], "data") if found else None
