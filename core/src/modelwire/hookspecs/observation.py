"""Observation: the operations of a runtime, and their observers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from modelwire.errors import Attempt, ModelwireError
    from modelwire.hookspecs.options import CompletionOptions
    from modelwire.messages import (
        AssistantMessage,
        Context,
        Tool,
        ToolCall,
        ToolResultMessage,
        Usage,
    )

__all__ = [
    "AgentOperation",
    "BeginObserver",
    "CompletionOperation",
    "Observer",
    "Operation",
    "OperationOutcome",
    "ToolOperation",
]


@frozen
class CompletionOperation:
    """One answer, with all tries and fallbacks.

    Attributes:
        context: The conversation to be continued.
        options: The caller's options.
    """

    context: Context = field(repr=False)
    options: CompletionOptions = field(repr=False)


@frozen
class ToolOperation:
    """One run of a tool.

    Attributes:
        call: The model's call.
        tool: The tool, as offered to the model.
    """

    call: ToolCall
    tool: Tool = field(repr=False)


@frozen
class AgentOperation:
    """One run of an agent: answers and tools until there is an output.

    Attributes:
        name: The name of the agent, where the configuration gives it one.
        model: The reference to its model, if it has one of its own.
        options: The options of each answer.
    """

    name: str | None
    model: str | None
    options: CompletionOptions = field(repr=False)


Operation = CompletionOperation | ToolOperation | AgentOperation
"""The operations of a runtime."""


@frozen
class OperationOutcome:
    """The outcome of an operation. Without a message and an error, its caller left it.

    Attributes:
        message: The result: the answer, the last answer of an agent, or the tool's result.
        error: The error, if it failed.
        usage: The tokens of all answers of an agent.
    """

    message: AssistantMessage | ToolResultMessage | None = None
    error: ModelwireError | None = None
    usage: Usage | None = None


class Observer:
    """An observer of one operation; this class does nothing, and subclasses override its methods.

    All methods are called on the event loop; they must return at once. An observer that raises is
    not called again, and is named in the log.
    """

    def entered(self) -> AbstractContextManager[object]:
        """The context of the operation's own work, such as the current span in its trace.

        Entered and left around each step that may begin other work: the tries of an answer up to its
        first events, the answers and tools of an agent, the function of a tool. Not while the caller
        has control.
        """
        return nullcontext()

    def failed(self, attempt: Attempt) -> None:
        """Record a failed try of an answer, if another try or a fallback follows.

        Args:
            attempt: The try.
        """

    def ended(self, outcome: OperationOutcome) -> None:
        """Record the end; this is called once, last.

        Args:
            outcome: The outcome.
        """


BeginObserver = Callable[[Operation], Observer | None]
"""Makes the observer of an operation that begins, or `None` where it is not watched."""
