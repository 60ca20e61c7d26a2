"""Recorded embeddings: the same vectors, without the service."""

import json

import pytest

from modelwire import Runtime
from modelwire.errors import InvalidRequest
from modelwire_cache.call import NoRecording
from modelwire_cache.session import begin_session

MODEL = "amazon-bedrock/amazon.titan-embed-text-v2:0"


@pytest.fixture
def embedded(bedrock_emulator, folder, tmp_path):
    async def run(mode, texts, **options):
        begin_session()
        environ = {
            **bedrock_emulator.environ(),
            "MODELWIRE_RECORDINGS": mode,
            "MODELWIRE_RECORDINGS_DIR": str(folder),
            "HOME": str(tmp_path),
        }
        async with Runtime.from_config({}, environ=environ) as runtime:
            return await runtime.embed(texts, model=MODEL, **options)

    return run


async def test_the_same_vectors_are_replayed(embedded, bedrock_emulator):
    recorded = await embedded("record", ["one", "two", "one"], dimensions=256)
    asked = len(bedrock_emulator.requests)
    replayed = await embedded("replay", ["one", "two", "one"], dimensions=256)
    assert replayed.vectors == recorded.vectors
    assert replayed.usage == recorded.usage
    assert len(bedrock_emulator.requests) == asked > 0


async def test_another_text_or_option_is_a_miss_that_names_it(embedded, bedrock_emulator):
    await embedded("record", ["one"], dimensions=256)
    with pytest.raises(NoRecording, match=r'texts\[0\] is "two", and was "one"'):
        await embedded("replay", ["two"], dimensions=256)
    with pytest.raises(NoRecording, match=r"options\.dimensions is 512, and was 256"):
        await embedded("replay", ["one"], dimensions=512)
    await embedded("replay", ["one"], dimensions=256, plugins={"recordings": {"mode": "off"}})
    assert len(bedrock_emulator.requests) == 2


async def test_a_wrong_setting_of_a_call_is_named(embedded, bedrock_emulator):
    with pytest.raises(InvalidRequest, match=r"options\.plugins\.recordings\.mode"):
        await embedded("record", ["one"], plugins={"recordings": {"mode": "no"}})
    assert bedrock_emulator.requests == []


@pytest.mark.parametrize("damage", [{}, {"vectors": ["AAA="]}, {"vectors": [3]}, None, [1]])
async def test_damaged_vectors_are_reported(embedded, folder, damage):
    await embedded("record", ["one"])
    (path,) = folder.iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), "response": damage}))
    with pytest.raises(NoRecording, match="is damaged"):
        await embedded("replay", ["one"])
