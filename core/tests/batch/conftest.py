"""A runtime over a provider that does what the text of a row says."""

import importlib
import json

import pytest

from modelwire.config import Config
from modelwire.registry import Registry, installed_claims
from modelwire.runtime import Runtime

# The first word of a prompt says what happens: `busy 2` refuses a row twice, `broken 1` fails once,
# `slow 0.2` takes its time, `say` answers.
OBEDIENT = """
    import asyncio
    from modelwire import errors
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason, Usage

    calls, systems, options_seen, running, most = [], [], [], 0, 0

    FAILURES = {
        "busy": errors.RateLimited, "down": errors.ConnectionFailed, "broken": errors.ServerError,
        "full": errors.Overloaded, "invalid": errors.InvalidRequest, "filtered": errors.ContentFiltered,
        "auth": errors.AuthenticationError, "denied": errors.AccessDenied,
    }

    @hookimpl
    async def stream_completion(model, context, options):
        global running, most
        text = context.messages[-1].content[0].text
        word, _, detail = text.partition(" ")
        calls.append(text)
        systems.append(context.system_prompt)
        options_seen.append(options)
        running += 1
        most = max(most, running)
        try:
            if word == "slow":
                await asyncio.sleep(float(detail.split()[0]))
            times = float(detail.split()[0]) if detail and word != "slow" else 1e9
            if word in FAILURES and calls.count(text) <= times:
                raise FAILURES[word](f"It is {word}.", provider="does", model=model.id)
            if word == "bug":
                raise KeyError("bug")
            yield TextDelta(0, f"did {text}")
            yield BlockEnd(0)
            yield UsageReport(Usage(10, 5))
            yield Stop(StopReason.STOP)
        finally:
            running -= 1
"""

PRICED = {"models": {"providers": {"does": {"models": [
    {"id": "m", "name": "m", "cost": {"input": 1000, "output": 2000, "cacheRead": 0, "cacheWrite": 0}}
]}}}}  # fmt: skip
"""An answer of ten tokens in and five out costs two cents."""


@pytest.fixture
def provider(site):
    module = site.provider("does", OBEDIENT)
    return lambda: importlib.import_module(module)


@pytest.fixture
def make_runtime(site, provider, tmp_path):
    def make(document=None):
        config = Config.from_document(PRICED if document is None else document, environ={})
        registry = Registry(config, installed_claims([str(site.path)]))
        return Runtime(config, registry=registry, cache_directory=tmp_path / "cache")

    return make


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


class Files:
    """The files of a batch."""

    def __init__(self, folder):
        self.source = folder / "in.jsonl"
        self.output = folder / "out.jsonl"
        self.errors = folder / "out.errors.jsonl"
        self.state = folder / ".out.jsonl.batch.json"

    def ask(self, *prompts, **fields):
        self.write({"prompt": prompt, **fields} for prompt in prompts)

    def write(self, rows):
        self.source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    @property
    def answers(self):
        return {each["custom_id"]: each for each in read(self.output)}

    @property
    def failures(self):
        return {each["custom_id"]: each for each in read(self.errors)}


def read(path):
    if not path.exists():
        return []
    found = [json.loads(line) for line in path.read_text().splitlines()]
    ids = [each["custom_id"] for each in found]
    assert len(ids) == len(set(ids)), "a row was written twice"
    return found
