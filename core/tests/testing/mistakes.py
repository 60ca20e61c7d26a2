"""Mistakes: changes of a good plugin, each with the rule of the conformance kit that it breaks."""

from attrs import frozen


@frozen
class Mistake:
    """What stands in a file of a good plugin, what a bad one has instead, and what that breaks."""

    name: str
    file: str
    good: str
    bad: str
    rule: str


SEND = "    return stream_json(\n"
HEADERS = "headers=account.headers"
TEXT = "deltas.append(TextDelta(index, text))"


def reads_with(function):
    """The client, with another function than `stream_json`."""
    return f"    return {function}(\n"


MISTAKES = [
    Mistake(
        "heavy", "plugin.py", "\nfrom modelwire.hookspecs", "\nimport aiohttp\nfrom modelwire.hookspecs",
        "test_loading_it_imports_nothing_heavy",
    ),
    Mistake(
        "heavy-sdk", "plugin.py", "\nfrom modelwire.hookspecs",
        "\nimport rich.console\nfrom modelwire.hookspecs", "test_loading_it_imports_nothing_heavy",
    ),
    Mistake(
        "heavy-detection", "credentials.py", "from modelwire.authoring import",
        "import asyncio\nfrom modelwire.authoring import",
        "test_detecting_credentials_imports_nothing_heavy",
    ),
    Mistake(
        "cold-stream", "plugin.py", ".chat.completion\n    import", ".account\n    import",
        "test_a_first_call_imports_nothing_on_the_event_loop[stream_completion]",
    ),
    Mistake(
        "cold-list", "plugin.py", ".discovery  # noqa: F401", ".account  # noqa: F401",
        "test_a_first_call_imports_nothing_on_the_event_loop[discover_models]",
    ),
    Mistake(
        "asks-the-network", "credentials.py", "    return detect_key(",
        "    import socket\n    socket.getaddrinfo('localhost', 80)\n    return detect_key(",
        "test_detecting_uses_no_network",
    ),
    Mistake(
        "no-hint", "account.py", "            hint=f\"Set", "            retryable=False and f\"Set",
        "test_a_missing_key_is_reported_with_what_to_do",
    ),
    Mistake(
        "no-source", "credentials.py", "source=account.source,",
        "source=None,",
        "test_credentials_that_are_there_are_found",
    ),
    Mistake(
        "trusting-probe", "credentials.py", "    await list_models(account, transport, deadlines)\n",
        "    try:\n        await list_models(account, transport, deadlines)\n    except Exception:\n        pass\n",
        "test_a_probe_finds_that_a_key_is_refused",
    ),
    Mistake(
        "no-probe", "credentials.py", "probe=probe,",
        "probe=False,",
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
        "strange-models", "discovery.py", "                account.provider,\n",
        "                'somebody',\n",
        "test_listed_models_are_whole_and_belong_to_the_provider",
    ),
    Mistake(
        "changed-ids", "discovery.py", 'entry["id"],\n',
        'entry["id"].replace("/", "-"),\n',
        "test_the_models_are_those_of_the_service",
    ),
    Mistake(
        "empty-list", "discovery.py", '    answer = await fetch(account, "models", transport, deadlines)\n',
        "    try:\n"
        '        answer = await fetch(account, "models", transport, deadlines)\n'
        "    except Exception:\n        return []\n",
        "test_a_refused_list_is_an_error_and_not_an_empty_one",
    ),
    Mistake(
        "blocking-list", "discovery.py", "    answer = await fetch(",
        "    import urllib.request\n"
        "    urllib.request.urlopen(account.base_url + '/models').read()\n"
        "    answer = await fetch(",
        "test_listing_leaves_the_loop_free",
    ),
    Mistake(
        "ascii-only", "chat/stream.py", TEXT,
        "deltas.append(TextDelta(index, text.encode('ascii', 'ignore').decode()))",
        "test_text_survives_however_its_bytes_are_split[7]",
    ),
    Mistake(
        "splits-lines", "client.py", SEND,
        reads_with("_lines"),
        "test_text_survives_however_its_bytes_are_split[3]",
    ),
    Mistake(
        "one-line-end", "client.py", SEND,
        reads_with("_lines"),
        "test_what_sse_allows_is_understood",
    ),
    Mistake(
        "first-of-packet", "client.py", SEND,
        reads_with("_firsts"),
        "test_all_in_one_packet_is_read_to_its_end",
    ),
    Mistake(
        "keeps-until-the-end", "client.py", SEND,
        reads_with("_late"),
        "test_text_arrives_while_it_is_sent",
    ),
    Mistake(
        "loses-a-word", "chat/stream.py", TEXT,
        "deltas.append(TextDelta(index, text.strip()))",
        "test_text_comes_whole",
    ),
    Mistake(
        "no-delta", "chat/stream.py", TEXT,
        "deltas.append(text)",
        "test_deltas_follow_the_contract",
    ),
    Mistake(
        "talks-after-the-end", "chat/stream.py", "deltas.append(Stop(_REASONS.get(reason, StopReason.STOP), raw=reason))",
        "deltas.append(Stop(_REASONS.get(reason, StopReason.STOP), raw=reason)); "
        "deltas.append(TextDelta(99, 'Bye.'))",
        "test_deltas_follow_the_contract",
    ),
    Mistake(
        "says-nothing", "chat/stream.py", TEXT,
        "deltas.append(BlockEnd(index))",
        "test_events_are_in_order",
    ),
    Mistake(
        "no-usage", "chat/stream.py", "deltas.append(report_usage(usage, _usage_of))",
        "report_usage(usage, _usage_of)",
        "test_usage_is_counted",
    ),
    Mistake(
        "always-done", "chat/stream.py", "_REASONS.get(reason, StopReason.STOP)",
        "StopReason.STOP",
        "test_the_stop_reason_is_reported[length]",
    ),
    Mistake(
        "shares-a-state", "chat/stream.py", TEXT,
        "_ALL.append(text); deltas.append(TextDelta(index, ''.join(_ALL))); _ALL.clear() if index else None",
        "test_many_answers_at_once_are_kept_apart",
    ),
    Mistake(
        "another-model", "chat/request.py", '"model": model.id', '"model": "best"',
        "test_the_model_and_the_prompt_are_sent",
    ),
    Mistake(
        "no-system-prompt", "chat/request.py", '"system": context.system_prompt', '"system": None',
        "test_the_system_prompt_is_sent",
    ),
    Mistake(
        "forgets", "chat/request.py", "for message in context.messages]", "for message in context.messages[-1:]]",
        "test_the_conversation_is_sent_in_order",
    ),
    Mistake(
        "no-limit", "chat/request.py", '"max_tokens": options.max_tokens', '"max_tokens": 4096',
        "test_an_option_is_honoured[max_tokens]",
    ),
    Mistake(
        "fixed-temperature", "chat/request.py", "options.temperature", "0.3125",
        "test_an_option_is_honoured[temperature]",
    ),
    Mistake(
        "no-stop", "chat/request.py", "list(options.stop)", "[]", "test_an_option_is_honoured[stop]",
    ),
    Mistake(
        "no-tools", "chat/request.py", "for tool in context.tools", "for tool in ()", "test_tools_are_offered",
    ),
    Mistake(
        "no-arguments", "chat/stream.py", "deltas.append(ArgumentsDelta(index, fragment))",
        "pass",
        "test_a_call_comes_with_its_arguments",
    ),
    Mistake(
        "mixes-calls", "chat/stream.py", "ToolCallStart(index, id_, name)",
        "ToolCallStart(index, 'call_kit_1', name)",
        "test_several_calls_are_kept_apart",
    ),
    Mistake(
        "needs-arguments", "chat/stream.py", "ArgumentsDelta(index, fragment)",
        "ArgumentsDelta(index, fragment[fragment == '{}':])",
        "test_a_call_without_arguments_is_a_call",
    ),
    Mistake(
        "loses-the-id", "chat/request.py", '"tool_call_id": message.tool_call_id, ', "",
        "test_a_result_is_sent_with_the_id_of_its_call",
    ),
    Mistake(
        "mends-calls", "client.py", SEND,
        reads_with("_mended"),
        "test_a_call_that_was_cut_is_never_run",
    ),
    Mistake(
        "makes-up-an-end", "client.py", SEND,
        reads_with("_mended"),
        "test_an_answer_that_was_cut_is_an_error[ended]",
    ),
    Mistake(
        "ends-early", "client.py", SEND,
        reads_with("_mended"),
        "test_a_cut_anywhere_is_never_taken_for_the_end",
    ),
    Mistake(
        "swallows-cuts", "client.py", SEND,
        reads_with("_swallowed"),
        "test_an_answer_that_was_cut_is_an_error[reset]",
    ),
    Mistake(
        "strict-text", "client.py", SEND,
        reads_with("_by_hand"),
        "test_bytes_that_are_no_text_are_no_bug_of_the_plugin",
    ),
    Mistake(
        "unbounded", "client.py", SEND,
        reads_with("_by_hand"),
        "test_an_event_without_an_end_is_not_read_on_and_on",
    ),
    Mistake(
        "success-whatever", "client.py", SEND,
        reads_with("_mended"),
        "test_a_success_that_says_nothing_is_an_error[empty]",
    ),
    Mistake(
        "one-error", "client.py", HEADERS,
        HEADERS + ", error_of_response=_answered(500)",
        "test_a_refusal_is_reported_by_its_kind[401]",
    ),
    Mistake(
        "always-again", "client.py", HEADERS,
        HEADERS + ", error_of_response=_answered(503)",
        "test_whether_another_try_helps_is_reported[400-False]",
    ),
    Mistake(
        "never-again", "client.py", HEADERS,
        HEADERS + ", error_of_response=_answered(400)",
        "test_a_passing_failure_is_overcome",
    ),
    Mistake(
        "no-retry-after", "client.py", HEADERS,
        HEADERS + ", error_of_response=_answered(headers={})",
        "test_the_wait_that_the_service_asks_for_is_reported",
    ),
    Mistake(
        "own-errors", "client.py", SEND,
        "    transport = _Own(transport)\n" + SEND,
        "test_a_refused_connection_is_reported",
    ),
    Mistake(
        "skips-garbage", "client.py", SEND,
        reads_with("_lenient"),
        "test_malformed_bytes_are_reported",
    ),
    Mistake(
        "trusts-types", "chat/stream.py",
        'index, text = require_index(data, "index"), require_text(data, "text")\n',
        'index, text = data.get("index", 0), data.get("text", "")\n',
        "test_a_value_of_a_wrong_type_is_the_services_fault",
    ),
    Mistake(
        "own-key-only", "account.py", "if provider.delegated_auth is not None:", "if False:",
        "test_an_auth_mode_of_another_plugin_is_used_or_refused",
    ),
    Mistake(
        "sends-past-the-auth", "client.py", SEND,
        "    if account.api_key is None:\n"
        '        transport = getattr(transport, "inner", transport)\n' + SEND,
        "test_a_refused_request_is_sent_again_where_its_auth_mode_renews",
    ),
    Mistake(
        "deaf", "client.py", HEADERS,
        HEADERS + ", reports_failure=lambda name, data: False",
        "test_an_error_in_mid_stream_is_reported",
    ),
    Mistake(
        "tries-itself", "client.py", SEND,
        reads_with("_again"),
        "test_the_plugin_itself_does_not_try_again[503]",
    ),
    Mistake(
        "begins-again", "client.py", SEND,
        reads_with("_restarted"),
        "test_after_the_first_word_nothing_is_repeated",
    ),
    Mistake(
        "hangs-on", "client.py", SEND,
        "    _keep()\n" + SEND,
        "test_nothing_is_left_after_an_answer_that_was_left",
    ),
    Mistake(
        "does-not-let-go", "client.py", SEND,
        reads_with("_pumped"),
        "test_the_service_sees_that_the_caller_has_gone[leave]",
    ),
    Mistake(
        "leaves-it-to-the-collector", "client.py", SEND, reads_with("_owned"),
        "test_the_service_sees_that_the_caller_has_gone[drop]",
    ),
    Mistake(
        "does-not-stop-waiting", "client.py", SEND,
        reads_with("_pumped"),
        "test_a_caller_may_leave_before_the_first_byte",
    ),
    Mistake(
        "no-deadline", "client.py", "        deadlines=deadlines,\n        model=model,\n",
        "        model=model,\n",
        "test_a_stall_ends_with_the_deadline_for_idleness",
    ),
    Mistake(
        "waits-for-ever", "client.py", "        deadlines=deadlines,\n        model=model,\n",
        "        model=model,\n",
        "test_silence_ends_with_the_deadline_for_the_first_byte",
    ),
    Mistake(
        "blocks", "client.py", SEND,
        "    import urllib.request\n"
        "    urllib.request.urlopen(f'{account.base_url}/chat', b'{}').read()\n" + SEND,
        "test_the_loop_is_free_while_the_service_takes_its_time[head]",
    ),
    Mistake(
        "sleeps", "client.py", SEND,
        "    import time\n    time.sleep(0.001)\n" + SEND,
        "test_nothing_in_the_loop_sleeps_or_connects_by_itself",
    ),
    Mistake(
        "repeats-the-key", "client.py", HEADERS,
        HEADERS + ", error_of_response=_repeating(account)",
        "test_no_secret_in_any_output[refusal]",
    ),
    Mistake(
        "logs-the-key", "client.py", SEND,
        "    import logging\n    logging.getLogger('acme').debug('%s', account.headers)\n" + SEND,
        "test_no_secret_in_any_output[answer]",
    ),
    Mistake(
        "shows-the-key", "credentials.py", "identity=fingerprint(account.api_key)",
        "identity=account.api_key",
        "test_no_secret_in_the_status_of_credentials",
    ),
    Mistake(
        "keeps-the-key", "discovery.py", "                tools=True,",
        "                api=account.api_key,",
        "test_no_secret_in_the_list_of_models_and_its_cache",
    ),
]  # fmt: skip

# Abilities that the good plugin does not have; to declare them is a mistake too.
UNTRUE = {
    "cache_usage": "test_cached_tokens_are_counted_apart",
    "images": "test_an_image_is_sent_byte_for_byte",
    "reasoning": "test_how_much_to_think_is_honoured",
    "thinking": "test_thinking_is_kept_apart_from_the_text",
    "tool_choice": "test_the_choice_of_a_tool_is_honoured",
    "top_p": "test_an_option_is_honoured[top_p]",
}
