"""JSON5 documents in every way that the grammar allows, for tests of what they must survive."""

import json

from hypothesis import strategies as st

from modelwire.document.lexer import is_name
from modelwire.document.parser import parse

KEYS = st.one_of(
    st.sampled_from(["a", "b", "c", "$x", "_y", "null", "ünï", "a.b", "", "it's", "x y", "0", "1"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)
TEXTS = st.one_of(
    st.sampled_from(["", "x", "it's", 'say "x"', "// no comment", "/* no */", "{", "\u2028", "\\"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)


def containers(inner):
    return st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4))


VALUES = st.recursive(SCALARS, containers, max_leaves=6)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)


class Writer:
    """Writes data as JSON5 in every way that the grammar allows."""

    def __init__(self, draw, newline, odd):
        self.draw = draw
        self.newline = newline
        self.odd = odd
        self.count = 0

    def gap(self):
        """White space and comments, as odd as they get; every comment is unlike all others."""
        if not self.odd or self.draw(st.integers(0, 3)):
            return self.draw(st.sampled_from(["", "", " "]))
        pieces = ""
        for kind in self.draw(st.lists(st.integers(0, 5), max_size=3)):
            self.count += 1
            pieces += [
                " ",
                "\t",
                self.newline,
                f"// {self.count} }}],:\"'{self.newline}",
                f"/* {self.count} ' \" , ] */",
                f"/* {self.count}{self.newline} * }} **/",
            ][kind]
        return pieces

    def value(self, value, indent):
        if isinstance(value, dict):
            parts = [
                f"{self.key(k)}{self.gap()}:{self.gap()}{self.value(v, indent + '  ')}"
                for k, v in value.items()
            ]
            return self.container("{", parts, "}", indent)
        if isinstance(value, list):
            return self.container("[", [self.value(v, indent + "  ") for v in value], "]", indent)
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, bool) or value is None:
            return json.dumps(value)
        return self.number(value)

    def container(self, opening, parts, closing, indent):
        lines = self.draw(st.booleans())
        before = self.newline + indent + "  " if lines else ""
        text = opening
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            comma = "," if not last or self.draw(st.booleans()) else ""
            text += before + self.gap() + part + self.gap() + comma + self.gap()
        if not parts:
            text += self.gap()
        return text + (self.newline + indent if lines else "") + closing

    def key(self, key):
        if is_name(key) and self.draw(st.booleans()):
            return key
        return self.string(key)

    def string(self, text):
        quote = self.draw(st.sampled_from("\"'"))
        written = json.dumps(text, ensure_ascii=False)[1:-1]
        if quote == "'":
            written = written.replace('\\"', '"').replace("'", "\\'")
        if self.odd and self.draw(st.integers(0, 9)) == 0:
            written += "\\" + self.newline
        return quote + written + quote

    def number(self, number):
        if isinstance(number, int) and self.draw(st.booleans()):
            sign = "-" if number < 0 else self.draw(st.sampled_from(["", "+"]))
            return f"{sign}0x{abs(number):X}"
        return json.dumps(number)


@st.composite
def written(draw, documents=DOCUMENTS):
    writer = Writer(draw, draw(st.sampled_from(["\n", "\r\n"])), draw(st.booleans()))
    return writer.gap() + writer.value(draw(documents), "") + writer.gap()


def comments(text):
    return [text[comment.start : comment.end] for comment in parse(text).comments]
