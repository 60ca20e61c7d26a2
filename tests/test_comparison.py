"""The five tasks of the page on other libraries: they run, and take no more lines than there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from console_pages import blocks_of

from modelwire_bedrock.emulator import Fault

PAGE = Path(__file__).parents[1] / "docs" / "coming-from.md"
PRO, LITE = "us.amazon.nova-pro-v1:0", "us.amazon.nova-lite-v1:0"
ECHO = "This is the Bedrock emulator. You said: "


def programs():
    """The programs of the page by task, each with the programs of the libraries."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    headings = {
        number: line.removeprefix("## ")
        for number, line in enumerate(lines, 1)
        if line.startswith("## ")
    }
    found = {heading: {} for heading in headings.values()}
    for block in blocks_of(PAGE):
        heading = headings[max(number for number in headings if number < block.line)]
        library, *program = block.text
        found[heading][library.removeprefix("# ")] = program
    return found


PROGRAMS = programs()
TASKS = ["An answer", "A stream", "Tools", "A typed result", "A fallback"]


def length(program):
    """The lines that somebody wrote: those that are not empty."""
    return sum(bool(line.strip()) for line in program)


def test_the_page_has_the_five_tasks():
    assert list(PROGRAMS) == TASKS
    libraries = {task: set(programs) for task, programs in PROGRAMS.items()}
    everywhere = {"modelwire", "pydantic-ai", "strands"}
    assert libraries == {**dict.fromkeys(TASKS, everywhere), "A fallback": everywhere - {"strands"}}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_takes_no_more_lines_than_elsewhere(task):
    lengths = {library: length(program) for library, program in PROGRAMS[task].items()}
    assert lengths["modelwire"] <= min(lengths.values()), lengths


def run(task, folder, environ):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(PROGRAMS[task]["modelwire"])],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environ},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("task", "printed"),
    [
        ("An answer", f"{ECHO}What is the capital of France?"),
        ("A stream", f"{ECHO}Tell me a short story."),
        ("Tools", f"{ECHO}sunny in text"),
        ("A typed result", "text"),
    ],
)
def test_a_task_runs_against_the_emulator(calling_emulator, tmp_path, task, printed):
    assert run(task, tmp_path, calling_emulator.environ()) == printed


def test_the_fallback_answers_where_the_first_model_fails(calling_emulator, tmp_path):
    calling_emulator.answer(fault=Fault.error("AccessDeniedException"))
    assert run("A fallback", tmp_path, calling_emulator.environ()).startswith(ECHO)
    assert [request.model_id for request in calling_emulator.requests] == [PRO, LITE]
