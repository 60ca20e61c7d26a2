"""A plugin with a mistake fails the conformance kit, by the name of the rule that it breaks."""

import pytest
from attrs import frozen

from modelwire.cli.plugin.template import PluginNames

pytestmark = pytest.mark.timeout(300)


@frozen
class Mistake:
    """What stands in a file of a good plugin, what a bad one has instead, and what that breaks."""

    name: str
    file: str
    good: str
    bad: str
    rule: str


LOOP = """            async for event in events:
                data = _read(event.data, account, response.request_id)
"""
SEND = "    async with transport.send(\n"
STREAM = "aclosing(stream(account, model, context, options, transport))"
PUMPED = (
    "aclosing(stream.__globals__['_pumped'](stream(account, model, context, options, transport)))"
)
OWNED = PUMPED.replace("_pumped", "_owned")

MISTAKES = [
    Mistake(
        "heavy", "plugin.py", "from modelwire.hookspecs", "import aiohttp\nfrom modelwire.hookspecs",
        "test_loading_it_imports_nothing_heavy",
    ),
    Mistake(
        "heavy-sdk", "plugin.py", "from modelwire.hookspecs",
        "import rich.console\nfrom modelwire.hookspecs", "test_loading_it_imports_nothing_heavy",
    ),
    Mistake(
        "heavy-detection", "detection.py", "from attrs import", "import asyncio\nfrom attrs import",
        "test_detecting_credentials_imports_nothing_heavy",
    ),
    Mistake(
        "cold-stream", "plugin.py", ".stream  # noqa: F401", ".account  # noqa: F401",
        "test_a_first_call_imports_nothing_on_the_event_loop[stream_completion]",
    ),
    Mistake(
        "cold-list", "plugin.py", ".listing\n", ".account\n",
        "test_a_first_call_imports_nothing_on_the_event_loop[discover_models]",
    ),
    Mistake(
        "asks-the-network", "detection.py", "    if not probe:",
        "    import socket\n    socket.getaddrinfo('localhost', 80)\n    if not probe:",
        "test_detecting_uses_no_network",
    ),
    Mistake(
        "no-hint", "account.py", "            hint=f\"Set", "            retryable=False and f\"Set",
        "test_a_missing_key_is_told_with_what_to_do",
    ),
    Mistake(
        "no-source", "detection.py", "source=account.source,", "source=None,",
        "test_credentials_that_are_there_are_found",
    ),
    Mistake(
        "trusting-probe", "detection.py", "except (AuthenticationError, AccessDenied) as error:",
        "except ZeroDivisionError as error:", "test_a_probe_finds_that_a_key_is_refused",
    ),
    Mistake(
        "no-probe", "detection.py", "if not probe:", "if True:",
        "test_a_probe_finds_that_a_key_works",
    ),
    Mistake(
        "describes-the-key", "plugin.py", "@hookimpl\nasync def discover_models(",
        "@hookimpl\n"
        "def describe_call(provider, config):\n"
        "    return {'key': provider.resolve_api_key(config.environ)}\n\n\n"
        "@hookimpl\nasync def discover_models(",
        "test_a_call_is_described_from_what_is_known",
    ),
    Mistake(
        "strange-models", "listing.py", "                account.provider,\n", "                'somebody',\n",
        "test_listed_models_are_whole_and_belong_to_the_provider",
    ),
    Mistake(
        "changed-ids", "listing.py", 'entry["id"],\n', 'entry["id"].replace("/", "-"),\n',
        "test_the_models_are_those_of_the_service",
    ),
    Mistake(
        "empty-list", "listing.py", "    except (ValueError, KeyError, TypeError, AttributeError) as error:\n",
        "    except ValueError:\n        return []\n    except KeyError as error:\n",
        "test_a_refused_list_is_an_error_and_not_an_empty_one",
    ),
    Mistake(
        "blocking-list", "listing.py", "    try:\n        entries",
        "    import urllib.request\n"
        "    body = urllib.request.urlopen(account.base_url + '/models').read()\n"
        "    try:\n        entries",
        "test_listing_leaves_the_loop_free",
    ),
    Mistake(
        "ascii-only", "stream.py", "yield TextDelta(index, text)",
        "yield TextDelta(index, text.encode('ascii', 'ignore').decode())",
        "test_text_survives_however_its_bytes_are_split[7]",
    ),
    Mistake(
        "splits-lines", "stream.py", "aclosing(response.sse()) as events", "aclosing(_lines(response)) as events",
        "test_text_survives_however_its_bytes_are_split[3]",
    ),
    Mistake(
        "one-line-end", "stream.py", "aclosing(response.sse()) as events", "aclosing(_lines(response)) as events",
        "test_what_sse_allows_is_understood",
    ),
    Mistake(
        "first-of-packet", "stream.py", "aclosing(response.sse()) as events", "aclosing(_firsts(response)) as events",
        "test_all_in_one_packet_is_read_to_its_end",
    ),
    Mistake(
        "keeps-until-the-end", "stream.py", LOOP,
        "            for event in [event async for event in events]:\n"
        "                data = _read(event.data, account, response.request_id)\n",
        "test_text_arrives_while_it_is_sent",
    ),
    Mistake(
        "loses-a-word", "stream.py", "yield TextDelta(index, text)", "yield TextDelta(index, text.strip())",
        "test_text_comes_whole",
    ),
    Mistake(
        "no-delta", "stream.py", "yield TextDelta(index, text)", "yield text", "test_deltas_follow_the_contract",
    ),
    Mistake(
        "talks-after-the-end", "stream.py", "yield Stop(_REASONS.get(reason, StopReason.STOP), raw=reason)",
        "yield Stop(_REASONS.get(reason, StopReason.STOP), raw=reason); yield TextDelta(99, 'Bye.')",
        "test_deltas_follow_the_contract",
    ),
    Mistake(
        "says-nothing", "stream.py", "yield TextDelta(index, text)", "yield BlockEnd(index)",
        "test_events_are_in_order",
    ),
    Mistake(
        "no-usage", "stream.py", "yield UsageReport(", "_ = UsageReport(", "test_usage_is_counted",
    ),
    Mistake(
        "always-done", "stream.py", "_REASONS.get(reason, StopReason.STOP)", "StopReason.STOP",
        "test_the_stop_reason_is_told[length]",
    ),
    Mistake(
        "shares-a-state", "stream.py", "yield TextDelta(index, text)",
        "_ALL.append(text); yield TextDelta(index, ''.join(_ALL)); _ALL.clear() if index else None",
        "test_many_answers_at_once_are_kept_apart",
    ),
    Mistake(
        "another-model", "request.py", '"model": model.id', '"model": "best"',
        "test_the_model_and_the_prompt_are_sent",
    ),
    Mistake(
        "no-system-prompt", "request.py", '"system": context.system_prompt', '"system": None',
        "test_the_system_prompt_is_sent",
    ),
    Mistake(
        "forgets", "request.py", "for message in context.messages]", "for message in context.messages[-1:]]",
        "test_the_conversation_is_sent_in_order",
    ),
    Mistake(
        "no-limit", "request.py", '"max_tokens": options.max_tokens', '"max_tokens": 4096',
        "test_an_option_is_honoured[max_tokens]",
    ),
    Mistake(
        "fixed-temperature", "request.py", "options.temperature", "0.3125",
        "test_an_option_is_honoured[temperature]",
    ),
    Mistake(
        "no-stop", "request.py", "list(options.stop)", "[]", "test_an_option_is_honoured[stop]",
    ),
    Mistake(
        "no-tools", "request.py", "for tool in context.tools", "for tool in ()", "test_tools_are_offered",
    ),
    Mistake(
        "no-arguments", "stream.py", "yield ArgumentsDelta(index, fragment)", "pass",
        "test_a_call_comes_with_its_arguments",
    ),
    Mistake(
        "mixes-calls", "stream.py", "yield ToolCallStart(index, id_, name)", "yield ToolCallStart(index, 'call_kit_1', name)",
        "test_several_calls_are_kept_apart",
    ),
    Mistake(
        "needs-arguments", "stream.py", "yield ArgumentsDelta(index, fragment)",
        "yield ArgumentsDelta(index, fragment[fragment == '{}':])",
        "test_a_call_without_arguments_is_a_call",
    ),
    Mistake(
        "loses-the-id", "request.py", '"tool_call_id": message.tool_call_id, ', "",
        "test_a_result_is_sent_with_the_id_of_its_call",
    ),
    Mistake(
        "mends-calls", "stream.py", LOOP,
        "            events = _mended(events)\n" + LOOP, "test_a_call_that_was_cut_is_never_run",
    ),
    Mistake(
        "makes-up-an-end", "stream.py", LOOP, "            events = _mended(events)\n" + LOOP,
        "test_an_answer_that_was_cut_is_an_error[ended]",
    ),
    Mistake(
        "ends-early", "stream.py", LOOP, "            events = _mended(events)\n" + LOOP,
        "test_a_cut_anywhere_is_never_taken_for_the_end",
    ),
    Mistake(
        "swallows-cuts", "stream.py", LOOP, "            events = _swallowed(events)\n" + LOOP,
        "test_an_answer_that_was_cut_is_an_error[reset]",
    ),
    Mistake(
        "success-whatever", "stream.py", LOOP, "            events = _mended(events)\n" + LOOP,
        "test_a_success_that_says_nothing_is_an_error[empty]",
    ),
    Mistake(
        "one-error", "account.py", "        raise error_from_status(\n            response.status,",
        "        raise error_from_status(\n            500,", "test_a_refusal_is_told_by_its_kind[401]",
    ),
    Mistake(
        "always-again", "account.py", "        raise error_from_status(\n            response.status,",
        "        raise error_from_status(\n            503,", "test_whether_another_try_helps_is_told[400-False]",
    ),
    Mistake(
        "never-again", "account.py", "        raise error_from_status(\n            response.status,",
        "        raise error_from_status(\n            400,", "test_a_passing_failure_is_overcome",
    ),
    Mistake(
        "no-retry-after", "account.py", "headers=response.headers,", "headers={},",
        "test_the_wait_that_the_service_asks_for_is_told",
    ),
    Mistake(
        "own-errors", "stream.py", SEND, "    transport = _Own(transport)\n" + SEND, "test_a_refused_connection_is_told",
    ),
    Mistake(
        "skips-garbage", "stream.py", "    except ValueError as error:\n        msg",
        "    except ValueError as error:\n        return {}\n        msg", "test_malformed_bytes_are_told",
    ),
    Mistake(
        "deaf", "stream.py", 'if data.get("type") == "error":', "if False:",
        "test_an_error_in_mid_stream_is_told",
    ),
    Mistake(
        "tries-itself", "stream.py", "        await account.check(response, model.id)\n",
        "        if response.status == 503:\n"
        "            async with transport.send(request) as again:\n"
        "                await account.check(again, model.id)\n"
        "        await account.check(response, model.id)\n",
        "test_the_plugin_itself_does_not_try_again",
    ),
    Mistake(
        "begins-again", "plugin.py", "        async for delta in deltas:\n            yield delta\n",
        "        try:\n            async for delta in deltas:\n                yield delta\n"
        "        except Exception:\n"
        "            async for delta in stream(account, model, context, options, transport):\n"
        "                yield delta\n",
        "test_after_the_first_word_nothing_is_repeated",
    ),
    Mistake(
        "hangs-on", "stream.py", LOOP, "            events = _kept(events)\n" + LOOP,
        "test_nothing_is_left_after_an_answer_that_was_left",
    ),
    Mistake(
        "does-not-let-go", "plugin.py", STREAM, PUMPED,
        "test_the_service_sees_that_the_caller_has_gone[leave]",
    ),
    Mistake(
        "leaves-it-to-the-collector", "plugin.py", STREAM, OWNED,
        "test_the_service_sees_that_the_caller_has_gone[drop]",
    ),
    Mistake(
        "does-not-stop-waiting", "plugin.py", STREAM, PUMPED,
        "test_a_caller_may_leave_before_the_first_byte",
    ),
    Mistake(
        "no-deadline", "stream.py", "request, deadlines=options.deadlines, ", "request, ",
        "test_a_stall_ends_with_the_deadline_for_idleness",
    ),
    Mistake(
        "waits-for-ever", "stream.py", "request, deadlines=options.deadlines, ", "request, ",
        "test_silence_ends_with_the_deadline_for_the_first_byte",
    ),
    Mistake(
        "blocks", "stream.py", SEND,
        "    import urllib.request\n"
        "    urllib.request.urlopen(urllib.request.Request(request.url, request.body)).read()\n" + SEND,
        "test_the_loop_is_free_while_the_service_takes_its_time[head]",
    ),
    Mistake(
        "sleeps", "stream.py", SEND, "    import time\n    time.sleep(0.001)\n" + SEND,
        "test_nothing_in_the_loop_sleeps_or_connects_by_itself",
    ),
    Mistake(
        "repeats-the-key", "account.py", 'text.replace(self.api_key, "[the key]")', 'f"{text} {self.api_key}"',
        "test_no_secret_in_any_output[refusal]",
    ),
    Mistake(
        "logs-the-key", "stream.py", SEND,
        "    import logging\n    logging.getLogger('acme').debug('%s', account.headers)\n" + SEND,
        "test_no_secret_in_any_output[answer]",
    ),
    Mistake(
        "shows-the-key", "detection.py", "identity=fingerprint(account.api_key)", "identity=account.api_key",
        "test_no_secret_in_the_status_of_credentials",
    ),
    Mistake(
        "keeps-the-key", "listing.py", "                tools=True,", "                extra=account.headers,",
        "test_no_secret_in_the_list_of_models_and_its_cache",
    ),
]  # fmt: skip

