"""The table of `modelwire models list`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelwire.cli.cells import align, first_room, width
from modelwire.cli.models.rows import Row

__all__ = ["table_of"]

_HEADER = ("Model", "Input", "Ctx", "Local", "Auth", "Tags")
_WIDTHS = (42, 10, 11, 5, 5)
_LEFT_OUT = ((), ("Input",), ("Input", "Local"))
_ENOUGH = 0.75


def table_of(rows: Sequence[Row], room: int | None) -> Iterator[str]:
    """Write the rows as lines.

    Where most names would not fit beside the other columns, some of these are left out.

    Args:
        rows: The models.
        room: Cells that a line has, or `None` for no limit.
    """
    table = [_HEADER, *(row.cells() for row in rows)]
    if room is None:
        yield from align(table, usual=_WIDTHS)
        return
    tables = [_without(table, names) for names in _LEFT_OUT]
    shares = [_fitting(narrow, room) for narrow in tables]
    enough = next((n for n, share in enumerate(shares) if share >= _ENOUGH), None)
    chosen = shares.index(max(shares)) if enough is None else enough
    yield from align(tables[chosen], usual=_WIDTHS if chosen == 0 else (), room=room)


def _without(table: Sequence[Sequence[str]], names: Sequence[str]) -> list[Sequence[str]]:
    kept = [at for at, name in enumerate(_HEADER) if name not in names]
    return [[cells[at] for at in kept] for cells in table]


def _fitting(table: Sequence[Sequence[str]], room: int) -> float:
    """The share of rows whose name fits beside the other columns."""
    left = first_room(table, room)
    return sum(width(cells[0]) <= left for cells in table) / len(table)
