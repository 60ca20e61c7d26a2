"""The profile that a bare id is called through, for each geography, and with the list on disk."""

import json
from urllib.parse import unquote

import preloaded
import pytest

from modelwire.errors import InvalidRequest

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture
def called(emulator):
    """The ids that were called, in order."""

    def ids():
        found = [unquote(request.path) for request in emulator.requests]
        return [path.split("/")[2] for path in found if path.startswith("/model/")]

    return ids


@pytest.mark.parametrize(
    ("model", "region", "prefix"),
    [
        (SONNET, "us-east-1", "us"),
        (SONNET, "us-west-1", "us"),
        (SONNET, "ca-central-1", "us"),
        (SONNET, "eu-central-1", "eu"),
        (SONNET, "ap-northeast-1", "jp"),
        (SONNET, "ap-northeast-3", "jp"),
        (SONNET, "ap-southeast-2", "au"),
        (SONNET, "ap-southeast-4", "au"),
        ("anthropic.claude-opus-5", "ap-south-1", "in"),
        ("amazon.nova-premier-v1:0", "us-east-1", "us"),
        ("amazon.nova-2-lite-v1:0", "eu-west-1", "eu"),
        ("deepseek.r1-v1:0", "us-east-1", "us"),
        ("openai.gpt-6-sol", "us-east-1", "us"),
        ("xai.grok-4.6", "us-west-2", "us"),
        ("zai.glm-5.3", "us-west-2", "us"),
        ("amazon.nova-lite-v1:0", "us-east-1", None),
        ("deepseek.v3.2", "us-east-1", None),
        ("openai.gpt-oss-20b-1:0", "us-west-2", None),
    ],
)
async def test_a_bare_id_is_called_through_a_profile_that_exists(
    runtime_of, called, model, region, prefix
):
    async with runtime_of({"region": region}) as runtime:
        await runtime.complete("Hello", model=f"amazon-bedrock/{model}")
    assert called() == [model if prefix is None else f"{prefix}.{model}"]


@pytest.mark.parametrize(
    ("model", "region"),
    [
        (SONNET, "ap-southeast-1"),
        ("anthropic.claude-opus-5-5", "ap-south-1"),
        ("xai.grok-4.6", "eu-west-1"),
        ("openai.gpt-6-sol", "eu-central-1"),
    ],
)
async def test_where_only_a_global_profile_exists_the_error_names_it(
    runtime_of, called, model, region
):
    async with runtime_of({"region": region}) as runtime:
        with pytest.raises(InvalidRequest, match=f"global.{model}") as raised:
            await runtime.complete("Hello", model=f"amazon-bedrock/{model}")
    assert "allowGlobal" in raised.value.hint
    async with runtime_of({"region": region, "allowGlobal": True}) as runtime:
        await runtime.complete("Hello", model=f"amazon-bedrock/{model}")
    assert called() == [f"global.{model}"]


def modelwire(emulator, tmp_path, *arguments):
    environ = {
        **emulator.environ(),
        "AWS_REGION": "ap-northeast-1",
        "HOME": str(tmp_path),
        "MODELWIRE_CACHE_DIR": str(tmp_path / "cache"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "PATH": "/usr/bin:/bin",
    }
    done = preloaded.run(arguments, env=environ, cwd=tmp_path, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.extensive("it starts many processes")
def test_the_list_on_disk_decides_for_other_processes(emulator, tmp_path, called):
    """Opus 4.6 is not known to have a profile in Japan; what the region lists counts."""
    model = "amazon-bedrock/anthropic.claude-opus-4-6-v1"
    code, shown, _ = modelwire(emulator, tmp_path, "complete", "--dry-run", "-m", model, "hi")
    assert code == 0
    assert "jp.anthropic.claude-opus-4-6-v1" in shown  # disputed, so it would be tried
    code, _, _ = modelwire(emulator, tmp_path, "models", "refresh", "--provider", "amazon-bedrock")
    assert code == 0
    code, _, said = modelwire(emulator, tmp_path, "complete", "-m", model, "hi")
    assert code != 0
    assert "global.anthropic.claude-opus-4-6-v1" in said
    assert called() == []
    code, shown, _ = modelwire(emulator, tmp_path, "models", "explain", "--json", model)
    assert "Did you mean" not in json.dumps(json.loads(shown))
