"""Edits of JSON5 documents, and what they should do to the data: the plain way, to compare with."""

import copy

from hypothesis import strategies as st
from json5_documents import KEYS, VALUES, written

from modelwire.document.parser import parse, value_of


def paths_in(data, path=()):
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for step, item in items:
        yield (*path, step)
        yield from paths_in(item, (*path, step))


@st.composite
def edits(draw):
    """A text, a path that exists or could be created, and a value."""
    text = draw(written())
    data = value_of(parse(text).root)
    known = list(paths_in(data))
    path = draw(st.sampled_from(known)) if known and draw(st.booleans()) else ()
    parent = at(data, path)
    if isinstance(parent, list) and draw(st.booleans()):
        path = (*path, len(parent))
    elif isinstance(parent, dict) and (not path or draw(st.booleans())):
        path = (*path, *draw(st.lists(st.one_of(KEYS, st.just(0)), min_size=1, max_size=3)))
        path = reachable(data, path)
    return text, path, draw(VALUES)


def reachable(data, path):
    """Cut a path before it would lead through a scalar or past the end of a list."""
    for depth, step in enumerate(path):
        if isinstance(data, list):
            if not isinstance(step, int):
                return path[:depth]
            if step >= len(data):
                return path
        elif isinstance(data, dict):
            if str(step) not in data:
                return path
        else:
            return path if data is None and depth else path[:depth]
        data = data[step] if isinstance(data, list) else data[str(step)]
    return path


def at(data, path):
    for step in path:
        data = data[step]
    return data


def with_change(data, path, value):
    """The same document with one value set, the plain way."""
    data = copy.deepcopy(data)
    parent = data
    for depth, step in enumerate(path):
        key = str(step) if isinstance(parent, dict) else step
        last = depth == len(path) - 1
        fresh = value if last else [] if isinstance(path[depth + 1], int) else {}
        if isinstance(parent, list) and key == len(parent):
            parent.append(fresh)
        elif (
            last
            or key not in (parent if isinstance(parent, dict) else range(len(parent)))
            or parent[key] is None
        ):
            parent[key] = fresh
        parent = parent[key]
    return data
