"""Lazy exports: public names of a package, imported when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str,
    homes: Mapping[str, Sequence[str]],
    *,
    near: Sequence[str] = (),
    methods: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make the `__getattr__` and `__dir__` of a package with lazy exports.

    Args:
        package: The package's name.
        homes: Its modules, each with the names that are exported from it.
        near: Modules whose classes are not exported, and are mentioned where one of them is looked for here.
        methods: Names that are looked for here, each with the class of which it is a method.
    """
    module_of = {name: module for module, names in homes.items() for name in names}

    def get(name: str) -> object:
        if name not in module_of:
            msg = f"module {package!r} has no attribute {name!r}"
            if name in methods:
                msg += f"; it is a method of {methods[name]}"
            elif name[:1].isupper():
                found = (each for each in near if hasattr(import_module(f"{package}.{each}"), name))
                if home := next(found, None):
                    msg += f"; it is in {package}.{home}"
            raise AttributeError(msg, name=name, obj=sys.modules[package])
        value: object = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *module_of})

    return get, names
