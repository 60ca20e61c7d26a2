"""Conversations in files."""

from pathlib import Path

from modelwire import Agent, AssistantMessage, File, SyncRuntime, Text, UserMessage
from modelwire.sessions import Session

path = Path("talk.jsonl")


def converse(runtime: SyncRuntime) -> str:
    """Go on with a session."""
    session = Session.open(path) if path.exists() else Session.create("talk.jsonl", cwd="/")
    with session:
        conversation = session.conversation()
        conversation.messages.append(
            UserMessage([Text("What is it?"), File(b"...", "application/pdf")])
        )
        answer = runtime.complete(conversation.messages, system=conversation.system_prompt)
        session.add(answer)
        return shown(answer)


def shown(answer: AssistantMessage) -> str:
    """The tokens of an answer, and its text."""
    cost = "" if answer.usage.cost is None else f" for {answer.usage.cost.total} USD"
    return f"{answer.usage.total_tokens}{cost}: {answer.text}"


with Agent(tools=None, system=None) as agent:
    agent.run_sync("Hi", session=path)
    agent.run_sync("Hi", session="talk.jsonl")

agent.run_sync("Hi", session=5)  # type: ignore[arg-type]
Session.open(5)  # type: ignore[arg-type]
