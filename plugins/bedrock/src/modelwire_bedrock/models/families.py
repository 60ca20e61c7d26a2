"""The table of model families: what each takes and refuses.

A row is read from the top; the first whose pattern is found in the model's id decides. The column
`evidence` says where the row comes from:

    rec: NAME     a request that AWS answered, in the recordings of real traffic
    ref 4.9       the newest form of the reference client, by section
    guide         AWS's own table of what Converse supports, in the user guide of Bedrock
    peer          verified live by another client, as its authors say
    hearsay       documentation or issue threads; nobody has shown us the wire

Where they disagree a recording wins over the reference, and that over the rest.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Literal

from attrs import field, frozen

from modelwire.models import ReasoningLevel

__all__ = [
    "FAMILIES",
    "GEOGRAPHIES",
    "UNKNOWN",
    "CachePlace",
    "Family",
    "FileKind",
    "base_model_id",
    "family_of",
]

CachePlace = Literal["tools", "system", "messages"]
FileKind = Literal["document", "audio", "video"]
ToolChoiceMode = Literal["auto", "any", "tool"]

GEOGRAPHIES = (
    "us-gov", "us", "eu", "apac", "ap", "jp", "au", "in", "ca", "sa", "amer", "global",
)  # fmt: skip
"""Prefixes that make an inference profile's id of a model's id."""


@frozen
class Family:
    """What the models of one family take. The defaults are what most of them do.

    Attributes:
        key: A name for people.
        pattern: What a part of the model's id begins with, in lower case and with dashes for dots
            and spaces.
        evidence: Where the row comes from.
        tools: Whether it can call tools.
        tool_choices: The tool choices that it accepts; `auto` is the default of the service.
        files: The kinds of files that it is known to take.
        no_files: Those that it is known to refuse; of any other kind the service is left to judge.
        result_images: Whether a tool's result may hold images.
        result_documents: Which documents it may hold. Films and sounds it may not, in any family.
        failed_result_media: Whether the result of a tool that failed may hold any of these.
        result_company: What may stand in one user turn with tool results.
        result_status: Whether a tool result may say that the tool failed.
        leading_assistant: Whether a conversation may begin with an assistant turn.
        prefill: Whether it may end with one, which the model then continues.
        system: Whether there may be a system prompt.
        thinking: How thinking is asked for, or `None` where it cannot be controlled.
        efforts: The efforts that it knows beyond low, medium and high.
        default_level: How much to think where nobody says.
        always_thinks: Whether thinking cannot be switched off.
        interleaved: Whether it must be told to think between tool calls.
        signed: Whether its thinking is given back to it, with its signature.
        temperature: Whether it takes a temperature.
        top_p: Whether it takes `topP`.
        temperature_with_top_p: Whether it takes both at once.
        top_k: Where `top_k` goes among the additional fields, or `None` where it is refused.
        blank_stops: Whether a stop sequence may be white space alone.
        cache: Where cache points may stand.
        cache_hour: Whether what is cached may be kept for an hour.
        structured_output: Whether it takes `outputConfig`; `None` where nobody knows.
        service_tiers: The only service tiers, or `None` for all.
        response_fields: Fields of the model's own answer to ask for.
        streaming: What may be streamed.
        inline_references: Whether schemas of tools must say in place what `$ref` refers to.
        strict_tools: Whether it takes `toolSpec.strict`; `None` where nobody knows.
    """

    key: str
    pattern: str
    evidence: str
    tools: bool = True
    tool_choices: frozenset[ToolChoiceMode] = frozenset({"auto"})
    files: frozenset[FileKind] = frozenset()
    no_files: frozenset[FileKind] = frozenset()
    result_images: bool = True
    result_documents: Literal["any", "text", "none"] = "none"
    failed_result_media: bool = True
    result_company: Literal["anything", "text and images", "nothing"] = "anything"
    result_status: bool = True
    leading_assistant: bool = False
    prefill: bool = False
    system: bool = True
    thinking: (
        Literal["budget", "adaptive", "reasoning_effort", "reasoning_config", "nova"] | None
    ) = None
    efforts: frozenset[str] = frozenset()
    default_level: ReasoningLevel | None = None
    always_thinks: bool = False
    interleaved: bool = False
    signed: bool = False
    temperature: bool = True
    top_p: bool = True
    temperature_with_top_p: bool = True
    top_k: Literal["top_k", "inferenceConfig.topK"] | None = None
    blank_stops: bool = True
    cache: frozenset[CachePlace] = frozenset()
    cache_hour: bool = False
    structured_output: bool | None = None
    service_tiers: frozenset[str] | None = None
    response_fields: tuple[str, ...] = ()
    streaming: Literal["everything", "text only", "nothing"] = "everything"
    inline_references: bool = False
    strict_tools: bool | None = None
    expression: re.Pattern[str] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        # The class is frozen, so the compiled pattern cannot be assigned. It matches the beginning of
        # a part only, as the opaque ids of inference profiles may hold anything.
        object.__setattr__(self, "expression", re.compile(f"(?:^|-)(?:{self.pattern})"))


_ANY: frozenset[ToolChoiceMode] = frozenset({"auto", "any", "tool"})
_NEVER: frozenset[ToolChoiceMode] = frozenset()
_CLAUDE_CACHE: frozenset[CachePlace] = frozenset({"tools", "system", "messages"})
_NOVA_CACHE: frozenset[CachePlace] = frozenset({"system", "messages"})
_DOCUMENTS: frozenset[FileKind] = frozenset({"document"})
_DOCUMENTS_AND_VIDEO: frozenset[FileKind] = frozenset({"document", "video"})

# rec: every choice of tool, top_k, a leading assistant turn, text and images beside a tool result,
# documents in one (direct-url-document), no video (direct-uploaded_file-video). peer: no documents
# beside one. hearsay: no sound; a failed tool's result holds text only; a stop is not blank.
_claude = partial(
    Family,
    tool_choices=_ANY,
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
)
_claude_cached = partial(_claude, cache=_CLAUDE_CACHE)
# ref 4.9: the hour. hearsay, in many issue threads with the service's words: not both.
_claude_45 = partial(
    _claude_cached, cache_hour=True, temperature_with_top_p=False, structured_output=True
)
_claude_adaptive = partial(_claude_45, thinking="adaptive")
# ref 4.13: no temperature. hearsay: nor top_p and top_k.
_claude_unsampled = partial(
    _claude_adaptive,
    temperature=False,
    top_p=False,
    top_k=None,
    efforts=frozenset({"xhigh", "max"}),
    structured_output=False,
)
_claude_5 = partial(
    _claude_unsampled,
    response_fields=("/stop_details",),
    service_tiers=frozenset({"default"}),
)
# rec: PDFs beside a tool result (bedrock_nova), a PDF in one refused, a video (video_url_input).
# peer: text documents in one.
_nova = partial(
    Family,
    tool_choices=_ANY,
    files=_DOCUMENTS_AND_VIDEO,
    result_documents="text",
    prefill=True,
    top_k="inferenceConfig.topK",
    structured_output=False,
)
# rec: a PDF in a tool result (meta_document), of Llama 4. guide: documents, of the older ones.
_llama = partial(
    Family,
    files=_DOCUMENTS,
    result_company="nothing",
    result_documents="any",
    structured_output=False,
)
# rec: a PDF in a tool result (mistral_document), of Pixtral. peer: of all of them.
_mistral = partial(
    Family,
    tool_choices=frozenset({"auto", "any"}),
    result_company="nothing",
    result_images=False,
    result_documents="any",
)
_no_chat = partial(Family, tools=False, tool_choices=_NEVER, structured_output=False)

FAMILIES: tuple[Family, ...] = (
    # Anthropic
    _claude_5(
        "claude-opus-5", "claude-opus-5", "ref 4.11, 4.13, 4.14; peer: no outputConfig",
        default_level="high",
    ),
    _claude_5(
        "claude-sonnet-5", "claude-(?:sonnet|haiku)-5",
        "rec: langchain-aws test_thinking, test_agent_loop (sonnet-5); ref 4.11; haiku: hearsay",
        default_level="high", always_thinks=True, structured_output=None,
    ),
    _claude_5(
        "claude-fable-mythos", "claude-(?:fable-5|mythos)", "ref 4.11, 4.14",
        default_level="high", always_thinks=True, structured_output=None,
    ),
    _claude_unsampled("claude-opus-4.7", "claude-opus-4-[78]", "ref 4.11, 4.13; peer: no outputConfig"),
    _claude_adaptive(
        "claude-opus-4.6", "claude-opus-4-6", "ref 4.11, row 87", efforts=frozenset({"max"})
    ),
    _claude_adaptive(
        "claude-sonnet-4.6", "claude-sonnet-4-6", "rec: thinking_part_anthropic_adaptive(_effort)"
    ),
    _claude_45(
        "claude-4.5", "claude-(?:opus|sonnet|haiku)-4-5",
        "rec: thinking_part_anthropic_legacy, native_output_*, top_k_anthropic; prefill: hearsay",
        thinking="budget", interleaved=True, prefill=True,
    ),
    _claude_cached(
        "claude-opus-4.1", "claude-opus-4-1(?!\\d)", "ref 4.9, 4.11; not both: hearsay",
        thinking="budget", interleaved=True, prefill=True, temperature_with_top_p=False,
    ),
    _claude_cached(
        "claude-4", "claude-(?:opus|sonnet)-4(?:-2\\d{7}|-v\\d|:|$)",
        "rec: thinking_part_anthropic; ref 4.9, 4.11; prefill: hearsay",
        thinking="budget", interleaved=True, prefill=True,
    ),
    _claude_cached(
        "claude-3.7", "claude-3-7-sonnet",
        "rec: anthropic_tool_with_thinking, thinking_part_redacted; interleaved, prefill: hearsay",
        thinking="budget", prefill=True,
    ),
    _claude_cached("claude-3.5-haiku", "claude-3-5-haiku", "ref 4.9; prefill: hearsay", prefill=True),
    _claude("claude-3", "claude-3", "ref 4.9: no cache points; prefill: hearsay", prefill=True),
    _claude(
        "claude-2", "claude-(?:v?2|v1|instant)", "rec: text_document_url_input; tools: hearsay",
        tools=False, tool_choices=_NEVER, prefill=True,
    ),
    _claude_unsampled(
        "claude", "claude", "hearsay: newer than this table, so as the newest known",
        structured_output=None,
    ),
    # Amazon
    _nova(
        "nova-2", "nova-2-", "rec: multimodal_tool_returns nova; ref 4.9; thinking: peer",
        thinking="nova", cache=_NOVA_CACHE,
    ),
    _nova(
        "nova-micro", "nova-micro", "ref 4.9: as nova; guide: neither documents nor vision",
        cache=_NOVA_CACHE, files=frozenset(), no_files=frozenset({"document", "audio", "video"}),
    ),
    _nova(
        "nova", "nova-(?:lite|pro|premier)",
        "rec: single_tool_choice_preserves_cache_nova; ref 4.9: no tools, no hour; prefill: hearsay",
        cache=_NOVA_CACHE,
    ),
    _no_chat("titan-text", "titan", "hearsay: neither tools nor system prompt", system=False),
    # Meta
    _llama(
        "llama-4", "llama-?4",
        "rec: llama_tool_result_followed_by_text_accepted; streaming: ref 11 (32)",
        streaming="text only",
    ),
    _llama("llama-3.1", "llama-?3-[123]", "peer; streaming: hearsay", streaming="text only"),
    _llama("llama", "llama-?[23]", "hearsay: no tools", tools=False, tool_choices=_NEVER),
    # Mistral
    _mistral(
        "mistral-3", "mistral-large-3|ministral-3|magistral-small|voxtral",
        "rec: native_output_mistral; the others: peer", structured_output=True,
    ),
    _mistral(
        "pixtral", "pixtral",
        "rec: mistral_tool_return_image_accepted (text, not json, in the result)",
        structured_output=False, files=_DOCUMENTS,
    ),
    _mistral(
        "mistral-instruct", "mistral-7b|mixtral", "guide: documents; hearsay: neither tools nor system prompt",
        tools=False, tool_choices=_NEVER, system=False, structured_output=False, files=_DOCUMENTS,
    ),
    _mistral("mistral-large", "mistral-large-24", "peer; guide: documents", structured_output=False,
             files=_DOCUMENTS),
    _mistral("mistral", "mistral|ministral|magistral", "peer", structured_output=False),
    # The others
    Family("cohere-command-r", "command-r", "guide: documents; hearsay", structured_output=False,
           files=_DOCUMENTS),
    _no_chat("cohere-command", "cohere-command", "hearsay: neither tools nor system", system=False),
    Family("jamba-instruct", "jamba-instruct", "guide: no documents", structured_output=False,
           no_files=_DOCUMENTS),
    Family("jamba", "jamba", "guide: documents; hearsay", structured_output=False, files=_DOCUMENTS),
    _no_chat("jurassic", "ai21-j2", "hearsay: no tools, no system prompt, no stream", system=False,
             streaming="nothing"),
    Family("deepseek-r1", "deepseek-r1", "rec: thinking_part_deepseek; tools: hearsay", tools=False,
           tool_choices=_NEVER),
    Family("deepseek", "deepseek", "peer: any", tool_choices=frozenset({"auto", "any"})),
    Family(
        "qwen-3", "qwen-?3", "rec: thinking_*_qwen_variant, native_output_qwen; results: peer",
        result_images=False, leading_assistant=True, thinking="reasoning_config",
        structured_output=True,
    ),
    Family("qwen", "qwen", "peer", result_images=False, leading_assistant=True),
    Family("kimi", "kimi|moonshot", "peer", tool_choices=_ANY, result_images=False,
           leading_assistant=True, structured_output=True),
    Family("minimax", "minimax", "peer: outputConfig", structured_output=True),
    Family("glm", "glm", "peer", tool_choices=_ANY, leading_assistant=True, structured_output=True,
           inline_references=True),
    Family(
        "gpt-oss", "gpt-oss", "rec: thinking_*_openai_variant; peer: no effort `none`",
        thinking="reasoning_effort", always_thinks=True, inline_references=True,
    ),
    Family("gpt", "openai-gpt", "ref 4.7: images stand beside results; hearsay: redacted replay",
           result_images=False, signed=True),
    Family(
        "palmyra", "palmyra", "rec: writer_tool_result_followed_by_text_accepted (no status)",
        tool_choices=_NEVER, result_company="nothing", result_status=False, structured_output=False,
    ),
    Family("gemma", "gemma-3-(?:12|27)b", "peer: outputConfig", structured_output=True),
    Family("gemma-small", "gemma", "hearsay", structured_output=False),
    Family("nemotron", "nemotron-nano", "peer: outputConfig", structured_output=True),
    Family("nemotron-large", "nemotron", "hearsay"),
    _no_chat("stability", "stability|stable-", "hearsay: makes images, has no chat", system=False,
             streaming="nothing"),
)  # fmt: skip
"""Every family that is known, most particular first."""

UNKNOWN = Family(
    "unknown",
    "",
    "hearsay: what the service takes from most",
    tool_choices=_ANY,
    result_images=True,
)
"""For a model that no row fits; the service is left to judge."""

_PREFIX = re.compile(rf"^(?:{'|'.join(GEOGRAPHIES)})\.(?=[a-z0-9])", re.IGNORECASE)
_SEPARATORS = re.compile(r"[.\s_/]+")


def base_model_id(model_id: str) -> str:
    """A model's id without what an ARN or the name of a geography puts around it.

    An ARN that names no model, as that of an application inference profile, gives its last part.
    """
    text = model_id.strip()
    if text.lower().startswith("arn:"):
        resource = text.split(":", 5)[-1]
        kind, _, rest = resource.partition("/")
        text = rest.split("/")[0] if rest else kind
    return _PREFIX.sub("", text)


@lru_cache(maxsize=512)
def family_of(model_id: str, *, base_model: str | None = None, name: str | None = None) -> Family:
    """The family of a model.

    Args:
        model_id: Its id: bare, with a geography before it, or an ARN.
        base_model: The model that stands behind an inference profile, where that is known.
        name: The model's name for people, which speaks where an opaque ARN does not.
    """
    for candidate in (base_model, model_id, name):
        if not candidate:
            continue
        wanted = _SEPARATORS.sub("-", base_model_id(candidate).lower())
        for family in FAMILIES:
            if family.expression.search(wanted):
                return family
    return UNKNOWN
