"""A real terminal for tests: a program in a pseudo-terminal, and the screen that it draws."""

import time

import pexpect
import pyte

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
        options: Passed on to `pexpect.spawn`, as `cwd` and `env`.
    """

    def __init__(self, command, *, columns=80, rows=24, **options):
        self.screen = pyte.HistoryScreen(columns, rows, history=5000, ratio=0.5)
        self.screen.write_process_input = self.press  # so does a terminal that is asked
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
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
