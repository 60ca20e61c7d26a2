"""The rows of `modelwire models list`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field, frozen

from modelwire.catalog import Listing
from modelwire.cli.text import aligned_rows, first_room, printable, width
from modelwire.config import Config
from modelwire.errors import UnknownModel
from modelwire.models import Model, ModelRef
from modelwire.registry import Registry
from modelwire.runtime.resolver import full_ref

__all__ = ["Row", "Table", "chosen_texts", "resolved", "rows_of", "table_of"]

_LOOPBACK = ("localhost", "127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1")  # noqa: S104 - compared


@define
class Row:
    """One model of the list.

    Attributes:
        key: The reference.
        model: What is known of it, or `None` where no list has it.
        available: Whether it could be called; `None` where it is not known.
        tags: What the configuration says of it, such as `default`, `fallback#1` or `alias:fast`.
    """

    key: str
    model: Model | None = None
    available: bool | None = None
    tags: list[str] = field(factory=list)

    @property
    def local(self) -> bool:
        """Whether the model runs on this machine."""
        if self.model is None:
            return False
        if self.model.local or not self.model.base_url:
            return bool(self.model.local)
        return urlsplit(self.model.base_url).hostname in _LOOPBACK

    @property
    def provider(self) -> str:
        """The id of its provider."""
        return self.key.partition("/")[0]

    def has(self, text: str) -> bool:
        """Whether each word of a text is a part of the reference or the name; case does not matter."""
        name = self.model.name if self.model and self.model.name else ""
        where = f"{self.key} {name}".casefold()
        return all(word in where for word in text.casefold().split())

    def to_json(self) -> dict[str, Any]:
        """The row for programs."""
        model = self.model
        return {
            "key": self.key,
            "name": model.name if model else self.key,
            "input": "+".join(model.input) if model and model.input else "-",
            "output": "+".join(model.output) if model and model.output else "-",
            "contextWindow": model.context_window if model else None,
            "contextTokens": model.context_tokens if model else None,
            "maxTokens": model.max_tokens if model else None,
            "reasoning": model.reasoning if model else None,
            "local": self.local if model else None,
            "available": self.available,
            "tags": self.tags,
            "missing": model is None,
        }

    def cells(self) -> tuple[str, ...]:
        """The row for the table: model, input, context, local, auth, tags."""
        data = self.to_json()
        context = _thousands(data["contextTokens"]), _thousands(data["contextWindow"])
        shown = "/".join(part for part in context if part) or "-"
        local = {True: "yes", False: "no", None: "-"}[data["local"]]
        auth = {True: "yes", False: "no", None: "?"}[self.available]
        return self.key, data["input"], shown, local, auth, ",".join(self.tags)


def rows_of(
    config: Config,
    registry: Registry,
    listings: Iterable[Listing],
    *,
    provider: str | None = None,
    local: bool = False,
    search: str = "",
) -> list[Row]:
    """The primary model, the fallbacks, other configured ones, then what was discovered.

    Args:
        config: The configuration.
        registry: The installed plugins.
        listings: The known facts about the models of each provider.
        provider: The only provider to list, by its own id.
        local: Whether to list only models on this machine.
        search: Words in the references or names of the models to list.
    """
    rows: dict[str, Row] = {}
    known = {str(model.ref): (model, listing) for listing in listings for model in listing.models}

    def add(key: str, tag: str | None) -> None:
        model, listing = known.get(key, (None, None))
        row = rows.setdefault(key, Row(key, model))
        if model is not None and listing is not None:
            states = {"usable": True, "unusable": False, "unknown": None}
            row.available = True if row.local else states[listing.credentials.state]
        if tag is not None and tag not in row.tags:
            row.tags.append(tag)

    for text, tag in [*chosen_texts(config), *_entries(config)]:
        ref = resolved(config, registry, text)
        if ref is not None:
            add(str(ref), tag)
    for key, (model, _) in known.items():
        add(key, "configured" if "configured" in model.sources else None)
    for alias, text in config.aliases().items():
        ref = resolved(config, registry, text)
        if ref is not None and str(ref) in rows:
            rows[str(ref)].tags.append(f"alias:{alias}")
    for row in rows.values():
        if row.model is None:
            row.tags.append("missing")
        elif not row.model.may_answer:
            row.tags.append("embedding")
    return [
        row
        for row in rows.values()
        if provider in (None, row.provider) and (row.local or not local) and row.has(search)
    ]


def chosen_texts(config: Config) -> list[tuple[str, str]]:
    """The configured primary model and fallbacks, each with its tag."""
    chosen = config.agents.defaults.model
    named = [(chosen.primary, "default")] if chosen.primary else []
    return named + [(ref, f"fallback#{n}") for n, ref in enumerate(chosen.fallbacks, start=1)]


def resolved(config: Config, registry: Registry, text: str) -> ModelRef | None:
    """The reference that a text resolves to; `None` for a bare name or an unknown one."""
    try:
        return full_ref(registry, config.expand_alias(text))
    except UnknownModel:
        return None


def _entries(config: Config) -> list[tuple[str, str]]:
    return [
        (key, "configured")
        for key in config.agents.defaults.models
        if ModelRef.parse(key) and not key.strip().endswith("*")
    ]


def _thousands(tokens: int | None) -> str:
    return "" if tokens is None else f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)


_HEADER = ("Model", "Input", "Ctx", "Local", "Auth", "Tags")
_WIDTHS = (42, 10, 11, 5, 5)
_LEFT_OUT = ((), ("Input",), ("Input", "Local"))
_ENOUGH = 0.75


@frozen
class Table:
    """The rows as lines.

    Attributes:
        lines: The lines, with the headings.
        left_out: The columns for which there was no room.
    """

    lines: list[str]
    left_out: tuple[str, ...] = ()


def table_of(rows: Sequence[Row], room: int | None) -> Table:
    """Write the rows as lines, those of each provider together.

    Where the room is limited, several providers have a heading each; and where most names would not fit
    beside the other columns, some of these are left out.

    Args:
        rows: The models.
        room: Cells that a line has, or `None` for no limit.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.provider, []).append(row)
    table = [_HEADER, *(row.cells() for group in groups.values() for row in group)]
    if room is None:
        return Table([line for lines in aligned_rows(table, usual=_WIDTHS) for line in lines])
    tables = [_without(table, names) for names in _LEFT_OUT]
    shares = [_fitting(narrow, room) for narrow in tables]
    enough = next((n for n, share in enumerate(shares) if share >= _ENOUGH), None)
    chosen = shares.index(max(shares)) if enough is None else enough
    written = aligned_rows(tables[chosen], usual=_WIDTHS if chosen == 0 else (), room=room)
    lines = [*next(written)]
    for provider, group in groups.items():
        if len(groups) > 1:
            lines += ["", printable(f"{provider}: {len(group)}")]
        lines += [line for _ in group for line in next(written)]
    return Table(lines, _LEFT_OUT[chosen])


def _without(table: Sequence[Sequence[str]], names: Sequence[str]) -> list[Sequence[str]]:
    kept = [at for at, name in enumerate(_HEADER) if name not in names]
    return [[cells[at] for at in kept] for cells in table]


def _fitting(table: Sequence[Sequence[str]], room: int) -> float:
    """The share of rows whose name fits beside the other columns."""
    left = first_room(table, room)
    return sum(width(cells[0]) <= left for cells in table) / len(table)
