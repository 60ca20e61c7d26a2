"""Spans of agents and of the tools that they run."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, use_span

from modelwire.errors import Cancelled
from modelwire.hookspecs import Observer
from modelwire.messages import AssistantMessage, ToolResultMessage
from modelwire_otel.attributes import Attributes, cost, provider_name, request, usage
from modelwire_otel.content import call_arguments, call_result
from modelwire_otel.instruments import tracer

if TYPE_CHECKING:
    from modelwire.hookspecs import AgentOperation, OperationOutcome, ToolOperation
    from modelwire_otel.settings import Settings

__all__ = ["AgentSpan", "ToolSpan"]

_LEFT = "cancelled"
_TOOL_FAILED = "tool_error"


class _OwnSpan(Observer):
    """A span that is the parent of what happens inside."""

    def __init__(self, name: str, attributes: Attributes, settings: Settings) -> None:
        self._settings = settings
        self._span: Span = tracer(settings.conventions).start_span(
            name, kind=SpanKind.INTERNAL, attributes=attributes
        )

    def entered(self) -> AbstractContextManager[object]:
        """Make the span current."""
        return use_span(self._span, record_exception=False, set_status_on_exception=False)

    def ended(self, outcome: OperationOutcome) -> None:
        """End the span."""
        error = outcome.error
        if error is not None and not isinstance(error, Cancelled):
            self._fail(error.code, str(error))
        elif error is not None or outcome.message is None:
            self._span.set_attribute("error.type", _LEFT)
        self._span.end()

    def _fail(self, kind: str, message: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR, message))


class AgentSpan(_OwnSpan):
    """Records one run of an agent.

    Args:
        operation: The run.
        settings: The settings of the recording.
    """

    def __init__(self, operation: AgentOperation, settings: Settings) -> None:
        requested = request(operation.options, settings.conventions)
        del requested["gen_ai.request.stream"]
        attributes: Attributes = {"gen_ai.operation.name": "invoke_agent", **requested}
        if operation.name is not None:
            attributes["gen_ai.agent.name"] = operation.name
        if operation.model is not None:
            attributes["gen_ai.request.model"] = operation.model
        name = f"invoke_agent {operation.name}" if operation.name else "invoke_agent"
        super().__init__(name, attributes, settings)

    def ended(self, outcome: OperationOutcome) -> None:
        """Note what the run used, and end the span."""
        message = outcome.message
        if isinstance(message, AssistantMessage):
            conventions = self._settings.conventions
            self._span.set_attributes(
                {
                    "gen_ai.provider.name": provider_name(
                        message.provider, message.api, conventions
                    ),
                    "gen_ai.request.model": message.model,
                }
            )
        if outcome.usage is not None:
            used = usage(outcome.usage, self._settings.conventions)
            self._span.set_attributes({**used, **cost(outcome.usage.cost)})
        super().ended(outcome)


class ToolSpan(_OwnSpan):
    """Records one run of a tool.

    Args:
        operation: The run.
        settings: The settings of the recording.
    """

    def __init__(self, operation: ToolOperation, settings: Settings) -> None:
        call, tool = operation.call, operation.tool
        attributes: Attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool.name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call.id,
        }
        if tool.description:
            attributes["gen_ai.tool.description"] = tool.description
        super().__init__(f"execute_tool {tool.name}", attributes, settings)
        if settings.capture and self._span.is_recording():
            self._span.set_attributes(call_arguments(call, settings.limit))

    def ended(self, outcome: OperationOutcome) -> None:
        """Note what came out of it, and end the span."""
        result = outcome.message
        if isinstance(result, ToolResultMessage):
            if result.is_error:
                self._fail(_TOOL_FAILED, "The tool failed.")
            if self._settings.capture and self._span.is_recording():
                self._span.set_attributes(call_result(result, self._settings.limit))
        super().ended(outcome)
