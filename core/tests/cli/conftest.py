"""The installed program, run as users run it, over the plugins of the test's own folder."""

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import time
from pathlib import Path

import preloaded
import pytest

# Answers, or fails in the way that the model's id says.
ACTOR = """
    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason, Usage
    from modelwire.models import Model, ModelList

    @hookimpl
    def detect_credentials(config, probe):
        source = config.environ.get("ACTOR_KEY")
        if probe and source == "stuck":
            import time

            with open(config.environ["ASKED"], "a") as log:
                print("probed", file=log)
            time.sleep(600)
        return CredentialStatus("usable" if source else "unusable", source="env: ACTOR_KEY")

    @hookimpl
    async def discover_models(provider, config):
        with open(config.environ["ASKED"], "a") as log:
            print("asked", file=log)
        if config.environ.get("ACTOR_KEY") == "bad":
            raise errors.AuthenticationError("Invalid key.")
        if config.environ.get("ACTOR_KEY") == "stuck":
            import asyncio, time

            await asyncio.to_thread(time.sleep, 600)
        found = [Model(provider.id, "found", input=("text", "image"), context_window=200_000)]
        reasons = ["Profiles may not be \\x1b[2Jlisted."] if config.environ.get("HALF_A_LIST") else []
        return ModelList(found, reasons)

    @hookimpl
    async def stream_completion(model, context, options, config):
        prompt = context.messages[-1].content[0].text
        if model.id == "refuses":
            raise errors.AuthenticationError("The key was refused.", status=401, hint="Renew it.")
        yield ResponseInfo(request_id="req-7")
        yield ThinkingDelta(0, "hm")
        yield TextDelta(1, f"{context.system_prompt or 'You'} said: ")
        if model.id == "slow":
            import asyncio

            await asyncio.sleep(600)
        if model.id == "stuck":
            import asyncio, time

            with open(config.environ["ASKED"], "a") as log:
                print("stuck", file=log)
            await asyncio.to_thread(time.sleep, 600)
        if model.id == "breaks":
            raise errors.Overloaded("busy")
        yield TextDelta(1, prompt)
        if model.id == "calls":
            yield ToolCallStart(2, "c1", "ls")
            yield ArgumentsDelta(2, '{"path": "."}')
            yield BlockEnd(2)
        yield UsageReport(Usage(1, options.max_tokens or 2))
        yield Stop(StopReason.LENGTH if model.id == "cut" else StopReason.STOP)
"""


class Program:
    """`modelwire`, with a home, a cache and a working folder of its own."""

    def __init__(self, site, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.asked = folder / "asked"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(site.path),
            "MODELWIRE_CACHE_DIR": str(folder / "cache"),
            "PYTHONWARNINGS": "error",
            "ASKED": str(self.asked),
            "MODELWIRE_TRUST": str(folder),
        }
        self.command = [str(preloaded.MODELWIRE)]

    def configure(self, document: object) -> None:
        """Write `modelwire.json5` into the working folder."""
        text = document if isinstance(document, str) else json.dumps(document)
        (self.folder / "modelwire.json5").write_text(text)

    def run(self, *arguments: str, stdin: bytes | None = None, **environ: str):
        """Run a command to its end; it has no terminal, wherever the tests are run."""
        environ = {**self.environ, **environ}
        if self.command == [str(preloaded.MODELWIRE)]:
            return preloaded.run(arguments, cwd=self.folder, env=environ, given=stdin)
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=environ,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            start_new_session=True,
            timeout=60,
        )

    def start(self, *arguments: str, environ=None, **options) -> subprocess.Popen:
        """Start a command."""
        environ = {**self.environ, **(environ or {})}
        return subprocess.Popen(
            [*self.command, *arguments], cwd=self.folder, env=environ, **options
        )

    def show(self, *arguments: str, columns: int = 80, **environ: str) -> str:
        """Run a command in a terminal of its own; return everything that it showed."""
        ours, theirs = pty.openpty()
        size = struct.pack("HHHH", 25, columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        process = preloaded.start(
            arguments,
            cwd=self.folder,
            env={**self.environ, "TERM": "xterm", **environ},
            streams=(theirs, theirs, theirs),
            terminal=True,
        )
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # which is how Linux says that the last writer is gone
            while part := os.read(ours, 65536):
                shown += part
        os.close(ours)
        process.wait(60)
        return shown.decode().replace("\r\n", "\n")

    def leave(self, *arguments: str, columns: int = 80, **environ: str) -> str:
        """Run a command in a terminal of its own; return what it leaves there.

        A slow command shows a spinner on a line that it erases: what was erased is left out.
        """
        shown = self.show(*arguments, columns=columns, **environ)
        return "\n".join(line.rpartition("\r\x1b[2K")[2] for line in shown.split("\n"))

    def wait_for_asked(self, noted: str = "") -> None:
        """Wait until the plugin was asked for something, and has noted this."""
        deadline = time.monotonic() + 60
        while not (self.asked.exists() and f"{noted}\n" in self.asked.read_text()):
            assert time.monotonic() < deadline, "the plugin was not asked"
            time.sleep(0.02)


@pytest.fixture
def program(site, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    site.install(
        "actor",
        {"providers": {"actor": ""}, "apis": {"actor-chat": ""}, "aliases": {"act": "actor"}},
        ACTOR,
    )
    return Program(site, folder)
