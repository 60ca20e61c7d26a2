"""Rules on auth modes that another plugin owns."""

from __future__ import annotations

from pathlib import Path

from modelwire.config import Config
from modelwire.errors import ConfigError
from modelwire.registry import Registry, installed_claims
from modelwire.runtime import Runtime
from modelwire.testing import auth_mode
from modelwire.testing.bench import Bench, Outcome
from modelwire.testing.checks import check
from modelwire.testing.rules.answers import LONG
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.server import Reply
from modelwire.testing.wires import ScriptedAnswer
from modelwire.transport import RetryPolicy

__all__ = ["AuthRules"]


class AuthRules(Rules):
    """An auth mode is used or refused, never ignored."""

    @needs(WIRE)
    def test_an_auth_mode_of_another_plugin_is_used_or_refused(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        """Requests are sent through the transport of the hook, without a key of the plugin's own.

        An API that cannot be authorized so raises the error of `modelwire.authoring.unusable_auth`.
        """
        bench.server.script(bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG))))
        outcome = bench.run(lambda: _ask(bench, tmp_path / "cache"))
        if isinstance(outcome.error, ConfigError):
            places = [problem.path for problem in outcome.error.problems]
            path = f"models.providers.{bench.subject.provider}.auth"
            check(places == [path], f"the error names the place {path}, not {places}")
            return
        check(outcome.message.text != "", "there is an answer")
        headers = bench.requests[-1].headers
        proof = headers.get(auth_mode.FIELD.lower())
        check(proof == auth_mode.PROOF, "the plugin sends with the transport that its hook gets")
        own = ("authorization", "proxy-authorization")
        sent = [name for name, value in headers.items() if name in own or bench.secret in value]
        check(not sent, "the plugin sends no key itself", found=f"it is in {sent}")

    @needs(WIRE)
    def test_a_refused_request_is_sent_again_where_its_auth_mode_renews(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        """The hook `renew_authorization` sees each refusal, and the second answer is the answer.

        So it is where the plugin sends through the transport of its hook and leaves a refusal to it.
        An API that no other plugin can authorize has nothing to renew.
        """
        answer = bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG)))
        bench.server.script(Reply([b"{}"], status=401), answer)
        outcome = bench.run(lambda: _ask(bench, tmp_path / "cache"))
        if isinstance(outcome.error, ConfigError):
            return
        check(outcome.message.text != "", "there is an answer")
        proofs = [request.headers.get(auth_mode.FIELD.lower()) for request in bench.requests]
        check(proofs == [auth_mode.PROOF] * 2, "both requests are authorized")


async def _ask(bench: Bench, cache: Path) -> Outcome:
    subject = bench.subject
    document = subject.document(bench.url, bench.secret)
    providers = document.setdefault("models", {}).setdefault("providers", {})
    providers[subject.provider] = {**providers.get(subject.provider, {}), "auth": auth_mode.MODE}
    config = Config.from_document(document, environ=bench.config().environ)
    registry = Registry(config, [*installed_claims(), auth_mode.CLAIM])
    runtime = Runtime(
        config, registry=registry, retries=RetryPolicy(max_attempts=1), cache_directory=cache
    )
    async with runtime:
        return await bench.hear(runtime)
