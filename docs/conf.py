"""Settings of the documentation site; `make docs` builds it into build/docs."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from pages_from_code import write_pages
from pygments.lexers.shell import BashLexer, BashSessionLexer
from pygments.token import Name, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

project = "modelwire"
author = "The modelwire authors"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name
version = release = version_of("modelwire")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "public_names",
]
html_theme = "furo"
html_title = "modelwire"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

# Only what was typed is copied: no prompt, and no output.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
copybutton_here_doc_delimiter = "EOF"

# A command that goes over several lines is not wrong for that.
suppress_warnings = ["misc.highlighting_failure"]

# Parts of pages, which are no pages themselves.
exclude_patterns = ["_made/*.md"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

# Docstrings are written in plain text with words of code in single backticks.
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
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


class _Commands(BashLexer):
    """Bash, in which an argument such as `local` or `complete` is not colored as a builtin."""

    def get_tokens_unprocessed(self, text: str, *args: Any) -> Iterator[tuple[int, Any, str]]:
        for at, kind, value in super().get_tokens_unprocessed(text, *args):
            yield at, Text if kind in Name.Builtin else kind, value


class _Console(BashSessionLexer):
    """A session in a shell, with the words of commands in one color."""

    _innerLexerCls = _Commands  # noqa: N815 - Pygments' name


def setup(app: Sphinx) -> None:
    """Connect what happens at build time; Sphinx calls it."""
    app.add_lexer("console", _Console)
    app.connect("autodoc-process-docstring", _indented_text_is_code, priority=400)
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir)))