# What several of the bad plugins call; it is put at the end of their stream.py.
BAD_PARTS = """

_ALL = []


class _Event:
    def __init__(self, data):
        self.data = data


async def _lines(response):
    async for chunk in response.iter_bytes():
        for part in chunk.decode().split("\\n\\n"):
            if part:
                yield _Event(part.removeprefix("data: "))


async def _firsts(response):
    from modelwire.transport import SseDecoder

    decoder = SseDecoder()
    async for chunk in response.iter_bytes():
        for event in decoder.feed(chunk)[:1]:
            yield event


async def _mended(events):
    ended = called = False
    async for event in events:
        ended = ended or '"end"' in event.data
        if '"arguments"' in event.data:
            continue
        yield event
    if not ended:
        yield _Event('{"type": "block_end", "index": 0}')
        yield _Event('{"type": "end", "reason": "stop", "usage": {}}')


async def _swallowed(events):
    try:
        async for event in events:
            yield event
    except Exception:
        yield _Event('{"type": "end", "reason": "stop", "usage": {}}')


def _kept(events):
    import asyncio

    asyncio.create_task(asyncio.sleep(3600), name="forgotten")
    return events


class _Own:
    def __init__(self, transport):
        self.transport = transport

    def send(self, *arguments, **options):
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def sending():
            try:
                async with self.transport.send(*arguments, **options) as response:
                    yield response
            except Exception as error:
                raise OSError("it did not work") from error

        return sending()


class _Owner:
    def __init__(self, deltas):
        self.deltas = deltas
        self.own = self.run()

    async def run(self):
        async for delta in self.deltas:
            yield delta


async def _owned(deltas):
    async for delta in _Owner(deltas).own:
        yield delta


async def _pumped(deltas):
    import asyncio

    arrived = asyncio.Queue()

    async def pump():
        try:
            async for delta in deltas:
                arrived.put_nowait(delta)
        finally:
            arrived.put_nowait(None)

    _ALL.append(asyncio.create_task(pump()))
    while (delta := await arrived.get()) is not None:
        yield delta
"""

