"""Every command explains itself, with an example."""

import os
import re
import subprocess
import sys

import click
import pytest

from modelwire.cli.app import app


def commands(command, path=("modelwire",)):
    context = click.Context(command, info_name=path[-1])
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


EVERY = dict(commands(app))
RUNNABLE = [path for path, command in EVERY.items() if not isinstance(command, click.Group)]


@pytest.mark.parametrize("path", EVERY)
def test_a_command_says_what_it_does_and_each_option_what_it_is_for(path):
    command = EVERY[path]
    assert command.help, path
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.opts}"


@pytest.mark.parametrize("path", RUNNABLE)
def test_a_command_has_an_example_that_is_one_of_it(path):
    assert re.search(rf"^\s*(.*\| |.*\$\()?{re.escape(path)}\b", EVERY[path].help, re.MULTILINE), (
        path
    )


@pytest.mark.parametrize("path", EVERY)
def test_the_help_fits_into_eighty_columns(path):
    context = click.Context(EVERY[path], info_name=path, terminal_width=80)
    long = [line for line in EVERY[path].get_help(context).splitlines() if len(line) > 80]
    assert not [line for line in long if "http" not in line], path


def test_the_help_of_no_command_imports_what_is_heavy():
    code = (
        "import sys, runpy; names = runpy.run_path(sys.argv[1]);"
        "[c.get_help(__import__('click').Context(c)) for c in names['EVERY'].values()];"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, __file__], capture_output=True, text=True, check=True
    )
    heavy = {"aiohttp", "boto3", "botocore", "rich", "prompt_toolkit", "json5", "xllamacpp"}
    assert not heavy & set(done.stdout.split())


def test_help_names_a_command_once_and_as_what_runs(tmp_path):
    """A plugin that claims the name of a command of modelwire itself is not listed under it."""
    info = tmp_path / "foreign-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[modelwire.commands]\nconfig = foreign:command\nforeign-own = foreign:command\n"
    )
    (tmp_path / "foreign.py").write_text(
        "import click\n\n@click.command()\ndef command():\n    click.echo('foreign ran')\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "MODELWIRE_CONFIG": str(tmp_path / "c")}

    def shown(*arguments):
        command = [sys.executable, "-m", "modelwire", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environ).stdout

    listed = re.findall(
        r"^  ([a-z-]+)  +(.+)$", shown("--help").partition("Commands:")[2], re.MULTILINE
    )
    assert [text for name, text in listed if name == "config"] == [
        "View and edit the configuration."
    ]
    assert ("foreign-own", "Commands of foreign.") in listed
    assert shown("foreign-own") == "foreign ran\n"
    assert "foreign ran" not in shown("config", "get")
