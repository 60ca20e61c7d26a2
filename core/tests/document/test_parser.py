import math

import pytest

from modelwire.document.lexer import SyntaxMistake
from modelwire.document.parser import parse, value_of
from modelwire.document.paths import MAX_DEPTH


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{unquoted: \'single\', "double": "d"}', {"unquoted": "single", "double": "d"}),
        ("{$a_1: 1, ünï: 2, \\u0061b: 3}", {"$a_1": 1, "ünï": 2, "ab": 3}),
        ("[0x1F, -0Xa, +1, .5, 5., -5.5e-1, 1E2]", [31, -10, 1, 0.5, 5.0, -0.55, 100.0]),
        ("[Infinity, -Infinity, +Infinity]", [math.inf, -math.inf, math.inf]),
        ("[1, 2,]", [1, 2]),
        ("{a: 1,}", {"a": 1}),
        ("'it\\'s \\x41\\u0042\\n\\v\\0\\q'", "it's AB\n\v\0q"),
        ("'two \\\nlines \\\r\nmore'", "two lines more"),
        (r'"\ud83d\ude00"', "😀"),
        ("'\u2028 and\ttab'", "\u2028 and\ttab"),
        ("\ufeff\u00a0// c\n/* a * / b **/ null // end", None),
        ("{a: 1, a: 2}", {"a": 2}),
        ("[true, false, null]", [True, False, None]),
    ],
)
def test_every_form_of_json5_is_read(text, value):
    assert value_of(parse(text).root) == value


def test_not_a_number_is_read():
    assert math.isnan(value_of(parse("NaN").root))


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("{a: 1 b: 2}", 1, 7, 'expected "," or "}" after a value, found "b"'),
        ("{\n  a: 1\n", 3, 1, 'expected "," or "}" after a value, found the end of the file'),
        ("[1, 2", 1, 6, 'expected "," or "]" after a value, found the end of the file'),
        ("{a 1}", 1, 4, 'expected ":" after a key, found "1"'),
        ("{1: 1}", 1, 2, 'expected a key or "}", found "1"'),
        ("{a: sk-123}", 1, 5, 'expected a value, found "s"; put text in quotes'),
        ("{a: }", 1, 5, 'expected a value, found "}"'),
        ("[,]", 1, 2, 'expected a value, found ","'),
        ("{a: 'x\n'}", 1, 5, "this string has no end: the closing quote is missing on its line"),
        ("{} /* x", 1, 4, "this comment has no end: */ is missing"),
        ("{} x", 1, 4, 'the document ends before this, yet there is "x"'),
        (
            "[01]",
            1,
            3,
            "this number is directly followed by something that is not part of it",
        ),
        (r"['a\u00g0']", 1, 4, r"\u00 is not an escape that JSON5 knows"),
        (r"['\1']", 1, 3, r"\1 is not an escape that JSON5 knows"),
        (r"['\01']", 1, 3, r"\0 is not an escape that JSON5 knows"),
        (f"[{'1' * 5000}]", 1, 2, "this number has too many digits"),
        ("{'\"': \"}", 1, 7, "this string has no end: the closing quote is missing on its line"),
        ('{a: 1 "b": 2}', 1, 7, """expected "," or "}" after a value, found '"'"""),
    ],
)
def test_a_mistake_is_named_with_its_place(text, line, column, message):
    with pytest.raises(SyntaxMistake) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value) == message


def test_nesting_has_a_limit_and_no_recursion():
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH).root is not None
    with pytest.raises(SyntaxMistake, match="nested more than 200 levels deep"):
        parse("[" * 100_000)


def test_nodes_know_where_they_stand():
    text = "// c\n{ /* d */ key : [1, 'two' ,], }"
    tree = parse(text)
    member = tree.root.items[0]
    assert text[member.start : member.key_end] == "key"
    assert text[member.node.start : member.node.end] == "[1, 'two' ,]"
    assert text[member.node.items[1].start : member.node.items[1].end] == "'two'"
    assert text[member.comma] == ","
    assert [text[comment.start : comment.end] for comment in tree.comments] == ["// c", "/* d */"]


def test_a_path_has_a_line():
    tree = parse('{\r\n  a: {\r\n    "b.c": [\r\n      1,\r\n      2,\r\n    ],\r\n  },\r\n}')
    assert tree.line(("a",)) == 2
    assert tree.line(("a", "b.c")) == 3
    assert tree.line(("a", "b.c", 1)) == 5
    assert tree.line(("a", "b.c", 7)) == 3
    assert tree.line(("a", "missing", "too")) == 2
    assert tree.line(()) == 1


def test_keys_that_come_twice_are_found_anywhere():
    tree = parse("{a: 1,\nb: [{c: 1,\n\n c: 2}],\n'a': 3}")
    assert sorted(tree.duplicates(), key=str) == [(("a",), 1, 5), (("b", 0, "c"), 2, 4)]


def test_a_text_of_comments_alone_has_no_root():
    assert parse(" // nothing here\n").root is None
