"""The run of a tool call."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelwire.messages import Text, ToolCall, ToolResultMessage, UserContent
from modelwire.tools.function import FunctionTool

if TYPE_CHECKING:
    import asyncio

__all__ = ["run_call", "run_in_thread"]

_T = TypeVar("_T")
_SHORTEST_SECRET = 8
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


async def run_call(tools: Sequence[FunctionTool], call: ToolCall) -> ToolResultMessage:
    """Run the function that a call names, and return its result.

    The arguments are checked first. A coroutine function runs on the loop, any other in a thread.
    A text, or a block such as `Image`, is sent to the model as it is, and anything else as JSON.
    Every failure becomes a result with `is_error`, which the model can read; its `details`
    name the line where a function raised. Secrets from the environment are hidden in it.

    Cancelling it stops the wait at once. A function that runs in a thread is not waited for then,
    but nothing can stop it.

    Args:
        tools: The available functions.
        call: The model's call.
    """
    import asyncio

    found = next((tool for tool in tools if tool.name == call.name), None)
    if found is None:
        names = ", ".join(tool.name for tool in tools) or "none"
        return _failure(call, f"There is no tool {call.name!r}. The tools are: {names}.")
    try:
        arguments = _arguments(found, call)
    except Exception as error:  # noqa: BLE001 - a class of the user's may check its own values
        return _failure(call, f"The arguments are not valid: {_without_secrets(str(error))}")
    function = found.function
    try:
        if inspect.iscoroutinefunction(inspect.unwrap(function)):
            value = await function(**arguments)
        else:
            value = await run_in_thread(lambda: function(**arguments))
            if inspect.isawaitable(value):
                value = await value
        content = _content(value)
    except (Exception, SystemExit, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        text = f"{type(error).__name__}: {error}".removesuffix(": ")
        return _failure(call, _without_secrets(text), raised_at=_place(error))
    return ToolResultMessage(call.id, call.name, content)


async def run_in_thread(function: Callable[[], _T]) -> _T:
    """Run a function in a thread of its own, and wait for it.

    Being cancelled ends the wait at once, and the program does not wait for the thread when it
    exits.
    """
    import asyncio
    import contextlib
    import contextvars
    import threading

    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()
    surroundings = contextvars.copy_context()

    def work() -> None:
        try:
            value = surroundings.run(function)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            failure = RuntimeError(str(error)) if isinstance(error, StopIteration) else error
            tell = partial(_settle, done, done.set_exception, failure)
        else:
            tell = partial(_settle, done, done.set_result, value)
        # A loop that has ended without waiting need not know.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell)

    threading.Thread(target=work, daemon=True, name="modelwire-tool").start()
    return await done


def _settle(done: asyncio.Future[Any], settle: Callable[[Any], None], outcome: Any) -> None:
    if not done.done():
        settle(outcome)


def _arguments(found: FunctionTool, call: ToolCall) -> dict[str, Any]:
    if found.arguments is None:
        return dict(call.arguments)
    from modelwire.tools.schemas import read_value

    read = read_value(found.arguments, call.arguments)
    return {name: getattr(read, name) for name in call.arguments}


def _is_medium(value: object) -> bool:
    return isinstance(value, UserContent) and not isinstance(value, Text)


def _content(value: Any) -> list[UserContent]:
    if isinstance(value, str):
        text: UserContent = Text(value)
        return [text]
    if isinstance(value, UserContent):
        return [value]
    if isinstance(value, list | tuple) and any(map(_is_medium, value)):
        return [block for item in value for block in _content(item)]
    if isinstance(value, list | tuple) and value and all(isinstance(i, Text) for i in value):
        return list(value)
    import msgspec

    plain = msgspec.to_builtins(value, str_keys=True, enc_hook=str)
    return [Text(json.dumps(plain, ensure_ascii=False))]


def _failure(call: ToolCall, text: str, *, raised_at: str | None = None) -> ToolResultMessage:
    details = None if raised_at is None else {"raisedAt": raised_at}
    return ToolResultMessage(call.id, call.name, text, is_error=True, details=details)


def _place(error: BaseException) -> str | None:
    """The origin of an error, without folders, which may identify the machine."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return None
    code = trace.tb_frame.f_code
    return f"{Path(code.co_filename).name}:{trace.tb_lineno} in {code.co_name}"


def _without_secrets(text: str) -> str:
    """Redact secrets that an error message of a library may repeat."""
    from modelwire.redaction import HIDDEN, looks_secret, redact

    secrets = {
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST_SECRET and looks_secret(name)
    }
    return _LOGIN.sub(f"{HIDDEN}@", redact(text, sorted(secrets, key=len, reverse=True)))
