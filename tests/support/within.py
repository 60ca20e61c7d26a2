"""What stands in an object and in all that it holds, as a crash reporter would find it."""

import inspect
import types
from collections import deque
from collections.abc import Iterator, Mapping, Set

__all__ = ["places_of"]

# Code, and what a frame had at hand, are no attributes of an error.
_NO_DATA = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.TracebackType,
    types.FrameType,
    types.CodeType,
    types.GeneratorType,
    types.AsyncGeneratorType,
    types.CoroutineType,
)


def places_of(mark: str, found: object, name: str = "error") -> list[str]:
    """Say where a mark stands, however deep: attributes, slots, keys, values, causes, contexts.

    Args:
        mark: What is looked for, in texts and in bytes.
        found: What is searched.
        name: What the places begin with.
    """
    seen: dict[int, object] = {}
    rest = [(name, found)]
    places = []
    while rest:
        place, one = rest.pop()
        if isinstance(one, str | bytes | bytearray | memoryview):
            text = one if isinstance(one, str) else bytes(one).decode("latin-1")
            if mark in text:
                places.append(place)
        elif one is not None and id(one) not in seen and not isinstance(one, _NO_DATA):
            seen[id(one)] = one  # kept, so that no other object gets its address
            rest += [(f"{place}{step}", inner) for step, inner in _inside(one)]
    return places


def _inside(one: object) -> Iterator[tuple[str, object]]:
    if isinstance(one, Mapping):
        yield from ((f"[{key!r}]", value) for key, value in one.items())
        yield from ((" key", key) for key in one)
    elif isinstance(one, list | tuple | deque | Set):
        yield from ((f"[{number}]", value) for number, value in enumerate(one))
    if isinstance(one, BaseException):
        names = ("args", "__cause__", "__context__", "object", "filename", "doc", "exceptions")
        yield from ((f".{name}", getattr(one, name, None)) for name in names)
        # What has neither attributes nor slots may still be printed.
        yield from ((" as text", str(one)), (" as repr", repr(one)))
    yield from ((f".{name}", value) for name, value in getattr(one, "__dict__", {}).items())
    for kind in type(one).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            value = inspect.getattr_static(one, name, None)
            if isinstance(value, types.MemberDescriptorType):
                yield f".{name}", getattr(one, name, None)
