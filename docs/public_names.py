"""The directive `public`: the public names of a package, as they are imported and in the order of the source.

    .. public:: modelwire.events
       :from: events

documents the names in `modelwire.events.__all__` that the module `modelwire.events.events` defines;
without `from`, all of them. `without` leaves names out.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from attrs import NOTHING, Factory, fields, has
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.domains.python import PyObject
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup"]


class _Public(SphinxDirective):
    required_arguments = 1
    option_spec = {"from": directives.unchanged, "without": directives.unchanged}  # noqa: RUF012 - docutils declares it so

    def run(self) -> list[nodes.Node]:
        package = self.arguments[0]
        wanted = self.options.get("from", "").split()
        homes = [f"{package}.{each}" for each in wanted]
        without = self.options.get("without", "").split()
        lines = [
            line
            for name, value, analyzer in _names(package, homes)
            if name not in without
            for line in _lines(package, name, value, analyzer)
        ]
        if not lines:
            raise self.error(f"{package} has no public name in {', '.join(wanted) or package}.")
        source = self.get_source_info()[0]
        return self.parse_text_to_nodes(StringList(lines, source=source))


def _names(package: str, wanted: list[str]) -> Iterator[tuple[str, Any, ModuleAnalyzer]]:
    """The public names by module and line, each with its value and its module."""
    module = import_module(package)
    placed: list[tuple[int, int, str, Any, ModuleAnalyzer]] = []
    order: dict[str, int] = {}
    for name in module.__all__:
        value = getattr(module, name)
        home = _home(package, name, value)
        if wanted and home not in wanted:
            continue
        analyzer = ModuleAnalyzer.for_module(home)
        analyzer.find_attr_docs()
        rank = wanted.index(home) if wanted else order.setdefault(home, len(order))
        placed.append((rank, analyzer.tagorder.get(name, 0), name, value, analyzer))
    for _, _, name, value, analyzer in sorted(placed, key=lambda each: each[:3]):
        yield name, value, analyzer


def _home(package: str, name: str, value: object) -> str:
    """The module that defines a name: of a constant, the one in whose source it is assigned."""
    if inspect.isclass(value) or inspect.isroutine(value):
        return str(value.__module__)
    for path, module in sorted(_modules(package)):
        analyzer = ModuleAnalyzer.for_module(path)
        analyzer.analyze()
        if name in analyzer.tagorder or (hasattr(module, "__all__") and name in module.__all__):
            return path
    return package


def _modules(package: str) -> list[tuple[str, Any]]:
    import sys

    found = [
        (path, module)
        for path, module in list(sys.modules.items())
        if path.startswith(f"{package}.") and getattr(module, "__file__", None)
    ]
    return [(path, module) for path, module in found if path.count(".") == package.count(".") + 1]


def _lines(package: str, name: str, value: object, analyzer: ModuleAnalyzer) -> list[str]:
    path = f"{package}.{name}"
    if inspect.isclass(value):
        kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
        return [f".. {kind}:: {path}", "   :members:", ""]
    if inspect.isroutine(value):
        return [f".. autofunction:: {path}", ""]
    doc = analyzer.attr_docs.get(("", name), [])
    return [f".. py:data:: {path}", "", *(f"   {line}" for line in doc), ""]


def _real_defaults(
    _app: Sphinx,
    _what: str,
    _name: str,
    value: object,
    _options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str | None, str | None]:
    """Show the value that a factory of attrs makes, in place of attrs' own placeholder."""
    if (
        signature is None
        or "NOTHING" not in signature
        or not (inspect.isclass(value) and has(value))
    ):
        return signature, returned
    ordered = sorted(fields(value), key=lambda each: each.kw_only)
    for each in ordered:
        if each.init and each.default is not NOTHING and isinstance(each.default, Factory):  # type: ignore[arg-type]
            factory = each.default.factory
            shown = f"{factory()!r}" if factory in (tuple, list, dict, set) else "..."
            signature = signature.replace("NOTHING", shown, 1)
    return signature, returned


def setup(app: Sphinx) -> None:
    """Register the directive, and call what objects hold their attributes."""
    for kind in PyObject.doc_field_types:
        if kind.name == "variable":
            kind.label = "Attributes"
    app.add_directive("public", _Public)
    app.connect("autodoc-process-signature", _real_defaults)
