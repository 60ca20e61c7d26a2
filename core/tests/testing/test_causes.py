"""The first rule that fails names the cause, however many others fail because of it."""

import pytest
from bad_parts import BAD_PARTS

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.extensive("it runs the whole kit on plugins that break most rules"),
]

TWICE = """

async def _twice(*arguments, **options):
    [together async for together in stream_json(*arguments, **options)]
    async for together in stream_json(*arguments, **options):
        yield together
"""


def failures(workshop, name, part, source):
    """The rules that a plugin breaks, in the order in which they ran, each with its reason."""
    api = "\n\ndef _api("
    changes = [("client.py", "return stream_json(", f"return {part}(")]
    node = workshop.plugin(name, [*changes, ("client.py", api, f"{source}{api}")])
    outcome = workshop.run(node, options=["--modelwire-patience=3"])
    assert outcome.status == 1, outcome.printed
    (suite,) = outcome.suites.values()
    return [(r["rule"], r["reason"]) for r in suite["rules"] if r["outcome"] == "failed"]


@pytest.mark.parametrize("statuses", [(429, 500, 503), (429,)], ids=str)
def test_a_plugin_that_retries_by_itself_fails_first_by_that_rule(workshop, statuses):
    again = BAD_PARTS.replace("!= 503", f"not in {statuses}")
    failed = failures(workshop, f"retries-{len(statuses)}", "_again", again)
    rule = "test_the_plugin_itself_does_not_try_again"
    assert [name for name, _ in failed[: len(statuses)]] == [f"{rule}[{s}]" for s in statuses]
    reason = "the plugin sent 2 requests for one try; expected: one try is one request after 429"
    assert failed[0][1] == reason
    assert len(failed) > len(statuses)


def test_a_plugin_that_sends_twice_fails_first_by_what_it_sent(workshop):
    failed = failures(workshop, "twice", "_twice", TWICE)
    sent = "the plugin sent 2 requests for one try: POST /chat, POST /chat"
    assert failed[0][1] == sent
    assert [reason for _, reason in failed].count(sent) > len(failed) / 2