# Abilities that the good plugin does not have; to declare them is a mistake too.
UNTRUE = {
    "cache_usage": "test_cached_tokens_are_counted_apart",
    "images": "test_an_image_is_sent_byte_for_byte",
    "reasoning": "test_how_much_to_think_is_honoured",
    "thinking": "test_thinking_is_kept_apart_from_the_text",
    "tool_choice": "test_the_choice_of_a_tool_is_honoured",
    "top_p": "test_an_option_is_honoured[top_p]",
}


@pytest.fixture(scope="module")
def outcome(workshop):
    """What pytest says of all the bad plugins, each with the rule that it breaks."""
    nodes = []
    for mistake in MISTAKES:
        changes = [(mistake.file, mistake.good, mistake.bad)]
        end = "            pass  # an event of tomorrow; what is not known is not needed\n"
        changes.append(("stream.py", end, end + BAD_PARTS))
        nodes.append(f"{workshop.plugin(mistake.name, changes)}::{mistake.rule}")
    for ability, rule in UNTRUE.items():
        name = f"no-{ability.replace('_', '-')}"
        nodes.append(f"{workshop.plugin(name, abilities=[ability])}::{rule}")
    return workshop.run_side_by_side(nodes, options=["--modelwire-patience=3"])


def suite_of(name):
    return f"Test{PluginNames.parse(name).camel}"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_fails_by_the_name_of_its_rule(outcome, mistake):
    found = outcome.of(suite_of(mistake.name), mistake.rule)
    assert found["outcome"] == "failed"
    assert found["reason"]


