"""The plugins of this project, so that one that is missing can be named."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from attrs import frozen

from modelwire.registry.claims import normalize_name

__all__ = ["PublishedPlugin", "how_to_install", "published_plugins"]


@frozen
class PublishedPlugin:
    """A plugin of this project, which can be installed.

    Attributes:
        distribution: The package's name.
        titles: The titles of its guides, which name what a user has.
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
        """Whether a name that a user gave is one of its names, however it is spelled."""
        return normalize_name(name) in map(normalize_name, self.names)


@cache
def published_plugins() -> tuple[PublishedPlugin, ...]:
    """The provider plugins of this project.

    They are read from `published.json`, which is made from the plugins' own metadata and guides. It is
    the one file of the core that names vendors.
    """
    text = Path(__file__).with_name("published.json").read_text(encoding="utf-8")
    return tuple(
        PublishedPlugin(
            each["distribution"],
            tuple(each["titles"]),
            frozenset(each["names"]),
            frozenset(each["apis"]),
            frozenset(each["auth"]),
        )
        for each in json.loads(text)
    )


def how_to_install(
    kind: Literal["apis", "auth"], name: str, installed: Iterable[str] = ()
) -> str | None:
    """Say which plugin of this project to install for an API or an auth mode; `None` for others.

    Args:
        kind: What the name is one of.
        name: The API or the mode.
        installed: Packages that are there already.
    """
    there = set(installed)
    found = [
        plugin.distribution
        for plugin in published_plugins()
        if name in getattr(plugin, kind) and plugin.distribution not in there
    ]
    return f"Run: pip install {found[0]}" if found else None
