"""The rules that Bedrock enforces beyond its service model: one table.

Each row says for which families it holds and how it is known:

- `RECORDED`: AWS gave this very answer; `source` names the recording.
- `REPORTED`: published by others who tested it against the service; `source` names the project or
  the issue. The wording may be ours.
- `HEARSAY`: known from error messages in public trackers or from the user guide, confirmed by
  nothing that we hold.

What differs from model to model is data of its own, `hosted.json`, with evidence in each row.

No rule may refuse what a recording shows to be accepted; `accepted` names such counter-examples where
rumour says otherwise. The order is the one in which the rules are tried; the first hit answers.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

from modelwire_bedrock.emulator.apis.errors import ApiRefusal
from modelwire_bedrock.emulator.apis.rules import API_RULES
from modelwire_bedrock.emulator.checks import (
    caching,
    content,
    effort,
    limits,
    models,
    sampling,
    structured,
    thinking,
    tools,
)
from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest
from modelwire_bedrock.emulator.errors import EmulatorError, Refusal
from modelwire_bedrock.emulator.operations import INVOKE
from modelwire_bedrock.emulator.rule import CONVERSE, Evidence, Rule

__all__ = [
    "FAMILIES",
    "RULES",
    "Evidence",
    "Rule",
    "broken_rule",
    "families_of",
    "known_rules",
    "wants_short_ids",
]

FAMILIES: dict[str, tuple[str, ...]] = {
    "ai21": ("ai21.*",),
    "claude": ("anthropic.claude-*",),
    "claude-prefill-refused": (
        "anthropic.claude-opus-4-[6-9]*",
        "anthropic.claude-sonnet-4-[6-9]*",
        "anthropic.claude-opus-5*",
        "anthropic.claude-sonnet-5*",
        "anthropic.claude-haiku-5*",
        "anthropic.claude-fable-*",
        "anthropic.claude-mythos-*",
    ),
    "claude-one-sampler": (
        "anthropic.claude-opus-4-1-*",
        "anthropic.claude-opus-4-5-*",
        "anthropic.claude-sonnet-4-5-*",
        "anthropic.claude-haiku-4-5-*",
    ),
    "cohere-command": ("cohere.command-text-*", "cohere.command-light-*"),
    "caching": (
        "anthropic.claude-3-5-sonnet-20241022-*",
        "anthropic.claude-3-5-haiku-*",
        "anthropic.claude-3-7-*",
        "anthropic.claude-sonnet-*",
        "anthropic.claude-opus-*",
        "anthropic.claude-haiku-*",
        "anthropic.claude-fable-*",
        "anthropic.claude-mythos-*",
        "amazon.nova-micro-*",
        "amazon.nova-lite-*",
        "amazon.nova-pro-*",
        "amazon.nova-premier-*",
        "amazon.nova-2-*",
    ),
    "deepseek-r1": ("deepseek.r1-*",),
    "deepseek-v3": ("deepseek.v3*",),
    "first-word-to-assistant": (
        "anthropic.*",
        "qwen.*",
        "zai.*",
        "moonshot.*",
        "moonshotai.*",
    ),
    "gpt": ("openai.gpt-[5-9]*",),
    "gpt-5.6-and-later": ("openai.gpt-5.[6-9]*", "openai.gpt-[6-9]*"),
    "gpt-oss": ("openai.gpt-oss-*",),
    "kimi": ("moonshot.*", "moonshotai.*"),
    "llama": ("meta.llama*",),
    "llama-without-tools": ("meta.llama2-*", "meta.llama3-8b-*", "meta.llama3-70b-*"),
    "llama-streams-no-tools": ("meta.llama3-1-*", "meta.llama3-2-*"),
    "mistral": ("mistral.*",),
    "mistral-large": ("mistral.mistral-large-*",),
    "mistral-long-ids": ("mistral.pixtral-*",),
    "mistral-old": ("mistral.mistral-7b-*", "mistral.mixtral-*"),
    "nova": ("amazon.nova-*",),
    "qwen": ("qwen.*",),
    "titan": ("amazon.titan-text-*",),
    "claude-old": ("anthropic.claude-v2*", "anthropic.claude-instant-*"),
    "writer": ("writer.*",),
}
"""Families by the ids of foundation models; a model may be in several, or in none."""

ALL = (*CONVERSE, "CountTokens")
CALLS = (*CONVERSE, *INVOKE)
EVERYWHERE = (*ALL, *INVOKE)


RECORDED, REPORTED, HEARSAY = Evidence.RECORDED, Evidence.REPORTED, Evidence.HEARSAY
SHORT_IDS = Rule("ids of calls are nine letters or digits", tools.short_ids, REPORTED, "anomalyco/opencode#48843; wording of Mistral's own API", families=("mistral",), but=("mistral-long-ids",), accepted=("test_bedrock_media_kind_delivered_in_tool_result_mistral_document: Pixtral",))  # fmt: skip

RULES: tuple[Rule, ...] = (
    # Which model, and how it is called.
    Rule("the model exists", models.is_known, RECORDED, "test_bedrock_streaming_error__00", operations=EVERYWHERE),
    Rule("tokens are counted under a bare Claude id", models.counts_tokens, RECORDED, "test_anthropic_bedrock_count_tokens_error__00", operations=("CountTokens",)),
    Rule("it can be called on demand", models.on_demand, REPORTED, "BerriAI/litellm#9301, simonw/llm-bedrock#12", operations=CALLS),
    Rule("an id with a version takes the older anthropic_version", models.version_accepted, HEARSAY, "AWS, Claude on Amazon Bedrock (Opus 4.6 and earlier); wording by analogy", families=("claude",), operations=INVOKE),
    Rule("it answers with text", models.converses, HEARSAY, "wording is ours"),
    Rule("it can stream", models.streams, HEARSAY, "public trackers", operations=("ConverseStream", "InvokeModelWithResponseStream")),
    # What the messages hold.
    Rule("a message is not empty", content.content_present, HEARSAY, "public trackers", operations=ALL),
    Rule("text is not empty", content.text_present, REPORTED, "pydantic/pydantic-ai#1678, BerriAI/litellm#7169", operations=ALL, accepted=("test_bedrock_cache_messages_with_document_as_last_content", "a text of one line break beside others")),
    Rule("a message is not all white space", content.whole_message_blank, HEARSAY, "boto/botocore#3525"),
    Rule("text of a tool result is not empty", content.tool_result_text_present, HEARSAY, "wording is ours"),
    Rule("arguments are an object", tools.input_is_object, HEARSAY, "public trackers"),
    Rule("a JSON result is an object", tools.json_result_is_object, HEARSAY, "public trackers"),
    Rule("a document's name is harmless", content.document_name, REPORTED, "simonw/llm-bedrock#8, vercel/ai#20365", accepted=("test_citations_document1: an underscore",)),
    Rule("a document has text beside it", content.document_with_text, REPORTED, "strands and vercel/ai; wording is ours"),
    # Orders and roles.
    Rule("the user begins", content.starts_with_user, REPORTED, "pydantic-ai, tested live; wording from public trackers", but=("first-word-to-assistant",), accepted=("test_bedrock_anthropic_message_history_starting_with_response",)),
    Rule("the user has the last word", content.no_prefill, HEARSAY, "public trackers", families=("claude-prefill-refused",)),
    Rule("no system prompt", content.no_system, HEARSAY, "user guide, table of supported features", families=("titan", "mistral-old", "cohere-command")),
    Rule("only the assistant thinks", thinking.reasoning_by_assistant, HEARSAY, "aws-samples/bedrock-chat#851"),
    # Tools.
    Rule("no tools", tools.no_tools, HEARSAY, "user guide, table of supported features", families=("titan", "claude-old", "llama-without-tools", "mistral-old", "cohere-command", "deepseek-r1")),
    Rule("no tools while streaming", models.streams_tools, HEARSAY, "user guide, table of supported features", families=("llama-streams-no-tools",), operations=("ConverseStream",)),
    Rule("tool blocks come with toolConfig", tools.defined, REPORTED, "langgenius/dify#16421", operations=ALL),
    Rule("no more results than calls", tools.results_not_too_many, REPORTED, "pydantic/pydantic-ai#2327"),
    Rule("every call has its result", tools.results_complete, REPORTED, "pydantic/pydantic-ai#6081"),
    SHORT_IDS,
    Rule("ids of calls differ", tools.unique_ids, HEARSAY, "wording is ours"),
    Rule("a schema is an object's", tools.schema_is_object, HEARSAY, "public trackers"),
    Rule("a schema has no alternatives at its top", tools.root_without_composition, REPORTED, "GitNexus#2487, earendil-works/pi#8279, kirodotdev/Kiro#11027", families=("claude",)),
    Rule("the forced tool exists", tools.choice_names_tool, HEARSAY, "public trackers"),
    Rule("names of tools differ", tools.unique_names, HEARSAY, "public trackers", families=("claude",)),
    Rule("toolChoice is not `any`", tools.choice_not_any, REPORTED, "langchain-aws, table of choices", families=("llama",)),
    Rule("toolChoice does not name a tool", tools.choice_not_tool, REPORTED, "langchain-aws, table of choices", families=("llama", "mistral-large", "deepseek-v3")),
    Rule("a tool is chosen once", tools.chosen_once, REPORTED, "pydantic-ai, tested live; wording is ours", families=("claude",)),
    Rule("a tool can be forced", tools.forced_accepted, REPORTED, "hosted.json"),
    Rule("a message with tool results has nothing else", tools.alone_in_turn, REPORTED, "pydantic-ai, tested live; wording from public trackers", families=("llama", "mistral", "writer")),
    Rule("results have no status", tools.no_status, REPORTED, "pydantic-ai, tested live; wording is ours", families=("writer",)),
    # Media.
    Rule("video goes to models that see it", content.video_accepted, RECORDED, "test_multimodal_tool_return_matrix_direct-uploaded_file-video-bedrock_claude__01"),
    Rule("images and sounds go to models that take them", content.media_accepted, HEARSAY, "by analogy with video"),
    Rule("images and documents come as bytes", content.no_s3_media, RECORDED, "test_multimodal_tool_return_matrix_tool_return_content-uploaded_file-document-bedrock_claude__01; images by analogy", families=("claude",)),
    Rule("Nova's results hold text documents at most", tools.extraneous_nova_result, RECORDED, "test_multimodal_tool_return_matrix_direct-uploaded_file-document-bedrock_nova__01; formats from pydantic-ai", families=("nova",)),
    Rule("no image in a result", tools.no_media_in_result("image"), REPORTED, "pydantic-ai, tested live; wording by analogy", families=("mistral", "qwen", "kimi")),
    Rule("no document in a result", tools.no_media_in_result("document"), REPORTED, "pydantic-ai, tested live; wording by analogy", families=("qwen", "kimi"), accepted=("test_bedrock_media_kind_delivered_in_tool_result_mistral_document",)),
    Rule("an image has 5 MiB at most", limits.image_bytes, REPORTED, "aws-samples IDP#778, Kiro#10783", families=("claude",)),
    Rule("edges of images are not too long", limits.image_edges, REPORTED, "aws-samples IDP#994, cline#1844", families=("claude",)),
    Rule("there are not too many images", limits.few_images, REPORTED, "aws-samples IDP#778; wording is ours", families=("claude",)),
    # Caching.
    Rule("no cache points", caching.no_points, REPORTED, "BerriAI/litellm#17479", but=("caching",), code="AccessDeniedException"),
    Rule("Nova caches no tools", caching.no_points_in_tools, REPORTED, "pydantic-ai, tested live; wording by analogy", families=("nova",)),
    Rule("Nova takes no ttl", caching.no_ttl, REPORTED, "pydantic-ai, tested live; wording by analogy", families=("nova",)),
    Rule("nothing is kept for an hour", caching.no_hour, REPORTED, "hosted.json", families=("claude",)),
    Rule("at most four cache points", caching.at_most_four, REPORTED, "pydantic-ai, budget of cache points", families=("claude",)),
    Rule("an hour comes before five minutes", caching.long_before_short, REPORTED, "Portkey-AI/gateway#1762", families=("claude",)),
    # Sampling.
    Rule("no sampling settings", sampling.no_sampling, REPORTED, "hosted.json"),
    Rule("one of temperature and topP", sampling.not_both, HEARSAY, "public trackers", families=("claude-one-sampler",)),
    Rule("stop sequences are not blank", sampling.stop_not_blank, HEARSAY, "public trackers", families=("claude",)),
    # Sizes.
    Rule("the model can answer that much", limits.answer_fits_model, REPORTED, "hosted.json"),
    Rule("the input fits into the context window", limits.input_fits, REPORTED, "hosted.json"),
    Rule("input and answer fit into the context window", limits.input_with_answer_fits, REPORTED, "hosted.json"),
    # Structured output.
    Rule("outputConfig is accepted", structured.output_config_accepted, REPORTED, "hosted.json"),
    Rule("outputConfig is accepted by all reports", structured.output_config_undisputed, REPORTED, "hosted.json"),
    Rule("strict tools are accepted", structured.strict_accepted, REPORTED, "lobehub#19876, stdapi.ai#284"),
    Rule("strict schemas have few unions", structured.few_unions, REPORTED, "the service's words in reports of 2026-09", families=("claude",)),
    Rule("strict schemas have few optional parameters", structured.few_optional, REPORTED, "Anthropic's page on structured outputs; wording is ours", families=("claude",)),
    # Thinking.
    Rule("the type of thinking is accepted", effort.thinking_type_accepted, REPORTED, "hosted.json"),
    Rule("the effort is accepted", effort.effort_accepted, REPORTED, "hosted.json"),
    Rule("the effort is one of the model's", effort.effort_value_accepted, REPORTED, "hosted.json"),
    Rule("fields are known to the model", effort.fields_known, REPORTED, "hosted.json"),
    Rule("a thinking budget of 1,024 at least", thinking.budget_large_enough, REPORTED, "Anthropic's documentation", families=("claude",)),
    Rule("the budget is below maxTokens", thinking.budget_fits, REPORTED, "Anthropic's documentation", families=("claude",)),
    Rule("temperature is 1 while thinking", thinking.temperature_is_one, HEARSAY, "Anthropic's documentation", families=("claude",)),
    Rule("no forced tool while thinking", tools.not_forced_while_thinking, REPORTED, "hosted.json"),
    Rule("thinking is not sent back", thinking.no_reasoning, REPORTED, "aws-samples/bedrock-chat#851, can1357/oh-my-pi#9086", families=("deepseek-r1", "nova")),
    Rule("thinking is signed", thinking.signed, HEARSAY, "langchain-ai/langchain-aws#844", families=("claude",)),
    Rule("the signature is genuine", thinking.signature_valid, REPORTED, "pydantic/pydantic-ai#7908", families=("claude",)),
)  # fmt: skip


def families_of(model_id: str) -> frozenset[str]:
    """The families of a foundation model."""
    return frozenset(
        name
        for name, patterns in FAMILIES.items()
        if any(fnmatchcase(model_id, pattern) for pattern in patterns)
    )


def wants_short_ids(model_id: str) -> bool:
    """Whether the ids of a foundation model's tool calls must be nine letters or digits."""
    return SHORT_IDS.holds_for("Converse", families_of(model_id))


