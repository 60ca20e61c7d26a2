"""The rows of all other makers, most of whose models have open weights."""

from __future__ import annotations

from functools import partial

from modelwire_bedrock.models.family import ANY_CALL, NO_CALL, Family, FileKind, ForcedCall

__all__ = ["OPEN_MODELS"]

_ANY_TOOL: frozenset[ForcedCall] = frozenset({"any"})
_DOCUMENTS: frozenset[FileKind] = frozenset({"document"})

# rec: a PDF in a tool result (meta_document), of Llama 4. guide: documents, of the older ones.
_llama = partial(
    Family,
    files=_DOCUMENTS,
    result_company="nothing",
    result_documents="any",
    structured_output=False,
    thinks=False,
)
# rec: a PDF in a tool result (mistral_document), of Pixtral. peer: of all of them. issue
# opencode#48843: ids of nine letters or digits; Pixtral is recorded with others.
_mistral = partial(
    Family,
    forced=_ANY_TOOL,
    result_company="nothing",
    result_images=False,
    result_documents="any",
    call_ids="nine",
)
_no_chat = partial(Family, tools=False, choice=False, structured_output=False, thinks=False)
# peer, live: of the efforts that are accepted only high thinks.
_high_only = partial(
    Family, thinks=True, thinking="reasoning_effort", efforts=("high",), off="none"
)
_glm = partial(
    _high_only, forced=ANY_CALL, leading_assistant=True, structured_output=True,
    inline_references=True,
)  # fmt: skip
_kimi = partial(
    Family, forced=ANY_CALL, result_images=False, leading_assistant=True, structured_output=True,
    thinks=True, thinking="reasoning_effort", efforts=("low", "high", "max"), off=None,
    by_default=True,
)  # fmt: skip

OPEN_MODELS: tuple[Family, ...] = (
    # Meta
    _llama(
        "llama-4", "llama-?4",
        "rec: llama_tool_result_followed_by_text_accepted; streaming: ref 11 (32)",
        streaming="text only",
    ),
    _llama("llama-3.1", "llama-?3-[123]", "peer; streaming: hearsay", streaming="text only"),
    _llama("llama", "llama-?[23]", "hearsay: no tools", tools=False, choice=False),
    # Mistral
    _mistral(
        "magistral", "magistral", "peer: outputConfig", structured_output=True, thinks=True,
    ),
    _mistral(
        "mistral-3", "mistral-large-3|ministral-3|voxtral",
        "rec: native_output_mistral; the others: peer", structured_output=True,
    ),
    _mistral("devstral", "devstral", "hearsay: as the others of its maker"),
    _mistral(
        "pixtral", "pixtral",
        "rec: mistral_tool_return_image_accepted (text, not json, in the result), mistral_document",
        structured_output=False, files=_DOCUMENTS, call_ids="usual", thinks=False,
    ),
    _mistral(
        "mistral-instruct", "mistral-7b|mixtral",
        "guide: documents; hearsay: neither tools nor system prompt", tools=False, choice=False,
        forced=NO_CALL, system=False, structured_output=False, files=_DOCUMENTS, thinks=False,
    ),
    _mistral("mistral-large", "mistral-large-24", "peer; guide: documents",
             structured_output=False, files=_DOCUMENTS, thinks=False),
    _mistral("mistral", "mistral|ministral", "peer", structured_output=False),
    # Cohere, AI21, Writer
    Family("cohere-command-a", "(?:cohere-)?command-a-", "hearsay: newer than this table"),
    Family("cohere-command-r", "command-r", "guide: documents; hearsay", structured_output=False,
           files=_DOCUMENTS, thinks=False),
    _no_chat("cohere-command", "cohere-command-(?:text|light)|cohere-command$",
             "hearsay: neither tools nor system", system=False),
    Family("jamba-instruct", "jamba-instruct", "guide: no documents", structured_output=False,
           no_files=_DOCUMENTS, thinks=False),
    Family("jamba", "jamba", "guide: documents; hearsay", structured_output=False, files=_DOCUMENTS,
           thinks=False),
    _no_chat("jurassic", "ai21-j2", "hearsay: no tools, no system prompt, no stream", system=False,
             streaming="nothing"),
    Family(
        "palmyra", "palmyra", "rec: writer_tool_result_followed_by_text_accepted (no status)",
        choice=False, result_company="nothing", result_status=False, structured_output=False,
    ),
    # DeepSeek, Qwen, Moonshot, MiniMax, Z.ai
    Family("deepseek-r1", "deepseek-r1", "rec: thinking_part_deepseek; tools: hearsay", tools=False,
           choice=False, thinks=True, by_default=True),
    _high_only("deepseek-v3", "deepseek-v?3", "peer; issue langchain-aws#1261: thinking, no forced call",
               forced=_ANY_TOOL, forced_with_thinking=NO_CALL),
    Family("deepseek", "deepseek", "hearsay: newer than this table", forced=_ANY_TOOL, off=None),
    Family(
        "qwen-3-coder", "qwen-?3-coder", "peer", result_images=False, leading_assistant=True,
        structured_output=True,
    ),
    Family(
        "qwen-3", "qwen-?3", "rec: thinking_*_qwen_variant, native_output_qwen; results, off: peer",
        result_images=False, leading_assistant=True, thinks=True, thinking="reasoning_config",
        efforts=("low", "high"), off="none", structured_output=True,
    ),
    Family("qwen", "qwen", "peer", result_images=False, leading_assistant=True, off=None),
    _kimi("kimi-k2", "kimi-k2", "peer, issue LibreChat#11974: the two differ on the field"),
    _kimi("kimi", "kimi|moonshot", "hearsay: as Kimi K2"),
    Family("minimax", "minimax", "peer: outputConfig", structured_output=True, off=None),
    _glm("glm-5.3", "glm-5-[3-9](?!\\d)", "peer; card: always thinks, by default at max",
         efforts=("low", "medium", "high", "xhigh", "max"), off="least", by_default=True),
    _glm("glm", "glm", "peer"),
    # Google, NVIDIA, Stability
    _high_only("gemma-4", "gemma-4", "issue, langchain-aws's data: by the second endpoint only",
               converse=False),
    Family("gemma", "gemma-3-(?:12|27)b", "peer: outputConfig", structured_output=True),
    Family("gemma-small", "gemma", "hearsay", structured_output=False),
    Family("nemotron", "nemotron-nano", "peer: outputConfig", structured_output=True, off=None),
    Family("nemotron-large", "nemotron", "hearsay", off=None),
    _no_chat("stability", "stability|stable-", "hearsay: makes images, has no chat", system=False,
             streaming="nothing"),
)  # fmt: skip
"""Every family that is known, most particular first."""
