"""The rows of Claude, one for each point release whose rules differ."""

from __future__ import annotations

from functools import partial

from modelwire_bedrock.models.family import ANY_CALL, NO_CALL, CachePlace, Family, FileKind

__all__ = ["CLAUDE"]

_CACHE: frozenset[CachePlace] = frozenset({"tools", "system", "messages"})
_DOCUMENTS: frozenset[FileKind] = frozenset({"document"})
_TO_XHIGH = ("low", "medium", "high", "xhigh", "max")

# rec: every choice of tool, top_k, a leading assistant turn, text and images beside a tool result,
# documents in one (direct-url-document), no video (direct-uploaded_file-video). peer: no documents
# beside one; `tool_choice: none` among the additional fields. hearsay: no sound; a failed tool's result holds text only; a stop is not blank.
_claude = partial(
    Family,
    forced=ANY_CALL,
    forced_with_thinking=NO_CALL,
    forbids_calls=True,
    files=_DOCUMENTS,
    no_files=frozenset({"audio", "video"}),
    result_documents="any",
    failed_result_media=False,
    result_company="text and images",
    leading_assistant=True,
    signed=True,
    top_k="top_k",
    blank_stops=False,
    structured_output=False,
    # issue litellm#41529, openwiki#743: without a limit an answer ends at 4,096 tokens. peer: up to
    # Sonnet 4 a request is refused whose input and limit pass the context window together.
    answer_tokens=8_192,
)
_cached = partial(_claude, cache=_CACHE)
_budget = partial(_cached, thinking="budget", interleaved=True, prefill=True)
# ref 4.9: the hour. hearsay, in many issue threads with the service's words: not both.
_hour = partial(
    _cached,
    cache_hour=True,
    temperature_with_top_p=False,
    structured_output=True,
    answer_tokens=32_000,
)
_adaptive = partial(_hour, thinking="adaptive", efforts=("low", "medium", "high", "max"))
# ref 4.13: no temperature. hearsay: nor top_p and top_k. issue langchain-aws#1141: forced calls while
# it thinks.
_unsampled = partial(
    _adaptive,
    temperature=False,
    top_p=False,
    top_k=None,
    efforts=_TO_XHIGH,
    structured_output=None,
)
# From the fifth generation on it thinks unless it is kept from it.
_five = partial(
    _unsampled,
    forced_with_thinking=ANY_CALL,
    by_default=True,
    response_fields=("/stop_details",),
    service_tiers=frozenset({"default"}),
)
_unforced = partial(_five, forced=NO_CALL, forced_with_thinking=NO_CALL)

CLAUDE: tuple[Family, ...] = (
    _unforced(
        "claude-opus-5.5", r"claude-opus-5-5(?!\d)",
        "card: always on, medium; issue stdapi.ai#284, litellm#42717: no forced call, no strict tools",
        off="least", default_level="medium", strict_tools=False,
    ),
    _five(
        "claude-opus-5", r"claude-opus-5(?!-\d(?!\d))",
        "ref 4.11, 4.13, 4.14; issue earendil-works/pi#7081, onyx#15017: off is `disabled`",
        off="disabled", default_level="high", structured_output=False,
    ),
    _unforced(
        "claude-sonnet-5.5", r"claude-sonnet-5-5(?!\d)",
        "peer: `disabled` is refused in favour of `between_tools`, no forced call",
        off="between_tools",
    ),
    _five(
        "claude-sonnet-5", r"claude-sonnet-5(?!-\d(?!\d))",
        "rec: langchain-aws test_thinking, test_agent_loop; issue promptfoo#10631: `disabled`",
        off="disabled", default_level="high",
    ),
    _five("claude-haiku-5.5", r"claude-haiku-5-5(?!\d)", "peer", off="disabled"),
    _unforced(
        "claude-fable-5.1", r"claude-(?:fable|mythos)-5-[1-9](?!\d)",
        "peer: as Fable 5, and no forced call", off="least",
    ),
    _five(
        "claude-fable-mythos", r"claude-(?:fable-5(?!-\d(?!\d))|mythos-(?:5(?!-\d(?!\d))|preview))",
        "ref 4.11, 4.14; peer: no outputConfig", off="least",
    ),
    _unsampled(
        "claude-opus-4.8", r"claude-opus-4-8(?!\d)", "ref 4.11, 4.13; issue langchain-aws#1141",
        forced_with_thinking=ANY_CALL,
    ),
    _unsampled("claude-opus-4.7", r"claude-opus-4-7(?!\d)", "ref 4.11, 4.13"),
    _adaptive("claude-opus-4.6", r"claude-opus-4-6(?!\d)", "ref 4.11, row 87; peer: efforts"),
    _adaptive(
        "claude-sonnet-4.6", r"claude-sonnet-4-6(?!\d)",
        "rec: thinking_part_anthropic_adaptive(_effort); peer: efforts",
    ),
    _hour(
        "claude-opus-4.5", r"claude-opus-4-5(?!\d)",
        "peer: as the others of 4.5; issue coder/coder#25356: efforts, with a beta flag",
        thinking="budget", interleaved=True, prefill=True, effort_beside_budget=True,
    ),
    _hour(
        "claude-4.5", r"claude-(?:sonnet|haiku)-4-5(?!\d)",
        "rec: thinking_part_anthropic_legacy, native_output_*, top_k_anthropic; prefill: hearsay",
        thinking="budget", interleaved=True, prefill=True,
    ),
    _budget(
        "claude-opus-4.1", r"claude-opus-4-1(?!\d)", "ref 4.9, 4.11; not both: hearsay",
        temperature_with_top_p=False,
    ),
    _budget(
        "claude-4", r"claude-(?:opus|sonnet)-4(?:-2\d{7}|-v\d|:|$)",
        "rec: thinking_part_anthropic; ref 4.9, 4.11; prefill: hearsay",
    ),
    _budget(
        "claude-3.7", "claude-3-7-sonnet",
        "rec: anthropic_tool_with_thinking, thinking_part_redacted; interleaved, prefill: hearsay",
        interleaved=False,
    ),
    _cached(
        "claude-3.5-haiku", "claude-3-5-haiku", "ref 4.9; prefill: hearsay", prefill=True,
        thinks=False,
    ),
    _claude(
        "claude-3", "claude-3", "ref 4.9: no cache points; prefill: hearsay", prefill=True,
        thinks=False,
    ),
    _claude(
        "claude-2", "claude-(?:v?2|v1|instant)", "rec: text_document_url_input; tools: hearsay",
        tools=False, choice=False, forced=NO_CALL, forbids_calls=False, prefill=True, thinks=False,
    ),
    _unforced(
        "claude", "claude", "hearsay: newer than this table, so as the newest known", off=None,
    ),
)  # fmt: skip
"""Every release that is known, most particular first; a newer one has the rules of the newest."""
