"""The base of every rule: a bench, and the reasons why a rule does not apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest

from modelwire.testing.bench import Bench
from modelwire.testing.subject import ABILITIES, Subject

__all__ = ["LIVE", "WIRE", "Rules", "needs", "require"]

F = TypeVar("F", bound=Callable[..., object])

WIRE = "wire"
LIVE = "live"
_NEEDS = "modelwire_needs"


def needs(*what: str) -> Callable[[F], F]:
    """Declare the abilities that a rule is about.

    `wire` means a scripted server, `live` a provider without one.
    """

    def mark(rule: F) -> F:
        setattr(rule, _NEEDS, what)
        return rule

    return mark


def require(subject: Subject, *what: str) -> None:
    """Skip the rule, with the reason, unless the provider declares all of these."""
    for need in what:
        if need == WIRE:
            if subject.wire is None:
                pytest.skip(f"{subject.provider} has no wire, so its server cannot be scripted")
        elif need == LIVE:
            if subject.wire is not None:
                pytest.skip("the scripted server gives prepared answers, whatever the request")
        elif need not in subject.abilities:
            pytest.skip(
                f"{subject.provider} does not declare the ability {need!r}: {ABILITIES[need]}"
            )


class Rules:
    """A set of rules; the suite of a provider consists of all sets."""

    subject: ClassVar[Subject]

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
        """The provider, in front of a server of its own."""
        require(self.subject, *getattr(request.function, _NEEDS, ()))
        with Bench(self.subject, tmp_path) as bench:
            yield bench
