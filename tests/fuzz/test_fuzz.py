"""Whatever comes over the wire or stands in a file: typed errors only, no hang, bounded memory.

hypothesis gives each target random bytes, and documents that look like the real thing and are bent. A
long run does so twenty times as often, and lets atheris look for inputs that reach new code, where
it is installed (`pip install atheris`).
"""

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from functools import partial
from pathlib import Path

import pytest
from fuzz_targets import TARGETS, pieces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import is_long, scaled
from wires import PIECES, TEXTS, WIRES

from modelwire.errors import MalformedResponse, ProviderError
from modelwire.messages import Text, Thinking, ToolCall
from modelwire.testing import ScriptedAnswer
from modelwire.transport import SseDecoder
from modelwire_bedrock.aws.eventstream import FrameDecoder

fuzzed = partial(
    settings,
    derandomize=not is_long(),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
BYTES = scaled(150, 3_000)
DOCUMENTS = scaled(150, 3_000)

ANSWER = ScriptedAnswer(
    [Thinking("so", signature="c2ln"), Text("one two"), ToolCall("t", "f", {"a": 1})]
)
STREAMS = {wire.api: [*wire.frames(TEXTS, PIECES), *wire.kit.bodies(ANSWER)] for wire in WIRES}
"""The bytes of the events of two answers, over each wire."""

FRAMES, EVENT_STREAM = (
    [frame for wire in WIRES if wire.aws is aws for frame in STREAMS[wire.api]]
    for aws in (True, False)
)
SPLIT = [
    (b"".join(frames), FrameDecoder if wire.aws else SseDecoder)
    for wire in WIRES
    for frames in [wire.frames(TEXTS, PIECES)]
]
SPLIT += [(stream.replace(b"\n", b"\r\n"), make) for stream, make in SPLIT if make is SseDecoder]

WORDS = """
    role content type text thinking toolCall toolResult image user assistant messages tools
    system systemPrompt id name arguments data mimeType usage input output cost total stopReason
    provider model api timestamp isError toolCallId toolName text_delta done error start delta
    contentIndex message partial reason choices index tool_calls function finish_reason stop
    length response.output_text.delta response.completed response.output_item.added item item_id
    output_index function_call call_id summary reasoning response status contentBlockIndex start
    toolUse toolUseId input reasoningContent stopReason end_turn tool_use totalTokens
    inputTokens outputTokens metrics latencyMs prompt_tokens completion_tokens details providers
    baseUrl models agents defaults primary fallbacks plugins entries enabled config discovery
    refreshInterval index content_block signature partial_json data input_tokens output_tokens
    message_start message_delta message_stop content_block_start content_block_delta tool_use
    content_block_stop thinking_delta signature_delta input_json_delta redacted_thinking refusal
    cache_creation stop_reason stop_details
"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**64), 2**64), st.floats(), KEYS, st.text(max_size=5)
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=20,
)


def bent(frames):
    """A real stream in which pieces are missing, doubled, moved, or not what they were."""
    changed = st.one_of(
        st.sampled_from(frames),
        st.tuples(st.sampled_from(frames), st.integers(0, 400), st.binary(max_size=6)).map(
            lambda given: given[0][: given[1]] + given[2] + given[0][given[1] + len(given[2]) :]
        ),
        st.binary(max_size=20),
    )
    return st.lists(changed, max_size=14).map(b"".join)


def lines(*parts):
    return st.tuples(*parts).map(b"\n".join)


JSON = DATA.map(lambda data: json.dumps(data).encode())
EVENTS = st.lists(JSON.map(lambda text: b"data: " + text + b"\n\n"), max_size=6).map(b"".join)
INPUTS = {
    "event_stream": bent(FRAMES),
    "mended_event_stream": bent(FRAMES),
    "bedrock_answer": st.lists(lines(st.binary(min_size=1, max_size=1), JSON), max_size=6).map(
        b"".join
    ),
    "sse": bent(
        [*EVENT_STREAM, b"event: x\r\n", b"id: 1\r", b":\n", b"retry: 5\n", b"\xef\xbb\xbf"]
    ),
    "json5": lines(st.one_of(KEYS.map(str.encode), st.binary(max_size=8)), JSON, JSON),
    "config": JSON,
    "model_ref": st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
    "messages": JSON,
} | {wire.api: st.one_of(bent(STREAMS[wire.api]), EVENTS) for wire in WIRES}


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_give_typed_errors_only(name):
    @fuzzed(max_examples=BYTES)
    @given(st.binary(max_size=400))
    def check(data):
        TARGETS[name](data)

    check()


@pytest.mark.parametrize("name", TARGETS)
def test_what_looks_like_the_real_thing_gives_typed_errors_only(name):
    @fuzzed(max_examples=DOCUMENTS)
    @given(INPUTS[name])
    def check(data):
        TARGETS[name](data)

    check()


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_that_were_found_once_stay_mended(name):
    for data in FOUND.get(name, ()):
        TARGETS[name](data)


FOUND: dict[str, tuple[bytes, ...]] = {}
"""Inputs that once made a target fail."""


@pytest.mark.skipif(not is_long(), reason="only in a long run")
@pytest.mark.parametrize("name", TARGETS)
def test_guided_fuzzing_finds_nothing(name, tmp_path):
    pytest.importorskip("atheris")
    seconds = os.environ.get("MODELWIRE_FUZZ_SECONDS", "20")
    seeds = tmp_path / "seeds"
    seeds.mkdir()

    @fuzzed(max_examples=200)
    @given(INPUTS[name])
    def plant(data):
        (seeds / hashlib.sha256(data).hexdigest()).write_bytes(data)

    plant()
    done = subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("guided.py"),
            name,
            f"-max_total_time={seconds}",
            "-timeout=10",
            "-rss_limit_mb=1024",
            "-max_len=2000",
            str(seeds),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(name, [line for line in done.stderr.splitlines() if "DONE" in line or "Done" in line])


class TestSplits:
    @fuzzed(max_examples=BYTES)
    @given(st.lists(st.integers(1, 60), max_size=60))
    def test_a_valid_stream_gives_the_same_events_however_it_is_split(self, sizes):
        for stream, make in SPLIT:
            whole = [*make().feed(stream)]
            decoder, found, at = make(), [], 0
            for size in (*sizes, len(stream)):
                found += decoder.feed(stream[at : at + size])
                at += size
            assert not decoder.end()
            assert found == whole
            assert len(found) >= 10


class TestMemory:
    def test_a_line_without_an_end_is_given_up_at_its_limit(self):
        decoder = SseDecoder(1 << 20)
        with bounded(8 << 20), pytest.raises(MalformedResponse):
            for _ in range(64):
                decoder.feed(b"data: " + b"x" * (1 << 20))

    def test_a_frame_that_claims_gigabytes_is_refused_at_once(self):
        import struct
        import zlib

        prelude = struct.pack(">II", 0xFFFFFFF0, 16)
        data = prelude + struct.pack(">I", zlib.crc32(prelude))
        with bounded(1 << 20), pytest.raises(ProviderError):
            for part in pieces(data + b"x" * 4096):
                list(FrameDecoder().feed(data + part))

    @pytest.mark.parametrize("opening", [b"[", b'{"a":', b"((", b"{a:[", b"/*", b'"\\', b"- "])
    @pytest.mark.parametrize("name", ["config", "json5", "messages"])
    def test_nesting_without_an_end_is_no_crash(self, name, opening):
        TARGETS[name](b"a\n1\n" * (name == "json5") + opening * 50_000)


class bounded:  # noqa: N801 - reads as a statement
    """Fails where more bytes are held at a time than allowed."""

    def __init__(self, most):
        self.most = most

    def __enter__(self):
        tracemalloc.start()

    def __exit__(self, *_):
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < self.most
