"""A provider plugin in one file."""

from collections.abc import AsyncIterator

from modelwire import CompletionOptions, Context, Model, StopReason, hookimpl
from modelwire.events import BlockEnd, Delta, Stop, TextDelta
from modelwire.hookspecs import CredentialStatus


@hookimpl
def detect_credentials() -> CredentialStatus:
    """It needs none."""
    return CredentialStatus("usable")


@hookimpl
async def discover_models() -> list[Model]:
    """It has one model."""
    return [Model("parrot", "grey", context_window=1000)]


@hookimpl
async def stream_completion(
    model: Model, context: Context, options: CompletionOptions
) -> AsyncIterator[Delta]:
    """Say again what was said."""
    choice = options.tool_choice.mode if options.tool_choice is not None else "auto"
    schema = options.response_schema or {}
    yield TextDelta(0, f"{model.id} {choice} {schema.get('type')} {len(context.messages)}")
    yield BlockEnd(0)
    yield Stop(StopReason.STOP)
