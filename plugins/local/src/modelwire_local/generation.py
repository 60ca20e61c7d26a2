"""Jobs of an engine's thread: requests to it, and their results."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import frozen

from modelwire.errors import MalformedToolCall, ModelwireError, RequestTimeout
from modelwire.events import Diagnostic
from modelwire.transport import Deadlines
from modelwire_local.answer_content import AnswerContent, Chunk
from modelwire_local.json_schema.conformity import text_mismatch

if TYPE_CHECKING:
    from modelwire_local.load import LoadedModel

__all__ = ["Generation", "Item", "Job", "ToolChosen"]

_UNSTRUCTURED = "unstructured_output"
"""The diagnostic of an answer that does not fit the schema that was requested."""

T = TypeVar("T")


@frozen
class _End:
    error: ModelwireError | None = None


class Job(ABC, Generic[T]):
    """Something that an engine's thread does for an event loop.

    It belongs to the loop that runs while it is made. `run`, `hand_over` and `end` are called in the
    engine's thread, `next` in the loop, `stop` anywhere.

    Args:
        deadlines: The limits on waiting for the first result and each further one.
        provider: The provider's id, for errors.
        model: The model's id, for errors.
    """

    def __init__(self, deadlines: Deadlines, *, provider: str, model: str) -> None:
        self.provider = provider
        self.model = model
        self._deadlines = deadlines
        self._loop = asyncio.get_running_loop()
        # Unbounded, since an answer has at most as many chunks as the context has tokens.
        self._arrived: asyncio.Queue[T | _End] = asyncio.Queue()
        self._begun = False
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the results are no longer needed."""
        return self._stopped

    def stop(self) -> None:
        """Ask the engine to stop, which it does before the next token or batch of the prompt."""
        self._stopped = True

    @abstractmethod
    def run(self, model: LoadedModel) -> None:
        """Do the job with a loaded model.

        Raises:
            ModelwireError: It failed.
        """

    def hand_over(self, item: T) -> bool:
        """Pass a result to the loop. Never raises, since the engine swallows exceptions.

        Returns:
            Whether to continue.
        """
        return not self._stopped and self._put(item)

    def end(self, error: ModelwireError | None = None) -> None:
        """Report to the loop that no more results will come, and the failure, if there is one."""
        self._put(_End(error))

    async def next(self) -> T | None:
        """Wait for the next result; `None` is the end.

        Raises:
            ModelwireError: The engine failed, or a deadline passed.
        """
        phase = "idle" if self._begun else "first_byte"
        limit = self._deadlines.idle if self._begun else self._deadlines.first_byte
        try:
            async with asyncio.timeout(limit):
                item = await self._arrived.get()
        except TimeoutError as error:
            raise RequestTimeout.in_phase(
                phase, limit or 0.0, provider=self.provider, model=self.model
            ) from error
        self._begun = True
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return None
        return item

    def _put(self, item: T | _End) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._arrived.put_nowait, item)
        except RuntimeError:
            # The loop is closed, and what waited in it is gone.
            self._stopped = True
        return not self._stopped


@frozen
class ToolChosen:
    """The tool that the model calls; the text that follows is the call's arguments.

    Attributes:
        name: The tool's name in the request.
    """

    name: str


Item = Chunk | ToolChosen | Diagnostic
"""The items of an answer, as the engine's thread hands them over."""


class Generation(Job[Item]):
    """One answer, chunk by chunk.

    Args:
        request: The request, in the shape of the engine's chat completions.
        deadlines: The limits on waiting for the first chunk and each further one.
        provider: The provider's id, for errors.
        model: The model's id, for errors.
        schema: The JSON Schema that the answer has to fit.
        tools: The JSON Schemas of the tools that may be called, by the names in the request.
    """

    def __init__(
        self,
        request: dict[str, Any],
        deadlines: Deadlines,
        *,
        provider: str,
        model: str,
        schema: Mapping[str, Any] | None = None,
        tools: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(deadlines, provider=provider, model=model)
        self.request = request
        self._schema = schema
        self._tools = tools or {}
        self.content = AnswerContent()

    def run(self, model: LoadedModel) -> None:
        """Let the model answer, and check what its grammar does not hold.

        Raises:
            MalformedToolCall: A tool is called with arguments that its schema does not allow.
        """
        model.server.handle_chat_completions(self.request, self.deliver)
        for name, arguments in self.content.calls():
            self.check_call(name, arguments)
        if self._schema is not None and self.content.complete:
            reason = text_mismatch(self.content.text, self._schema)
            if reason is not None:
                self.hand_over(Diagnostic(_UNSTRUCTURED, {"reason": reason}))

    def deliver(self, chunk: Chunk) -> bool:
        """Pass a chunk to the loop.

        Returns:
            Whether the engine has to stop.
        """
        self.content.take(chunk)
        return not self.hand_over(chunk)

    def check_call(self, name: str, arguments: str) -> None:
        """Check the arguments of a complete call.

        Raises:
            MalformedToolCall: Its schema does not allow them.
        """
        reason = text_mismatch(arguments, self._tools.get(name, {}))
        if reason is not None:
            msg = f"The arguments of a call of {name} do not fit its schema: {reason}"
            # At temperature 0 the model would write the same again.
            again = self.request.get("temperature") != 0
            raise MalformedToolCall(msg, provider=self.provider, model=self.model, retryable=again)
