"""A folder with tests, in which pytest runs as a program with the installed entry points."""

import asyncio
import os
import re
import textwrap

import preloaded

HEAD = """
import asyncio
import os

import pytest

from modelwire import Agent, Runtime, SyncRuntime
from modelwire.transport import RetryPolicy

CONFIG = {"models": {"providers": {"acme": {
    "api": "openai-completions", "baseUrl": os.environ["ACME_URL"], "apiKey": "sk-marked-key"}}}}


def ask(prompt="Why?", model="acme/large", **options):
    with SyncRuntime.from_config(CONFIG, retries=RetryPolicy(base=0)) as runtime:
        return runtime.complete(prompt, model=model, **options).text

"""

_SUMMARY = re.compile(r"[0-9]+ [a-z]+.* in [0-9.]+s")
_RECORDING = re.compile(r"-[0-9a-f]{16}-([0-9]+)\.json$")


class Run:
    """What pytest printed and how it ended."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout + done.stderr

    def outcomes(self):
        """The numbers of the last line, as `{"passed": 2}`."""
        *_, last = [line for line in self.out.splitlines() if _SUMMARY.match(line)]
        return {name: int(number) for number, name in re.findall(r"(\d+) ([a-z]+)", last)}


class Project:
    """The folder; the service answers in the loop of the test, and pytest runs beside it.

    Of the plugins that are installed only those are loaded that are named, for the sake of time.
    """

    def __init__(self, path, service):
        self.path = path
        self.service = service

    def write(self, tests, name="test_it.py"):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + textwrap.dedent(tests))

    async def run(
        self,
        *arguments,
        folder=".",
        plugins=("modelwire-recordings", "pytest_asyncio.plugin"),
        fresh=False,
        **environ,
    ):
        """Run pytest; in an interpreter of its own where it matters what has been imported (`fresh`)."""
        plugins = ["no:cacheprovider", *plugins, *(["xdist.plugin"] if "-n" in arguments else [])]
        options = [option for name in plugins for option in ("-p", name)]
        passed_on = {
            name: os.environ[name]
            for name in ("PATH", "COVERAGE_PROCESS_START")
            if name in os.environ
        }
        done = await asyncio.to_thread(
            preloaded.run,
            ["-m", "pytest", "-q", *options, *arguments],
            cwd=self.path / folder,
            env={
                **passed_on,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "HOME": str(self.path / "home"),
                "MODELWIRE_CACHE_DIR": str(self.path / "lists"),
                "ACME_URL": self.service.base_url,
                **environ,
            },
            text=True,
            timeout=240,
            python=True,
            fresh=fresh,
        )
        return Run(done)

    def recordings(self):
        """The files of recordings below the folder, with a number in the place of their keys."""
        found = self.path.rglob("*.json")
        names = (path.relative_to(self.path).as_posix() for path in found)
        return sorted(_RECORDING.sub(r".\1", name) for name in names)
