"""Keyboard input: prompts read from a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import create_output

from modelwire.cli.chat.input_history import PrivateHistory
from modelwire.cli.errors import show_note
from modelwire.cli.output import is_terminal
from modelwire.cli.terminal_guard import unguarded

__all__ = ["PROMPT", "Keyboard", "without_echo"]

PROMPT = "> "
"""The prompt shown before a typed line."""

_LEAVE = "To leave, press Ctrl-D or type /exit."


class Keyboard:
    """Reads what a person types.

    Args:
        history: The file that keeps what was typed.
        completer: Completes it.

    Attributes:
        is_interrupted: Whether to abandon the next line.
    """

    def __init__(self, history: Path, completer: Completer) -> None:
        # It escapes control characters by itself, in what is typed as in what is shown.
        terminal = sys.stdout if is_terminal(sys.stdout) else sys.stderr
        output = create_output(unguarded(terminal))
        self._prompts: PromptSession[str] = PromptSession(
            history=PrivateHistory(history),
            completer=completer,
            complete_while_typing=False,
            key_bindings=_bindings(),
            multiline=True,
            enable_suspend=True,
            prompt_continuation="  ",
            output=output,
        )
        self._questions: PromptSession[str] = PromptSession(output=output)
        self.is_interrupted = False

    def interrupt(self) -> None:
        """Abandon the line being typed; without one, the next line."""
        self.is_interrupted = True
        self._give_up()

    def _give_up(self) -> None:
        app = self._prompts.app
        if self.is_interrupted and app.is_running and not app.is_done:
            self.is_interrupted = False
            app.exit(exception=KeyboardInterrupt())

    async def read(self) -> str | None:
        """The next prompt; `None` when the person has left."""
        while True:
            try:
                text = await self._prompts.prompt_async(
                    PROMPT, handle_sigint=False, pre_run=self._give_up
                )
            except EOFError:
                return None
            except KeyboardInterrupt:
                if not self._prompts.default_buffer.text:
                    show_note(_LEAVE)
                continue
            if text.strip():
                return text

    async def decide(self, _: object) -> str:
        """Ask whether a tool call may run."""
        _forget_typed()
        try:
            answer = await self._questions.prompt_async(
                "Run it? [y]es, [a]lways, [N]o: ", handle_sigint=False
            )
        except EOFError:
            return "no"
        except KeyboardInterrupt:
            return "stop"
        answers = {"y": "yes", "yes": "yes", "a": "always", "always": "always"}
        return answers.get(answer.strip().lower(), "no")

    async def choose(self, question: str) -> str:
        """Ask for a word; an empty one when the user gives none."""
        try:
            return (await self._questions.prompt_async(question, handle_sigint=False)).strip()
        except (EOFError, KeyboardInterrupt):
            return ""


@contextmanager
def without_echo() -> Iterator[None]:
    """Keep what is typed meanwhile from the screen, and for the next prompt."""
    try:
        import termios

        before = termios.tcgetattr(sys.stdin)
    except (ImportError, OSError, ValueError):
        yield
        return
    during = list(before)
    # Without ICRNL, Enter stays Enter for the prompt, which takes a line feed as a new line of text.
    during[0] &= ~termios.ICRNL
    during[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(sys.stdin, termios.TCSANOW, during)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


def _forget_typed() -> None:
    """Discard input typed before a question."""
    try:
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    except (ImportError, OSError, ValueError):
        return


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        queue = event.app.key_processor.input_queue
        # The position of the cursor is the terminal's own answer, and comes as a key.
        if any(press.key is not Keys.CPRResponse for press in queue):
            # More has come in the same moment than fingers can type: it was pasted, in a terminal
            # that does not say so. Half of it must not be sent.
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    @bindings.add("c-j")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return bindings
