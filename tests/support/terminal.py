"""A real terminal for tests: a program in a pseudo-terminal, and the screen that it draws."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import termios
import time

import pexpect
import preloaded
import pyte
from long_runs import is_long

__all__ = ["Terminal"]

ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, TAB, UP = (
    *("\r", "\x1b\r", "\x03", "\x04", "\n", "\t", "\x1b[A"),
)


class Terminal:
    """Runs a program in a pseudo-terminal and reads its screen as a person would.

    Args:
        command: The program and its arguments.
        columns: How wide the window is.
        rows: How high it is.
        options: The folder `cwd` and the environment variables `env` of the program.
    """

    def __init__(self, command, *, columns=80, rows=24, **options):
        self.screen = pyte.HistoryScreen(columns, rows, history=5000, ratio=0.5)
        self.screen.write_process_input = self.press  # so does a terminal that is asked
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        if str(command[0]) == str(preloaded.MODELWIRE) and not is_long():
            self._process = _ForkedProgram(command[1:], rows, columns, **options)
            return
        self._process = pexpect.spawn(
            command[0], list(command[1:]), dimensions=(rows, columns), timeout=30, **options
        )
        self._process.delaybeforesend = None

    def press(self, keys):
        """Send keys."""
        self._process.send(keys)

    def type(self, text):
        """Write a line and send it, once the program shows what was written."""
        self.press(text)
        self.until(text.split("\n")[-1][-20:])
        self.press(ENTER)

    def paste(self, text):
        """Insert text as terminals do that mark what is pasted."""
        self.press(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns, rows):
        """Change the size of the window."""
        self.screen.resize(rows, columns)
        self._process.setwinsize(rows, columns)

    @property
    def lines(self):
        """Every line from the beginning, those that have scrolled away included."""
        above = [
            "".join(line[x].data for x in range(self.screen.columns))
            for line in self.screen.history.top
        ]
        lines = [line.rstrip() for line in (*above, *self.screen.display)]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self):
        """All lines as one text."""
        return "\n".join(self.lines)

    def until(self, wanted, *, times=1):
        """Wait until the screen shows a text, or, of a function, until that is true of it."""
        found = wanted if callable(wanted) else lambda text: text.count(wanted) >= times
        end = time.monotonic() + 30
        while not found(self.text):
            assert time.monotonic() < end, f"{wanted!r} does not come:\n{self.text}"
            self._read()
        return self.text

    def ready(self, prompts=1):
        """Wait until the program waits for a prompt, at the bottom of the screen."""
        return self.until(
            lambda text: (
                sum(line.startswith(">") for line in text.splitlines()) >= prompts
                and self.lines[-1] == ">"
            )
        )

    def ended(self):
        """Wait for the program's end, and return its status."""
        end = time.monotonic() + 30
        while self._read():
            assert time.monotonic() < end, f"It does not end:\n{self.text}"
        self._process.close()
        return self._process.exitstatus

    def close(self):
        """End the program, whatever it does."""
        self._process.close(force=True)

    def _read(self):
        try:
            data = self._process.read_nonblocking(65536, 0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self._stream.feed(data)
        return True


class _ForkedProgram:
    """What is used of `pexpect.spawn`, for a preloaded command."""

    exitstatus = None

    def __init__(self, arguments, rows, columns, *, cwd, env):
        self._terminal, theirs = pty.openpty()
        self.setwinsize(rows, columns)
        self._child = preloaded.start(
            arguments, cwd=cwd, env=env, streams=(theirs, theirs, theirs), terminal=True
        )
        os.close(theirs)

    def send(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self._terminal, data) :]

    def setwinsize(self, rows, columns):
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_nonblocking(self, size, timeout):
        if not select.select([self._terminal], [], [], timeout)[0]:
            raise pexpect.TIMEOUT(timeout)
        data = b""
        with contextlib.suppress(OSError):  # which is how Linux says that the last writer is gone
            data = os.read(self._terminal, size)
        if not data:
            raise pexpect.EOF("the program has closed its terminal")
        return data

    def close(self, force=False):
        if self._terminal is None:
            return
        if force:
            self._child.kill()
        os.close(self._terminal)
        self._terminal = None
        status = self._child.wait(30)
        self.exitstatus = status if status >= 0 else None
