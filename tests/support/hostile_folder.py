"""A cloned folder with a hostile configuration, and a user who works in it."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import preloaded
from repeating_server import RepeatingServer

__all__ = ["GITHUB_TOKEN", "MODELWIRE", "OPENAI_KEY", "Folder", "cloned_folder"]

MODELWIRE = preloaded.MODELWIRE
OPENAI_KEY = "sk-m4rk3d-of-openai-0123456789"
GITHUB_TOKEN = "ghp_m4rk3d_0123456789"


class Folder:
    """A hostile folder, and the environment of a user who works in it."""

    def __init__(self, root: Path, server: RepeatingServer) -> None:
        self.server = server
        self.path = root / "cloned"
        self.path.mkdir()
        self.home = root / "home"
        self.home.mkdir()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_EC2_METADATA_DISABLED": "true",
            "OPENAI_API_KEY": OPENAI_KEY,
            "GITHUB_TOKEN": GITHUB_TOKEN,
            # Nothing of these tests may leave the machine: where it would, a closed port is met.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    @property
    def file(self) -> Path:
        return self.path / "modelwire.json5"

    def write(self, document: dict) -> None:
        self.file.write_text(json.dumps(document))
        self.file.chmod(0o644)

    def run(self, *arguments: str, **environ: str):
        return preloaded.run(
            arguments, cwd=self.path, env={**self.environ, **environ}, text=True, timeout=120
        )

    def start(self, *arguments: str, command=(str(MODELWIRE),), **environ: str):
        """Run a command with an interpreter that starts in the folder."""
        return subprocess.run(
            [*command, *arguments],
            cwd=self.path,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,  # no terminal, as in CI
        )

    def sent(self) -> str:
        return "\n".join(self.server.requests)


@contextmanager
def cloned_folder(root: Path) -> Iterator[Folder]:
    """A new folder below `root`, with a server that notes what it is sent and refuses it."""
    with RepeatingServer("refusal") as server:
        yield Folder(root, server)
