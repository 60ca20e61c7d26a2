"""The two releases of the GenAI conventions that are spoken, as tables of what differs between them.

The names are those of the semantic conventions, release 1.40
(https://github.com/open-telemetry/semantic-conventions/tree/v1.40.0/docs/gen-ai), and of
https://github.com/open-telemetry/semantic-conventions-genai, release 0.1.0, where they have moved. Both
are in development. They are written out, since the package of constants changes with every release.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen

__all__ = ["LATEST", "OPT_IN", "RELEASE_1_40", "Conventions", "chosen"]

OPT_IN = "OTEL_SEMCONV_STABILITY_OPT_IN"
"""The variable that requests newer conventions: a list with commas between the words."""

_LATEST_WORD = "gen_ai_latest_experimental"


@frozen
class Conventions:
    """A release of the conventions, as far as it differs from others.

    Attributes:
        schema_url: The address of its schema, or `None` where none has been published.
        cache_write: The attribute for tokens that were written to a cache.
        reasoning_level: The attribute for the requested level of reasoning.
        metrics: The prefix of the metrics of answers.
        embeddings_duration: The metric for how long embeddings took.
        embeddings_tokens: The metric for the tokens of embeddings.
        token_counters: Whether tokens are counters, one for each kind, and not one histogram.
        error_reason: Whether an answer without a stop reason has the finish reason `error`.
        providers: Names of providers that only this release has.
    """

    schema_url: str | None
    cache_write: str
    reasoning_level: str
    metrics: str
    embeddings_duration: str
    embeddings_tokens: str
    token_counters: bool
    error_reason: bool
    providers: Mapping[str, str] = Factory(dict)


RELEASE_1_40 = Conventions(
    schema_url="https://opentelemetry.io/schemas/1.40.0",
    cache_write="gen_ai.usage.cache_creation.input_tokens",
    reasoning_level="modelwire.request.reasoning_level",
    metrics="gen_ai.client.operation",
    embeddings_duration="gen_ai.client.operation.duration",
    embeddings_tokens="gen_ai.client.token.usage",
    token_counters=False,
    error_reason=False,
)

LATEST = Conventions(
    schema_url=None,
    cache_write="gen_ai.usage.cache_write.input_tokens",
    reasoning_level="gen_ai.request.reasoning.level",
    metrics="gen_ai.client.inference",
    embeddings_duration="gen_ai.client.embeddings.duration",
    embeddings_tokens="gen_ai.client.embeddings.operation.input_tokens",
    token_counters=True,
    error_reason=True,
    providers={"moonshot": "moonshot_ai", "moonshotai": "moonshot_ai"},
)


def chosen(environ: Mapping[str, str]) -> Conventions:
    """The release that the environment selects: 1.40 where it says nothing."""
    words = {word.strip() for word in environ.get(OPT_IN, "").split(",")}
    return LATEST if _LATEST_WORD in words else RELEASE_1_40