def test_what_is_imported_on_the_event_loop_is_named(outcome):
    rule = "test_a_first_call_imports_nothing_on_the_event_loop[stream_completion]"
    reason = outcome.of(suite_of("cold-stream"), rule)["reason"]
    assert "imported modelwire_cold_stream.stream, modelwire_cold_stream.request;" in reason


@pytest.mark.parametrize(("ability", "rule"), UNTRUE.items())
def test_an_ability_that_is_declared_and_not_there_fails(outcome, ability, rule):
    found = outcome.of(suite_of(f"no-{ability.replace('_', '-')}"), rule)
    assert found["outcome"] == "failed"


def test_every_rule_that_a_plugin_can_break_is_broken_by_one():
    import inspect

    from modelwire.testing import provider_suite

    suite = provider_suite("anybody")
    rules = {name for name, _ in inspect.getmembers(suite) if name.startswith("test_")}
    broken = {m.rule.partition("[")[0] for m in MISTAKES} | {
        rule.partition("[")[0] for rule in UNTRUE.values()
    }
    beyond_the_template = {
        "test_a_limit_on_tokens_is_kept",  # of models without a wire
        "test_a_signature_is_kept_and_given_back",  # the template's provider does not think
        "test_it_is_found_by_its_entry_point_and_loads",  # see test_kit.py
        "test_recorded_traffic_is_understood",  # see test_recordings.py
        "test_the_deadline_for_the_whole_answer_is_kept",  # kept by the runtime for everybody
    }
    assert rules - broken == beyond_the_template
