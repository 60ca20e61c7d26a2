"""The public names of modelwire, each with its signature, as text.

`python tests/support/public_api.py` writes it to `tests/public_api.txt`, where a change of it is seen
in review.
"""

import contextlib
import enum
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import modelwire

LISTED = Path(__file__).parents[1] / "public_api.txt"
PRIVATE = {
    "modelwire._lazy",
    "modelwire.closable",
    "modelwire.document",
    "modelwire.structuring",
    "modelwire.text",
}


PACKAGES_OF_PLUGINS = ("modelwire_bedrock.emulator",)
"""What plugins offer to programs, apart from their hooks."""


def public_api() -> str:
    """Every module that the documentation names, with what it exports."""
    return "\n".join(line for name in _modules() for line in _module(name)).rstrip() + "\n"


def public_signatures() -> Iterator[tuple[str, inspect.Signature]]:
    """Every function, constructor and method that programs may call, with its signature."""
    for module in (*_modules(), *PACKAGES_OF_PLUGINS):
        for export in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), export)
            called = {} if is_protocol(value) else {export: value}
            if inspect.isclass(value):
                members = _members(value).items()
                called |= {f"{export}.{name}": each for name, each in members}
            for name, each in called.items():
                function = getattr(each, "__func__", each)
                if inspect.isclass(function) or inspect.isroutine(function):
                    with contextlib.suppress(TypeError, ValueError):  # it is built in
                        yield f"{module}.{name}", inspect.signature(function)


def is_protocol(value: Any) -> bool:
    """Whether something is a protocol, which is implemented and never made: it has no constructor."""
    return getattr(value, "_is_protocol", False) is True


def _modules() -> list[str]:
    return ["modelwire", *sorted(_rooms()), "modelwire.hookspecs.specs"]


def _rooms() -> Iterator[str]:
    for found in pkgutil.iter_modules(modelwire.__path__, "modelwire."):
        if not found.name.rpartition(".")[2].startswith("_") and found.name not in PRIVATE:
            yield found.name


def _module(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    yield f"[{name}]"
    for export in sorted(module.__all__):
        value = getattr(module, export)
        if name == "modelwire" and hasattr(value, "__module__"):
            # The same names stand in their rooms, with all that belongs to them.
            yield f"{export}: {'.'.join(value.__module__.split('.')[:2])}"
        else:
            yield from _export(export, value)
    yield ""


def _export(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        yield f"enum {name}: {', '.join(value.__members__)}"
    elif inspect.isclass(value):
        bases = [base.__name__ for base in value.__bases__ if base is not object]
        made = "" if is_protocol(value) else _signature(value, init=True)
        yield f"class {name}({', '.join(bases)}){made}"
        members = _members(value)
        for member in sorted(members):
            yield from _member(member, members[member])
    elif inspect.isroutine(value):
        kind = "async def" if inspect.iscoroutinefunction(value) else "def"
        yield f"{kind} {name}{_signature(value)}"
    elif get_origin(value) is Literal:
        yield f"type {name}: {', '.join(sorted(map(repr, get_args(value))))}"
    elif get_args(value):
        yield f"type {name}: {' | '.join(sorted(_name(part) for part in get_args(value)))}"
    else:
        yield f"{name}: {type(value).__name__}"


def _members(value: type) -> dict[str, Any]:
    """What a class offers: what it defines itself, and what a private base defines for it."""
    members: dict[str, Any] = {}
    for base in reversed(value.__mro__):
        if base is value or (base.__name__.startswith("_") and base.__module__ == value.__module__):
            members |= {name: each for name, each in vars(base).items() if name[0] != "_"}
    return members


def _member(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, property):
        yield f"  {name}{_returned(value.fget)}"
    elif isinstance(value, classmethod | staticmethod):
        kind = type(value).__name__
        yield f"  {kind} {name}{_signature(value.__func__)}"
    elif inspect.isroutine(value):
        kind = "async def" if inspect.iscoroutinefunction(value) else "def"
        yield f"  {kind} {name}{_signature(value)}"
    elif isinstance(value, str | int | float | bool | None):
        yield f"  {name} = {value!r}"
    else:
        yield f"  {name}"


def _signature(value: Any, *, init: bool = False) -> str:
    try:
        text = str(inspect.signature(value))
    except (TypeError, ValueError):
        return "(...)"
    if init:
        text = text.removesuffix(" -> None").removesuffix(" -> 'None'")
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return text.replace("'", "")


def _returned(function: Any) -> str:
    return f" -> {inspect.signature(function).return_annotation}".replace("'", "")


def _name(part: Any) -> str:
    return part.__name__ if inspect.isclass(part) and not get_args(part) else str(part)


if __name__ == "__main__":
    LISTED.write_text(public_api(), encoding="utf-8")
