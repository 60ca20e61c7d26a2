"""A plugin of pytest for suites of frameworks: the emulator that answers, and what is left out and why.

It runs in the environment of a framework, beside a plugin of an integration that replays the answers of
the suite's scripted model.
"""

import asyncio
import os
import tomllib
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest

from modelwire_bedrock.emulator import Emulator

COUNTED = Counter()
"""How many answers were replayed, and how many were not, by the reason."""
LEFT_OUT = "MODELWIRE_LEFT_OUT"
"""The variable that names the file of the tests that are left out."""
_EMULATOR = Emulator()
_TURNS = WeakKeyDictionary()
"""Calls take turns at the emulator, whose answers come in their order; each event loop has a lock."""


@asynccontextmanager
async def answering(answer):
    """A block whose first request to the emulator has this answer; gives the step of the scenario."""
    async with _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        _EMULATOR.reset()  # the answers of calls that were never sent
        yield _EMULATOR.answer(answer)


def left_out():
    """The reasons to leave tests out, by the test."""
    listed = tomllib.loads(Path(os.environ[LEFT_OUT]).read_text())
    return {test: reason for reason, tests in listed["tests"].items() for test in tests}


def pytest_configure(config):
    del config
    _EMULATOR.__enter__()
    os.environ.update(_EMULATOR.environ())


def pytest_unconfigure(config):
    del config
    _EMULATOR.__exit__(None, None, None)


def pytest_collection_modifyitems(items):
    """Skip what is left out; a name that no test has is a mistake."""
    reasons = left_out()
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in reasons:
            item.add_marker(pytest.mark.skip(reason=reasons[name]))
    modules = {item.nodeid.partition("::")[0] for item in items}
    names = {item.nodeid.partition("[")[0] for item in items}
    unknown = [name for name in reasons if name not in names and name.partition("::")[0] in modules]
    if unknown:
        msg = f"These tests are left out, but there are none such: {', '.join(unknown)}"
        raise pytest.UsageError(msg)


def pytest_terminal_summary(terminalreporter):
    """Say how many answers came over the wire."""
    said = ", ".join(f"{count} {what}" for what, count in sorted(COUNTED.items()))
    terminalreporter.write_line(f"answers: {said or 'none'}")
