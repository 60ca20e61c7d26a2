"""The tasks of the page on other libraries: they run, and take no more lines than there.

The programs of modelwire and boto3 always run. Those of the other libraries run, each in the environment
of its foreign client, with `MODELWIRE_FOREIGN_CLIENTS=1`; else only their syntax is checked.
"""

import os
import subprocess
from pathlib import Path

import preloaded
import pytest
from console_pages import blocks_of
from foreign_clients import CLIENTS, every_client, python_with

from modelwire_bedrock.emulator import Emulator, Fault

# The first run on a machine may install a library.
pytestmark = pytest.mark.timeout(600)

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
TASKS = ["An answer", "A stream", "Tools", "A typed result", "A fallback", "An error"]
INSTALLED = ("modelwire", "boto3")
FOREIGN = {"LiteLLM": "litellm", "pydantic-ai": "pydantic_ai", "strands": "strands"}
LIBRARIES = {*INSTALLED, *FOREIGN}


def length(program):
    """The lines that somebody wrote: those that are not empty."""
    return sum(bool(line.strip()) for line in program)


def test_the_page_has_every_task_in_every_library():
    assert list(PROGRAMS) == TASKS
    libraries = {task: set(programs) for task, programs in PROGRAMS.items()}
    assert libraries == {
        **dict.fromkeys(TASKS, LIBRARIES),
        "A fallback": LIBRARIES - {"strands"},
    }


@pytest.mark.parametrize("task", TASKS)
def test_every_program_is_python(task):
    for library, program in PROGRAMS[task].items():
        compile("\n".join(program), f"{task} in {library}", "exec", dont_inherit=True)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_takes_no_more_lines_than_elsewhere(task):
    lengths = {library: length(program) for library, program in PROGRAMS[task].items()}
    assert lengths["modelwire"] <= min(lengths.values()), lengths


def run(library, task, folder, emulator):
    """What a program prints that runs against the emulator."""
    environ = emulator.environ()
    environ["AWS_BEDROCK_RUNTIME_ENDPOINT"] = environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    environ |= {"PATH": os.environ["PATH"], "HOME": str(folder)}
    program = ["-c", "\n".join(PROGRAMS[task][library])]
    options = {"cwd": folder, "env": environ, "text": True, "timeout": 100}
    if library in INSTALLED:
        if library == "modelwire":
            environ["PYTHONWARNINGS"] = "error"  # they are modelwire's to have none of
        done = preloaded.run(program, python=True, **options)
    else:
        name = FOREIGN[library]
        python = python_with(f"client-{name}", CLIENTS / f"{name}.txt")
        done = subprocess.run([python, *program], capture_output=True, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == "" or library not in INSTALLED
    return done.stdout.strip()


def check(library, task, folder):
    """Run a program, with failures of the service where it is about these, and compare what it prints."""
    for fault, printed in PRINTED[task]:
        with Emulator() as emulator:
            if fault is not None:
                emulator.answer(fault=fault)
            last = run(library, task, folder, emulator).splitlines()[-1]
            assert printed in last if fault is not None else last == printed
            if task == "A fallback":
                assert [request.model_id for request in emulator.requests] == [PRO, LITE]


NO_ACCESS = Fault.error("AccessDeniedException", message="Not for you.")
TOO_LONG = Fault.error("ValidationException", message="Input is too long for requested model.")
PRINTED = {
    "An answer": [(None, f"{ECHO}What is the capital of France?")],
    "A stream": [(None, f"{ECHO}Tell me a short story.")],
    "Tools": [(None, f"{ECHO}sunny in text")],
    "A typed result": [(None, "text")],
    "A fallback": [(NO_ACCESS, f"{ECHO}What is the capital of France?")],
    "An error": [
        (None, f"{ECHO}What is the capital of France?"),
        (NO_ACCESS, "Not for you."),
        (TOO_LONG, "Shorten the conversation."),
    ],
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("library", INSTALLED)
def test_a_program_runs_against_the_emulator(library, task, tmp_path):
    check(library, task, tmp_path)


@every_client
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("library", FOREIGN)
def test_a_program_of_another_library_runs_too(library, task, tmp_path):
    if library not in PROGRAMS[task]:
        pytest.skip("the page has no such program")
    check(library, task, tmp_path)
