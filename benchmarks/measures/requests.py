"""Writing the request of a long conversation: 50 tools, images, up to 400 turns.

Building is what modelwire does before; signing is to check, write and sign the parameters, as boto3
does it and as modelwire does it with a template.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.session import Session

from conversation import conversation
from modelwire.authoring import encode_json
from modelwire.config import Config
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context
from modelwire.models import Model
from modelwire_bedrock.aws.direct_requests import direct_template
from modelwire_bedrock.converse.plan import plan_call
from modelwire_openai.completions.request import build_request as build_chat
from modelwire_openai.responses.request import build_request as build_responses
from peers.question import MODEL
from processes import Bench
from results import Bars, Result, Target, milliseconds, table

TITLE = "Request building"
TURNS = (100, 200, 400)
_BUILDERS = ("Bedrock", "Chat Completions", "Responses")
_SIGNERS = ("modelwire signs", "boto3 signs")


def measure(bench: Bench) -> Result:
    times = asyncio.run(_measure(bench, bench.rounds(15, 3)))
    rows = [
        [
            what,
            *(milliseconds(times[what, turns]) for turns in TURNS),
            f"{_growth(times, what):.2f}",
        ]
        for what in (*_BUILDERS, *_SIGNERS)
    ]
    head = ["", *(f"{turns} turns, ms" for turns in TURNS), "400 / 200 turns"]
    longest = TURNS[-1]
    targets = [
        Target(f"Building {what}: 400 turns by 200 turns (linear is 2)", _growth(times, what), 2.5)
        for what in _BUILDERS
    ]
    targets.append(
        Target(
            "Building a Bedrock request of 400 turns, of boto3's signing it",
            times["Bedrock", longest] / times["boto3 signs", longest],
            0.3,
        )
    )
    bars = {what: times[what, longest] * 1e3 for what in (*_BUILDERS, *_SIGNERS)}
    raw = {f"{what}, {turns}": seconds for (what, turns), seconds in times.items()}
    return Result(table(head, rows), targets, [Bars("Request of 400 turns", "ms", bars)], raw)


def _growth(times: dict[tuple[str, int], float], what: str) -> float:
    return times[what, 400] / times[what, 200]


async def _measure(bench: Bench, rounds: int) -> dict[tuple[str, int], float]:
    """Medians of CPU time, in seconds."""
    bedrock = Model("amazon-bedrock", MODEL)
    gpt = Model("openai", "gpt-5")
    config = Config.empty(bench.environ("http://127.0.0.1:9"))
    provider = config.provider("amazon-bedrock")
    options = CompletionOptions()
    boto3 = _client_that_sends_nothing(bench.environ())
    found: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds + 1):
        for turns in TURNS:
            context = conversation(turns)
            call = plan_call(bedrock, context, options, provider, config)
            payload = call.request.payload
            template = direct_template(call.target, "converse_stream", payload["modelId"])
            keys = (await call.clients.credentials(call.target)).get_frozen_credentials()
            assert template is not None
            work: dict[str, Callable[[], object]] = {
                "Bedrock": partial(plan_call, bedrock, context, options, provider, config),
                "Chat Completions": partial(_write, build_chat, gpt, context, options),
                "Responses": partial(_write, build_responses, gpt, context, options),
                "modelwire signs": partial(template.fill, payload, keys),
                "boto3 signs": partial(boto3.converse_stream, **payload),
            }
            for what, do in work.items():
                began = time.process_time()
                do()
                if number:
                    found.setdefault((what, turns), []).append(time.process_time() - began)
    return {key: median(times) for key, times in found.items()}


def _client_that_sends_nothing(environ: dict[str, str]) -> Any:
    """A client of botocore whose calls end when they are signed."""
    client = Session().create_client(
        "bedrock-runtime",
        region_name=environ["AWS_REGION"],
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
    )
    client.meta.events.register_last("before-send", _answer)
    return client


class _Body:
    """A body that botocore can read as the answer of any operation."""

    def stream(self) -> Iterator[bytes]:
        return iter((b"{}",))


def _answer(request: Any, **_: Any) -> AWSResponse:
    return AWSResponse(request.url, 200, HeadersDict(), _Body())


def _write(
    build: Callable[..., Any], model: Model, context: Context, options: CompletionOptions
) -> bytes:
    return encode_json(build(model, context, options).payload)