def known_rules(names: Iterable[str]) -> frozenset[str]:
    """The names of rules, checked.

    Raises:
        EmulatorError: There is no such rule.
    """
    wanted, known = frozenset(names), [rule.name for rule in (*RULES, *API_RULES)]
    for name in sorted(wanted.difference(known)):
        like = get_close_matches(name, known, 1, 0.5)
        msg = f"Cannot skip a rule: there is no rule {name!r}."
        hint = f"Did you mean {like[0]!r}?" if like else None
        raise EmulatorError(msg, hint=hint)
    return wanted


def broken_rule(
    request: CheckedRequest, skipped: Container[str] = ()
) -> tuple[Rule, Refusal] | None:
    """The first rule that a request breaks, and what AWS answers to it.

    Rules whose names are in `skipped` are not enforced.
    """
    families = families_of(request.model.id) if request.model else frozenset[str]()
    anthropic = request.api is not None and request.api.shape == "anthropic"
    for rule in API_RULES + RULES if request.api is not None else RULES:
        if rule.name in skipped:
            continue
        if rule.holds_for(request.operation, families):
            message = rule.check(request)
        elif (anthropic or request.operation in INVOKE) and rule.holds_for("Converse", families):
            message = _of_model(rule.check(request))
        else:
            continue
        if message is not None:
            return rule, _refusal(rule, message)
    return None


def _refusal(rule: Rule, message: str) -> Refusal:
    if not rule.detail:
        return Refusal(rule.code, message)
    param = message.split("'")[1] if message.count("'") > 1 else None
    return ApiRefusal(message, rule.detail, param, rule.code)


def _of_model(message: str | None) -> str | None:
    """The model's own message; that of Converse differs from that of InvokeModel."""
    if message is None or not message.startswith(FROM_MODEL):
        return None
    return message.removeprefix(FROM_MODEL)
