"""The rules of the OpenAI-shaped and Anthropic-shaped APIs: one table.

They are in addition to what the models themselves demand in `modelwire_bedrock.emulator.rules`, which
Messages shares with InvokeModel. Wordings of `REPORTED` rows are those that the source quotes.
"""

from __future__ import annotations

from modelwire_bedrock.emulator.apis.fields import CHAT, MESSAGES, RESPONSES
from modelwire_bedrock.emulator.checks import apis
from modelwire_bedrock.emulator.rule import Evidence, Rule

__all__ = ["API_RULES"]

_REPORTED, _HEARSAY = Evidence.REPORTED, Evidence.HEARSAY
_OPENAI = ("ChatCompletions", "Responses")
_MESSAGES = ("Messages", "CountMessageTokens")
_ALL = (*_OPENAI, *_MESSAGES)
_SAMPLES = "aws-samples/sample-per-model-bedrock, 30 September 2026"
_CLAUDE = "aws-samples/sample-per-model-bedrock, 7 October 2026"
_SAID = "OpenAI's own wording, by analogy"
_MISSING = "ResourceNotFoundException"

API_RULES: tuple[Rule, ...] = (
    # Which model, and at which endpoint.
    Rule("the second endpoint has the model", apis.at_second_endpoint, _REPORTED, _CLAUDE, operations=_ALL, code=_MISSING),
    Rule("the runtime endpoint has the model", apis.at_runtime, _REPORTED, _CLAUDE, operations=_ALL),
    Rule("the model has this API", apis.right_api, _REPORTED, f"{_SAMPLES}; the route: reports of June 2026; at the runtime endpoint by analogy", operations=_ALL),
    Rule("a bare id can be called on demand at this API", apis.on_demand, _REPORTED, _CLAUDE, operations=_ALL),
    # What the body holds.
    Rule("fields of Responses are known", apis.known_fields(RESPONSES, "Unknown parameter: '{}'."), _REPORTED, f"{_SAMPLES}, of max_tokens", operations=("Responses",), detail="unknown_parameter"),
    Rule("fields of Chat Completions are known", apis.known_fields(CHAT, "Unknown parameter: '{}'."), _HEARSAY, "by analogy with Responses", operations=("ChatCompletions",), detail="unknown_parameter"),
    Rule("fields of Messages are known", apis.known_fields(MESSAGES, "{}: Extra inputs are not permitted"), _REPORTED, "reports of context_management", operations=_MESSAGES),
    Rule("GPT does not take max_tokens", apis.token_field, _REPORTED, _SAMPLES, families=("gpt-5.6-and-later",), operations=("ChatCompletions",), detail="unsupported_parameter"),
    Rule("an answer has 16 tokens at least", apis.least_tokens, _REPORTED, f"{_SAMPLES}; {_SAID}", families=("gpt",), operations=("Responses",), detail="integer_below_min_value"),
    Rule("no sampling settings of OpenAI's", apis.no_sampling, _REPORTED, _SAMPLES, operations=_OPENAI, detail="unsupported_parameter"),
    Rule("the effort of OpenAI's shape is one of the model's", apis.effort_value, _REPORTED, _SAMPLES, operations=_OPENAI, detail="unsupported_value"),
    Rule("no function tools while thinking on Chat Completions", apis.no_tools_with_effort, _REPORTED, _SAMPLES, families=("gpt-5.6-and-later",), operations=("ChatCompletions",)),
    Rule("GPT has one service tier", apis.tier, _REPORTED, _SAMPLES, families=("gpt",), operations=_OPENAI),
    Rule("no background at the runtime endpoint", apis.no_background, _REPORTED, _SAMPLES, operations=("Responses",)),
    Rule("a response in the background is stored", apis.stored_background, _REPORTED, _SAMPLES, operations=("Responses",)),
    Rule("gpt-oss chooses its calls itself on Responses", apis.automatic_choice, _REPORTED, "pydantic-ai, run against AWS; wording is ours", families=("gpt-oss",), operations=("Responses",)),
    # The conversation.
    Rule("reasoning that is sent back was issued here", apis.own_reasoning, _REPORTED, f"pydantic-ai, run against AWS; {_SAID}", operations=("Responses",), detail="invalid_encrypted_content"),
    Rule("every call of this API has its result", apis.answered_calls, _HEARSAY, "OpenAI's and Anthropic's own wordings, by analogy", operations=_ALL),
    Rule("the input fits into the window at this API", apis.input_fits, _REPORTED, f"pydantic-ai, run against AWS; {_SAID}", operations=_OPENAI, detail="context_length_exceeded"),
)  # fmt: skip
