"""Settings of the documentation site; `make docs` builds it into build/docs."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from pages_from_code import write_pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "modelwire"
author = "The modelwire authors"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name
version = release = version_of("modelwire")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "modelwire"
html_show_sphinx = False

# A command that goes over several lines is not wrong for that.
suppress_warnings = ["misc.highlighting_failure"]

myst_heading_anchors = 3

# Docstrings are written in plain text with words of code in single backticks.
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_use_ivar = True
napoleon_use_rtype = False

_SECTION = re.compile(r"(Args|Attributes|Raises|Warns|Returns|Yields|Note):$")


def _indented_text_is_code(
    _app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """Mark indented examples in docstrings as code, outside the sections of Google's style."""
    written: list[str] = []
    section = code = False
    for line in lines:
        indented = line.startswith("    ")
        if line and not indented:
            section = bool(_SECTION.match(line))
            code = False
        if indented and not section and not code and (not written or not written[-1]):
            written += ["::", ""]
            code = True
        written.append(line)
    lines[:] = written


def setup(app: Sphinx) -> None:
    """Connect what happens at build time; Sphinx calls it."""
    app.connect("autodoc-process-docstring", _indented_text_is_code, priority=400)
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir)))
