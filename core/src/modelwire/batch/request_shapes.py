"""Batch lines in the shapes of services: an API's request with an id, read by the API's dialect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit

from attrs import frozen

from modelwire.dialects import Dialect
from modelwire.errors import PluginError
from modelwire.registry import Registry, installed_claims, load_dialect

__all__ = ["FoundRequest", "RequestShapes", "installed_shapes"]

_PARAMETER = re.compile(r"\\\{(\w+)(?::path)?\\\}")


@frozen
class FoundRequest:
    """A request of an API within a line.

    Attributes:
        dialect: The dialect that reads it.
        body: The request, not checked yet.
        place: The member of the line that holds it.
        model: The model that the URL names, or `None`.
    """

    dialect: Dialect
    body: Any
    place: str
    model: str | None = None


@frozen
class RequestShapes:
    """The batch lines of APIs: a URL with a body, or members that only one API has.

    Attributes:
        dialects: The dialects of the APIs.
    """

    dialects: tuple[Dialect, ...]

    @classmethod
    def of_plugins(cls, registry: Registry | None = None) -> Self:
        """Load the dialects of plugins; a broken one is left out.

        Args:
            registry: The plugins; by default the installed ones.
        """
        if registry is None:
            apis: Iterable[str] = {
                each.name for each in installed_claims() if each.kind == "dialects"
            }
        else:
            apis = registry.dialects()
        return cls(tuple(_loaded(sorted(apis), registry)))

    def of_url(self, url: str, body: Any) -> FoundRequest | None:
        """Find the API that is served at a URL, or at a path."""
        path = urlsplit(url).path
        for dialect in self.dialects:
            for template in dialect.paths:
                found = _template(template).fullmatch(path)
                if found is not None:
                    return FoundRequest(dialect, body, "body", found.groupdict().get("model"))
        return None

    def of_members(self, data: Mapping[str, Any]) -> FoundRequest | None:
        """Find the API whose batch lines have a member that the line has."""
        for dialect in self.dialects:
            members = _members(dialect)
            if members is not None and members[1] in data:
                return FoundRequest(dialect, data[members[1]], members[1])
        return None

    @property
    def id_members(self) -> frozenset[str]:
        """The names under which batch lines of APIs have their ids."""
        found = (_members(dialect) for dialect in self.dialects)
        return frozenset(members[0] for members in found if members is not None)


@cache
def installed_shapes() -> RequestShapes:
    """The batch lines of the APIs of the installed plugins, loaded once."""
    return RequestShapes.of_plugins()


def _members(dialect: Dialect) -> tuple[str, str] | None:
    """The members of an API's batch lines with the id and the request; see `Dialect`."""
    found: tuple[str, str] | None = getattr(dialect, "batch_members", None)
    return found


def _loaded(apis: Iterable[str], registry: Registry | None) -> Iterable[Dialect]:
    for api in apis:
        try:
            yield load_dialect(api, registry)
        except PluginError:
            continue  # `modelwire plugins` reports it; a line that needs it is an error of its own


@cache
def _template(path: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub(r"(?P<\1>.+)", re.escape(path)))
