"""Pages of Markdown whose console blocks are run, and what may differ in their output.

The rules for who writes a page stand at the top of `tests/test_command_docs.py`.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from attrs import define, field, frozen

HOME = "/home/you"
PROJECT = "project"

_COMMENT = re.compile(r"<!--\s*([a-z-][a-z -]*?)(?::\s*(.*?))?\s*-->")
_FENCE = re.compile(r"(`{3,})\s*([\w-]*)")

# What differs from one run to the next, as long as it stands where the page has something like it.
_VARYING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[+-]\d\d:?\d\d| ?Z| [A-Z]{3,4})?"), "TIME"),
    (re.compile(r"^\d{4}-\d\d-\d\d(?= )"), "DAY"),
    (re.compile(r"(\S*/|…/)site-packages/"), "SITE/"),
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d{2,5}\b"), r"\1:PORT"),
    (re.compile(r"\b\d+(\.\d+)?\s?(ms|s|seconds?|minutes?)\b(?!/)"), "DURATION"),
    (re.compile(r"\b\d+(\.\d+)?\s?(B|KB|kB|MB|GB)\b"), "SIZE"),
    (re.compile(r"(?<![\w.-])\d+\.\d+(\.\d+)+(?![\w.-]|:\d)"), "VERSION"),
)  # fmt: skip


@frozen
class Command:
    """What is typed, and what the page says that it prints."""

    typed: str
    output: tuple[str, ...]


@frozen
class Block:
    """A fenced block of a page, and what the comments right above it say.

    Attributes:
        line: Its first line in the page, counted from 1.
        language: The word after the fence.
        text: The lines between the fences.
        comments: The names in the comments, each with what stands after the colon.
    """

    line: int
    language: str
    text: tuple[str, ...]
    comments: dict[str, list[str]]

    def commands(self) -> Iterator[Command]:
        """The commands of a console block, in order."""
        typed: list[str] = []
        output: list[str] = []
        for line in self.text:
            if line.startswith("$ "):
                if typed:
                    yield Command("\n".join(typed), tuple(output))
                typed, output = [line[2:]], []
            elif typed and not output and typed[-1].endswith("\\"):
                typed.append(line.removeprefix("> "))
            else:
                output.append(line)
        if typed:
            yield Command("\n".join(typed), tuple(output))


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    comments: dict[str, list[str]] = {}
    opened: tuple[int, str, str] | None = None
    text: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is None and fence:
            opened = (number, fence[1], fence[2])
        elif opened is not None and line.strip() == opened[1]:
            yield Block(opened[0], opened[2], tuple(text), comments)
            opened, text, comments = None, [], {}
        elif opened is not None:
            text.append(line)
        elif found := _COMMENT.fullmatch(line.strip()):
            comments.setdefault(found[1], []).append((found[2] or "").strip())
        elif line.strip():
            comments = {}


@define
class Shell:
    """A user's shell: variables and the working folder last from one command to the next.

    Attributes:
        home: The user's home; pages see it as `/home/you`. The commands run in `project` below it.
        environ: The variables to begin with.
    """

    home: Path
    environ: dict[str, str]
    status: int = 0
    _kept: Path = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = self.home.parent / "shell-state"
        (self.home / PROJECT).mkdir(parents=True, exist_ok=True)
        self._kept.write_text(f"cd {shlex.quote(str(self.home / PROJECT))}\n")

    def run(self, typed: str) -> list[str]:
        """Run what is typed and return the lines that a terminal would show."""
        kept = shlex.quote(str(self._kept))
        script = (
            f". {kept}\n(exit {self.status})\n{typed}\n__status=$?\n"
            f'{{ declare -px; printf "cd %q\\n" "$PWD"; }} > {kept}\nexit $__status\n'
        )
        done = subprocess.run(
            ["bash", "-c", script],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=90,
        )
        self.status = done.returncode
        text = done.stdout.decode().replace(str(self.home), HOME)
        return [line.rstrip() for line in text.splitlines()]


def differs(printed: list[str], expected: tuple[str, ...]) -> bool:
    """Whether a command printed something else than its page says."""
    return not _fits([_steady(line) for line in printed], [_steady(line) for line in expected])


def _steady(line: str) -> str:
    line = line.rstrip()
    for pattern, name in _VARYING:
        line = pattern.sub(name, line)
    return re.sub(r" +", " ", line)


def _fits(lines: list[str], wanted: list[str]) -> bool:
    """Whether lines are the wanted ones, where `...` stands for any number of them."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "..." else re.escape(line) + r"\n"
        for line in _without_trailing_blanks(wanted)
    )
    return (
        re.fullmatch(pattern, "".join(f"{line}\n" for line in _without_trailing_blanks(lines)))
        is not None
    )


def _without_trailing_blanks(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines
