"""A service for load tests, as a program of its own: what it answers stands in the question.

    python tests/support/load_server.py openai-completions

It prints its address, and ends when its standard input does. The question is JSON: `id` and `count` say
which pieces of text to answer with, `fault` and `after` what goes wrong, `pace` how long each piece
takes; for Bedrock, the second argument says that for all.
"""

import asyncio
import contextlib
import json
import resource
import sys

from sse_server import SseServer
from wires import WIRES

from modelwire_bedrock.emulator import Answer, Emulator, Fault, Pacing, Scenario, Step, Text


def texts_of(question):
    """The pieces of text of an answer: no piece of any answer is like one of another."""
    return tuple(f"{question['id']}-{number} " for number in range(question["count"]))


def fault_of(question):
    return Fault(**question["fault"]) if question.get("fault") else None


class QuestionScenario(Scenario):
    """Does what a question asks for."""

    def take(self, call):
        question = json.loads(call.last_text)
        texts = texts_of(question)
        return Step(Answer(Text("".join(texts), texts)), fault_of(question))


def chooser(wire):
    def choose(body):
        content = (body.get("messages") or body.get("input"))[-1]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        question = json.loads(text)
        return wire.play(wire.frames(texts_of(question), ()), fault_of(question), question["pace"])

    return choose


async def serve(api, pace):
    wire = next(wire for wire in WIRES if wire.api == api)
    if wire.aws:
        server = Emulator(scenario=QuestionScenario(pacing=Pacing(between=pace)))
    else:
        server = SseServer(choose=chooser(wire))
    async with server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1 << 16), hard))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1], float(sys.argv[2])))
