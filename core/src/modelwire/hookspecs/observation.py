"""Observation: the operations of a runtime, and what watches them from beginning to end."""

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
        options: What the caller wants of the answer.
    """

    context: Context = field(repr=False)
    options: CompletionOptions = field(repr=False)


@frozen
class ToolOperation:
    """One run of a tool.

    Attributes:
        call: What the model called.
        tool: The tool, as the model was offered it.
    """

    call: ToolCall
    tool: Tool = field(repr=False)


@frozen
class AgentOperation:
    """One run of an agent: answers and tools until there is an output.

    Attributes:
        name: The name of the agent, where the configuration gives it one.
        model: The reference to its model, where it has one of its own.
        options: What it wants of each answer.
    """

    name: str | None
    model: str | None
    options: CompletionOptions = field(repr=False)


Operation = CompletionOperation | ToolOperation | AgentOperation
"""The operations of a runtime."""


@frozen
class OperationOutcome:
    """How an operation ended. Without a message and without an error, its caller left it.

    Attributes:
        message: What came out of it: the answer, the last answer of an agent, or the tool's result.
        error: Why it failed.
        usage: The tokens of all answers of an agent.
    """

    message: AssistantMessage | ToolResultMessage | None = None
    error: ModelwireError | None = None
    usage: Usage | None = None


class Observer:
    """An observer of one operation; this one does nothing, and a subclass does what it needs to.

    All methods are called on the event loop; they return at once, and do not wait. One that raises is
    called no more, and the program's log names it.
    """

    def entered(self) -> AbstractContextManager[object]:
        """The surroundings of the operation's own work, as the place of a span in its trace.

        Entered and left around each step that may begin other work: the tries of an answer up to its
        first events, the answers and tools of an agent, the function of a tool. Not while the caller
        has control.
        """
        return nullcontext()

    def failed(self, attempt: Attempt) -> None:
        """Note a try of an answer that failed, where another try or a fallback follows.

        Args:
            attempt: The try.
        """

    def ended(self, outcome: OperationOutcome) -> None:
        """Note the end; it is called once, last.

        Args:
            outcome: How it ended.
        """


BeginObserver = Callable[[Operation], Observer | None]
"""Makes the observer of an operation that begins, or `None` where it is not watched."""
