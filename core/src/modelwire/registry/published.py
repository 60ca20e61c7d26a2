"""The packages of this project, so that errors can name a missing one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from modelwire.registry.claims import normalize_name

__all__ = ["PublishedPlugin", "how_to_install", "published_batch_runners", "published_plugins"]


@frozen
class PublishedPlugin:
    """An installable plugin of this project.

    Attributes:
        distribution: The package's name.
        titles: The titles of its guides, which name the user's access.
        names: The ids and aliases of its providers, and the names of their guides.
        apis: The wire APIs that it speaks.
        auth: The auth modes that it owns.
    """

    distribution: str
    titles: tuple[str, ...]
    names: frozenset[str]
    apis: frozenset[str]
    auth: frozenset[str]

    def covers(self, name: str) -> bool:
        """Whether a user's name is one of its names, in any spelling."""
        return normalize_name(name) in map(normalize_name, self.names)


@cache
def published_plugins() -> tuple[PublishedPlugin, ...]:
    """The provider plugins of this project."""
    return tuple(
        PublishedPlugin(
            each["distribution"],
            tuple(each["titles"]),
            frozenset(each["names"]),
            frozenset(each["apis"]),
            frozenset(each["auth"]),
        )
        for each in _published()["plugins"]
    )


def published_batch_runners() -> Mapping[str, str]:
    """The package of each batch runner of this project, by the name of the runner."""
    runners: Mapping[str, str] = _published()["batch_runners"]
    return runners


def _published() -> dict[str, Any]:
    """The data of `published.json`, which is made from the metadata and guides of the packages.

    It is the one file of the core that names vendors.
    """
    text = Path(__file__).with_name("published.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def how_to_install(
    kind: Literal["apis", "auth"], name: str, installed: Iterable[str] = ()
) -> str | None:
    """The plugin of this project to install for an API or an auth mode; `None` for others.

    Args:
        kind: The kind of the name.
        name: The API or the mode.
        installed: Packages that are installed.
    """
    there = set(installed)
    found = [
        plugin.distribution
        for plugin in published_plugins()
        if name in getattr(plugin, kind) and plugin.distribution not in there
    ]
    return f"Run: pip install {found[0]}" if found else None
