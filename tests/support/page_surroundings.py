"""What pages of the documentation are run in: a shell of its own, and what `with:` asks for."""

import os
import sys
from pathlib import Path

import pytest
from console_pages import Shell
from llama_server import llama_address

__all__ = ["WITH", "shell_in"]


def shell_in(folder: Path) -> Shell:
    """A shell with a home of its own in a folder, and no more variables than it needs."""
    programs = Path(sys.executable).parent
    home = folder / "home"
    environ = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "COLUMNS": "80",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONWARNINGS": "error",
    }
    return Shell(home, environ)


def _bedrock_emulator(environ, request):
    emulator = request.getfixturevalue("bedrock_emulator")
    environ.update(emulator.environ())
    emulator.answer("Paris.", times=None)


def _local_model(_environ, _request):
    embedded = pytest.importorskip("modelwire_local.models")
    if embedded.find_weights() is None:
        pytest.skip("the weights are not installed: modelwire local install")


def _llama_server(environ, _request):
    environ["LLAMA_URL"] = llama_address()


def _openai_server(environ, _request):
    environ |= {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": llama_address()}


WITH = {
    "bedrock-emulator": _bedrock_emulator,
    "local-model": _local_model,
    "llama-server": _llama_server,
    "openai-server": _openai_server,
}
"""What a page can ask for; each is called with the variables and pytest's request."""
