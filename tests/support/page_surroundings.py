"""What pages of the documentation are run in: a shell of its own, and what `with:` asks for."""

import os
import sys
from pathlib import Path

import preloaded
import pytest
from console_pages import Shell
from llama_server import llama_address
from long_runs import is_long

__all__ = ["WITH", "shell_in"]


def shell_in(folder: Path) -> Shell:
    """A shell with a home of its own in a folder, and no more variables than it needs.

    Its `modelwire` is forked from an interpreter that has imported it, but in a long run.
    """
    programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
    home = folder / "home"
    environ = {
        "PATH": os.pathsep.join(programs),
        "HOME": str(home),
        "COLUMNS": "80",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONWARNINGS": "error",
    }
    if not is_long():
        forking = folder / "programs"
        forking.mkdir()
        preloaded.install(forking, environ)
        environ["PATH"] = os.pathsep.join([str(forking), *programs])
    return Shell(home, environ)


def _bedrock_emulator(environ, request):
    emulator = request.getfixturevalue("bedrock_emulator")
    environ.update(emulator.environ())
    emulator.answer("Paris.", times=None)


def _calling_emulator(environ, request):
    emulator = request.getfixturevalue("calling_emulator")
    environ.update(emulator.environ())


def _local_model(_environ, _request):
    embedded = pytest.importorskip("modelwire_local.models")
    if embedded.find_weights() is None:
        pytest.skip("the weights are not installed: modelwire local install")


def _recording(environ, request):
    _local_model(environ, request)
    environ["MODELWIRE_RECORDINGS"] = "record-missing"


def _llama_server(environ, _request):
    environ["LLAMA_URL"] = llama_address()


def _openai_server(environ, _request):
    environ |= {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": llama_address()}


WITH = {
    "bedrock-emulator": _bedrock_emulator,
    "calling-emulator": _calling_emulator,
    "local-model": _local_model,
    "llama-server": _llama_server,
    "openai-server": _openai_server,
    "recording": _recording,
}
"""What a page can ask for; each is called with the variables and pytest's request."""
