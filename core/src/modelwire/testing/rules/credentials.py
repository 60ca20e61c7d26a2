"""Rules on `detect_credentials`: the source is named without the network and without the secret."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modelwire.hookspecs import CompletionOptions, CredentialStatus
from modelwire.models import Model
from modelwire.testing.audit import network_calls
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check, patience
from modelwire.testing.rules.rule import WIRE, Rules, needs

__all__ = ["DetectingRules"]


class DetectingRules(Rules):
    """The results of `detect_credentials`, and the side effects that it must not have."""

    def test_credentials_that_are_there_are_found(self, bench: Bench) -> None:
        """With credentials configured, the state is not `unusable` and the source has a name."""
        status = _detect(bench, configured=True)
        check(
            status.state in ("usable", "unknown"),
            "credentials that are configured are usable",
            found=f"found {status.state}: {status.reason}",
        )
        check(status.source, "the status names the source of the credentials")

    @needs("api_key")
    def test_a_missing_key_is_reported_with_what_to_do(self, bench: Bench) -> None:
        """With nothing configured, the state is not `usable`, and there is a reason and a hint."""
        status = _detect(bench, configured=False)
        check(status.state != "usable", "without a key the state is not usable")
        check(status.reason, "a status that is not usable has a reason")
        check(status.hint, "a status that is not usable has a hint that says what to do")

    def test_detecting_uses_no_network(self, bench: Bench) -> None:
        """Without a probe it looks at the configuration, the environment and files."""
        with network_calls() as calls:
            _detect(bench, configured=True)
            if self.subject.api is None:  # an id of the user's own is nothing unconfigured
                _detect(bench, configured=False)
        check(not calls, f"detect_credentials without a probe uses no network: {calls}")

    def test_a_call_is_described_from_what_is_known(self, bench: Bench) -> None:
        """`describe_call` answers texts, without a request and without the secret."""
        hooks, given = bench.hooks(bench.config())
        if not hooks.describe_call.get_hookimpls():
            pytest.skip(f"{self.subject.provider} does not describe calls, which is optional")
        model = Model(self.subject.provider, self.subject.model, api=self.subject.api)
        with network_calls() as calls:
            description = hooks.describe_call(model=model, options=CompletionOptions(), **given)
        check(not calls, f"describe_call uses no network: {calls}")
        check(
            isinstance(description, Mapping),
            "describe_call returns a mapping",
            found=f"found {description!r}",
        )
        texts = all(isinstance(part, str) for pair in description.items() for part in pair)
        check(texts, "describe_call returns texts under texts", found=f"found {description!r}")
        check(bench.secret not in repr(description), "describe_call does not give the key away")

    @needs(WIRE, "probe", "discovery")
    def test_a_probe_finds_that_a_key_works(self, bench: Bench) -> None:
        """The service takes the key: `usable`."""
        bench.server.always(bench.wire.listing(["model-1"]))
        status = _detect(bench, configured=True, probe=True)
        check(bench.requests, "a probe asks the service")
        check(status.state == "usable", "a key that works is usable", found=f"found {status.state}")

    @needs(WIRE, "probe", "discovery")
    def test_a_probe_finds_that_a_key_is_refused(self, bench: Bench) -> None:
        """The service refuses the key: `unusable`, with the reason."""
        bench.server.always(bench.wire.refuse(401, "This key is not valid."))
        status = _detect(bench, configured=True, probe=True)
        check(bench.requests, "a probe asks the service")
        check(
            status.state == "unusable", "a refused key is unusable", found=f"found {status.state}"
        )
        check(status.reason, "an unusable status has a reason")


def _detect(bench: Bench, *, configured: bool, probe: bool = False) -> CredentialStatus:
    hooks, given = bench.hooks(bench.config() if configured else bench.bare_config())
    status = hooks.detect_credentials(**given, probe=probe, timeout=patience())
    check(
        isinstance(status, CredentialStatus),
        "detect_credentials returns a CredentialStatus",
        found=f"found {type(status).__name__}",
    )
    checked: CredentialStatus = status
    return checked
