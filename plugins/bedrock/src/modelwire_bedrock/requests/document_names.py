"""Names of documents as the service accepts them, each its own in a request.

A name is 1 to 200 letters and digits of ASCII, hyphens, parentheses, square brackets and single
spaces. The underscore, which the service's message does not list, is recorded as accepted (rec:
test_citations_document1). A full stop, a tab and U+3000 are refused, and so is a name that comes
twice, wherever in the request.
"""

from __future__ import annotations

import re
import unicodedata

from attrs import define, field

from modelwire.repair import Changes

__all__ = ["DocumentNames"]

_LONGEST = 200
_LEGAL = re.compile(rf"(?!\s)(?:[A-Za-z0-9_\-()\[\]]| (?! )){{1,{_LONGEST}}}(?<! )")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_\-()\[\]]+")
_ENDING = re.compile(r"\.(?:pdf|csv|docx?|xlsx?|html?|txt|md|markdown)$", re.IGNORECASE)


@define
class DocumentNames:
    """Gives each document a name that no other one of the request has.

    What a name becomes depends on the documents before it only, so that a prompt that has grown
    still begins with what is cached.
    """

    _changes: Changes
    _count: int = field(default=0, init=False)
    _used: dict[str, int] = field(factory=dict, init=False)

    def new(self, original: str | None, path: str) -> str:
        """The name on the wire of the next document, recorded where it is another.

        Args:
            original: Its own name, if it has one.
            path: Where the document stands.
        """
        self._count += 1
        legal = _legal(original or "") or f"Document {self._count}"
        name = self._unique(legal)
        if original is None:
            self._changes.added(f"{path}.name", f"A document needs a name; it is {name!r}.")
        elif name != original:
            self._changes.rewritten(
                f"{path}.name",
                "A document's name is letters, digits, single spaces and -_()[] without its "
                "ending, at most 200, and its own.",
            )
        return name

    def _unique(self, wanted: str) -> str:
        name, times = wanted, self._used.get(wanted.casefold(), 0)
        while name.casefold() in self._used:
            times += 1
            ending = f" {times + 1}"
            name = f"{wanted[: _LONGEST - len(ending)].rstrip()}{ending}"
        self._used[wanted.casefold()] = times
        self._used.setdefault(name.casefold(), 0)
        return name


def _legal(name: str) -> str:
    if _LEGAL.fullmatch(name):
        return name
    # What is left of a letter without its accent is still its letter; U+3000 becomes a space.
    plain = unicodedata.normalize("NFKD", _ENDING.sub("", name.strip()))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _ILLEGAL.sub(" ", bare).strip()[:_LONGEST].rstrip()
