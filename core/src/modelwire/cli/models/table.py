"""The table of `modelwire models list`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelwire.cli.cells import align, first_room, width
from modelwire.cli.models.rows import Row

__all__ = ["table_of"]

_HEADER = ("Model", "Input", "Ctx", "Local", "Auth", "Tags")
_WIDTHS = (42, 10, 11, 5, 5)
_LESS_NEEDED = (("Input",), ("Input", "Local"))
_ENOUGH = 0.75


def table_of(rows: Sequence[Row], room: int | None) -> Iterator[str]:
    """Write the rows as lines.

    Where most names would not fit beside the other columns, some of these are left out.

    Args:
        rows: The models.
        room: Cells that a line has, or `None` for no limit.
    """
    table = [_HEADER, *(row.cells() for row in rows)]
    if room is None or _fitting(table, room) >= _ENOUGH:
        yield from align(table, usual=_WIDTHS, room=room)
        return
    for missing in _LESS_NEEDED:
        kept = [at for at, name in enumerate(_HEADER) if name not in missing]
        narrow = [tuple(cells[at] for at in kept) for cells in table]
        if _fitting(narrow, room) >= _ENOUGH:
            break
    yield from align(narrow, room=room)


def _fitting(table: Sequence[Sequence[str]], room: int) -> float:
    """The share of rows whose name fits beside the other columns."""
    widths = [max(map(width, column)) for column in zip(*table, strict=True)]
    left = first_room(widths, room)
    return sum(width(cells[0]) <= left for cells in table) / len(table)
