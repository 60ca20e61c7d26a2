"""A watch over the event loop: a test fails in which modelwire keeps it from turning.

Time is counted as the loop's thread spends it on the processor, so a busy machine fails nothing. While
one callback runs, a timer of processor time looks now and then where it is; what is charged to modelwire
is the share of the callback's time in which the innermost code of a package of ours was at work. Where
the timer went off too rarely for that time, the machine itself had paused, and the pause is left out. Calls
that wait without computing, as `time.sleep`, or a look-up of a name, are caught in the act.

A test that has to block says why: `@pytest.mark.may_block("...")`.
"""

import asyncio
import gc
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import pytest
from attrs import define, field

LIMIT = 0.05
"""Seconds of processor time that one callback may take in our code."""

_EVERY = 0.005
_EACH = 0.01
"""The most processor time between two signals of the timer, which goes off at a tick of the system."""
_LONG = 20
"""Signals in a row that only a long call of C keeps waiting; fewer may come from other threads' work."""
_ROOT = Path(__file__).resolve().parents[2]
_OURS = tuple(
    str(path) + "/"
    for path in [
        *(_ROOT / "core" / "src").iterdir(),
        *(_ROOT / "plugins").glob("*/src/modelwire_*"),
        *(_ROOT / "integrations").glob("*/src/modelwire_*"),
    ]
)
_ELSEWHERE = {
    "/emulator/": "a server of its own",
    "/modelwire/cli/": "a program of its own, in which nobody else streams",
    "/modelwire/testing/": "tests and their servers",
}
"""Code that may hold a loop, and why."""

_AT_START = ("Runtime.__init__", "Runtime.from_config", "Registry.__init__")
"""Making a runtime reads what is installed, once: whatever these call may take its time."""

_SUITES = re.compile(r"/(core/tests|(plugins|integrations)/[a-z_]+/tests|tests/reliability)/")

_WAITING = {"socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen"}


@define
class Watch:
    """What is seen of the loop of the main thread while a test runs."""

    complaints: list[str] = field(factory=list)
    watching: bool = False
    running: bool = False
    samples: list[tuple[str | None, int]] = field(factory=list)
    pipe: tuple[int, int] | None = None
    collecting: float = 0.0
    _collection_began: float = 0.0

    def run(self, handle, run):
        """Run one callback of a loop, and look how long it takes."""
        if not self.watching or threading.current_thread() is not threading.main_thread():
            return run(handle)
        self.samples.clear()
        self.collecting = 0.0
        self.running = True
        began = time.thread_time()
        try:
            return run(handle)
        finally:
            spent = time.thread_time() - began - self.collecting
            self.running = False
            if spent > LIMIT:
                self._judge(spent)

    def _judge(self, spent: float) -> None:
        ours = [place for place, _ in self.samples if place is not None]
        signals = sum(count for place, count in self.samples if place is not None)
        charged = min(spent * len(ours) / max(1, len(self.samples)), signals * _EACH)
        if charged > LIMIT:
            place = max(set(ours), key=ours.count)
            seen = f"seen {ours.count(place)} times"
            self.complaints.append(f"{charged * 1000:.0f} ms of computing in {place}, {seen}")

    def look(self, _signal: int, frame: FrameType | None) -> None:
        """Note where the loop's thread is; called by the timer, once for all signals during a call of C."""
        signals = self._signals()
        if self.running:
            self.samples.append((_place(frame), signals if signals >= _LONG else 1))

    def run_forever(self, loop, run):
        """Run a loop, and have a byte written for each signal meanwhile."""
        if not self.watching or threading.current_thread() is not threading.main_thread():
            return run(loop)
        if self.pipe is None:
            self.pipe = os.pipe()
            for end in self.pipe:
                os.set_blocking(end, False)
        written = self.pipe[1]
        before = signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        try:
            return run(loop)
        finally:
            left = signal.set_wakeup_fd(before)
            if left != written:  # it is the loop's, which has signal handlers of its own
                signal.set_wakeup_fd(left)

    def _signals(self) -> int:
        """How many signals there were since the last look; 1 where a loop with signal handlers gets them."""
        current = signal.set_wakeup_fd(-1)
        if current != -1:
            signal.set_wakeup_fd(current, warn_on_full_buffer=False)
        if self.pipe is None or current != self.pipe[1]:
            return 1
        try:
            return len(os.read(self.pipe[0], 4096))
        except BlockingIOError:  # the handler that ran just before has read this signal's, too
            return 1

    def heard(self, event: str, _arguments: tuple) -> None:
        """Notice a call that waits; called by Python's audit."""
        if event in _WAITING and self.running:
            if threading.current_thread() is not threading.main_thread():
                return
            self.waited(event, sys._getframe(1))

    def waited(self, what: str, frame: FrameType) -> None:
        """Complain where it is our code that waits."""
        place = _place(frame)
        if place is not None:
            self.complaints.append(f"{what} in {place}")

    def collected(self, phase: str, _info: dict) -> None:
        """Leave out what the garbage collector takes: the whole test run's garbage is not ours."""
        if phase == "start":
            self._collection_began = time.thread_time()
        else:
            self.collecting += time.thread_time() - self._collection_began


def _place(frame: FrameType | None) -> str | None:
    """The innermost line of ours, or `None` where nothing of ours runs."""
    place = None
    while frame is not None:
        code, name = frame.f_code, frame.f_code.co_filename
        if name.startswith(_OURS) and not any(part in name for part in _ELSEWHERE):
            if code.co_qualname in _AT_START:
                return None
            place = place or f"{code.co_qualname} ({name.rpartition('/src/')[2]}:{frame.f_lineno})"
        frame = frame.f_back
    return place


_WATCH = Watch()


def is_watched(path: Path) -> bool:
    """Whether the tests of a file may not block the loop: those of the core, the plugins and the integrations."""
    return _SUITES.search(path.as_posix()) is not None


def pytest_configure(config):
    config.addinivalue_line("markers", "may_block(reason): our code may hold the loop here")
    run = asyncio.Handle._run
    asyncio.Handle._run = lambda handle: _WATCH.run(handle, run)
    run_forever = asyncio.BaseEventLoop.run_forever
    asyncio.BaseEventLoop.run_forever = lambda loop: _WATCH.run_forever(loop, run_forever)
    sleep = time.sleep

    def watched_sleep(seconds):  # no audit event tells of it before Python 3.13
        if _WATCH.running and threading.current_thread() is threading.main_thread():
            _WATCH.waited("time.sleep", sys._getframe(1))
        sleep(seconds)

    time.sleep = watched_sleep
    sys.addaudithook(_WATCH.heard)
    gc.callbacks.append(_WATCH.collected)


def pytest_sessionstart():
    """Read a configuration: a program reads its own, the first of the process, when it starts."""
    from modelwire.config import Config

    Config.from_document({"models": {"providers": {"acme": {"models": [{"id": "m"}]}}}}, environ={})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if not is_watched(item.path) or item.get_closest_marker("may_block") is not None:
        return (yield)
    _WATCH.complaints.clear()
    _WATCH.watching = True
    # It stays: a signal that is on its way when the timer is stopped must find it.
    signal.signal(signal.SIGVTALRM, _WATCH.look)
    signal.setitimer(signal.ITIMER_VIRTUAL, _EVERY, _EVERY)
    try:
        result = yield
    finally:
        _WATCH.watching = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if _WATCH.complaints:
        told = "\n  ".join(dict.fromkeys(_WATCH.complaints))
        pytest.fail(f"The event loop was blocked by our code:\n  {told}", pytrace=False)
    return result
