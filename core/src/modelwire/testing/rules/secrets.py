"""Rules on secrets: none in any log, error, message or file."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwire.events.codec import event_to_json
from modelwire.messages.codec import message_to_json
from modelwire.testing.bench import Bench, Outcome
from modelwire.testing.checks import check, patience
from modelwire.testing.listener import refusing_port
from modelwire.testing.rules.answers import LONG
from modelwire.testing.rules.rule import WIRE, Rules, needs, require
from modelwire.testing.server import Reply
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["SecrecyRules", "repeated_key"]


class SecrecyRules(Rules):
    """All output for people and programs is searched for the secret."""

    @needs(WIRE)
    @pytest.mark.parametrize("scene", ["answer", "refusal", "stream_error", "cut", "no_server"])
    def test_no_secret_in_any_output(self, bench: Bench, scene: str) -> None:
        """Logs at their loudest, what is printed, events, messages, errors with their causes."""
        if scene == "stream_error":
            require(self.subject, "stream_errors")
        with _captured_output() as output:
            outcome = _play(bench, scene)
        _silent(bench, "\n".join([output.getvalue(), *_shown(outcome)]), scene)

    def test_no_secret_in_the_status_of_credentials(self, bench: Bench) -> None:
        """`detect_credentials` names the source, not what it holds."""
        with _captured_output() as output:
            hooks, given = bench.hooks(bench.config())
            status = hooks.detect_credentials(**given, probe=False, timeout=patience())
        _silent(bench, f"{output.getvalue()}{status!r}", "detect_credentials")

    @needs(WIRE, "discovery")
    def test_no_secret_in_the_list_of_models_and_its_cache(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        """The list is kept on disk."""
        bench.server.always(bench.wire.listing(["model-1"]))

        async def work() -> str:
            async with bench.runtime() as runtime:
                return repr(await runtime.catalog.listings([bench.subject.provider], refresh=True))

        with _captured_output() as output:
            shown = bench.run(work)
        kept = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
        _silent(bench, "\n".join([output.getvalue(), shown, *kept]), "discover_models")


def _play(bench: Bench, scene: str) -> Outcome:
    wire, bodies = bench.wire, bench.wire.bodies(ScriptedAnswer(LONG))
    half = bodies[: len(bodies) // 2]
    match scene:
        case "answer":
            return bench.ask(wire.reply(bodies))
        case "refusal":
            return bench.ask(wire.refuse(401, repeated_key(bench)))
        case "stream_error":
            event = wire.encode(wire.failure(repeated_key(bench)))
            return bench.ask(wire.reply([*half, event]))
        case "cut":
            return bench.ask(Reply(half, headers={"Content-Type": wire.content_type}, end="cut"))
        case _:
            with refusing_port() as port:
                return bench.ask(url=f"http://127.0.0.1:{port}")


def repeated_key(bench: Bench) -> str:
    """A response that repeats the key if it was sent as it is, rather than in a signature."""
    bench.ask(bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG))))
    headers = bench.requests[-1].headers.values()
    sent = any(bench.secret in value for value in headers)
    return f"The key {bench.secret if sent else 'that was used'} is not valid."


@contextlib.contextmanager
def _captured_output() -> Iterator[io.StringIO]:
    """All log records, at any level, and all printed text."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            yield output
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def _shown(outcome: Outcome) -> Iterator[str]:
    """Every part of an answer that may be shown or stored."""
    for event in outcome.events:
        yield repr(event)
        yield json.dumps(event_to_json(event))
    if outcome.finished is not None:
        yield json.dumps(message_to_json(outcome.finished))
    error = outcome.error
    if error is not None:
        yield "".join(traceback.format_exception(error))
        yield repr(vars(error))
        partial = getattr(error, "partial", None)
        if partial is not None:
            yield json.dumps(message_to_json(partial))


def _silent(bench: Bench, shown: str, where: str) -> None:
    place = shown.find(bench.secret)
    context = shown[max(0, place - 80) : place] + "<the secret>"
    check(
        place < 0,
        f"no output of {where} has the secret",
        found=f"the secret is in an output of {where}: …{context}",
    )
