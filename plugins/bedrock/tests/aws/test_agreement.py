"""What status and lists say about credentials is what calls do with them."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelwire.errors import AuthenticationError
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.aws.credentials import containers
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.credentials import detect

ROLE = "arn:aws:iam::123456789012:role/agent"
LATER = "2999-01-01T00:00:00Z"
KEYS = "aws_access_key_id = AKIDBASE\naws_secret_access_key = c2VjcmV0\n"
SSO = """[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Dev
region = eu-west-1
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = us-east-1
"""


def sources_of_keys(request):
    """The services of AWS that give out credentials, behind one address."""
    if request.path.startswith("/federation/credentials"):
        given = {
            "accessKeyId": "AKIDSSO",
            "secretAccessKey": "c2VjcmV0",
            "sessionToken": "dG9rZW4",
            "expiration": 32_472_144_000_000,
        }
        return 200, {"roleCredentials": given}
    if request.path == "/container":
        given = {"AccessKeyId": "AKIDTASK", "SecretAccessKey": "c2VjcmV0", "Token": "dG9rZW4"}
        return 200, {**given, "Expiration": LATER}
    operation = "AssumeRole" + ("WithWebIdentity" if "WebIdentityToken" in request.body else "")
    return 200, (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result><Credentials><AccessKeyId>AKIDROLE</AccessKeyId>"
        f"<SecretAccessKey>c2VjcmV0</SecretAccessKey><SessionToken>dG9rZW4</SessionToken>"
        f"<Expiration>{LATER}</Expiration></Credentials></{operation}Result></{operation}Response>"
    )


@pytest.fixture
def places(serve, configure, tmp_path, monkeypatch):
    """Make the configuration of a place that gets its credentials in one way."""
    monkeypatch.setattr(containers, "_FIRMWARE", tmp_path / "sys")
    server = serve(sources_of_keys)

    def logged_in(expires):
        folder = tmp_path / ".aws/sso/cache"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha1(b"corp").hexdigest()
        token = {"accessToken": "dG9rZW4", "expiresAt": expires}
        (folder / f"{name}.json").write_text(json.dumps(token))

    def make(place):
        aws = {
            "AWS_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_STS": server.url,
            "AWS_ENDPOINT_URL_SSO": server.url,
        }
        files = credentials = ""
        if place == "container":
            aws["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{server.url}/container"
        elif place.startswith("web identity"):
            token = tmp_path / "jwt"
            if place == "web identity":
                token.write_text("a-jwt")
            aws |= {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": ROLE}
        elif place == "role":
            aws["AWS_PROFILE"] = "agent"
            files = f"[profile agent]\nrole_arn = {ROLE}\nsource_profile = base\n"
            credentials = f"[base]\n{KEYS}"
        elif place.startswith("sso"):
            aws["AWS_PROFILE"] = "sso"
            files = SSO
            logged_in(LATER if place == "sso" else "2001-01-01T00:00:00Z")
        elif place == "default profile":
            credentials = f"[default]\n{KEYS}"
        elif place == "unknown profile":
            aws["AWS_PROFILE"] = "gone"
        return configure(aws, files=files, credentials=credentials)

    return make


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("container", "AKIDTASK"),
        ("web identity", "AKIDROLE"),
        ("role", "AKIDROLE"),
        ("sso", "AKIDSSO"),
        ("default profile", "AKIDBASE"),
        ("web identity without its token", None),
        ("sso that expired", None),
        ("unknown profile", None),
        ("nothing", None),
    ],
)
async def test_what_is_called_usable_can_be_called_with_and_nothing_else(places, place, key):
    config = places(place)
    provider = config.provider("amazon-bedrock")
    status = detect(provider, config)
    assert status.state == ("usable" if key else "unusable")
    clients, target = Clients(), resolve_target(None, None, provider, config)
    if key is None:
        with pytest.raises(AuthenticationError):
            await clients.get("bedrock-runtime", target)
        return
    client = await clients.get("bedrock-runtime", target)
    url = await asyncio.to_thread(
        client.generate_presigned_url, "converse", {"modelId": "m", "messages": []}
    )
    assert f"Credential={key}%2F" in url


@pytest.fixture
def program(tmp_path):
    """Run the installed program with an environment of its own."""

    def run(*arguments, **environ):
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "MODELWIRE_CACHE_DIR": str(tmp_path / "cache"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "MODELWIRE_TRUST": str(tmp_path),
            **environ,
        }
        command = [str(Path(sys.executable).with_name("modelwire")), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, timeout=60)

    return run


@pytest.mark.parametrize(
    ("environ", "auth"),
    [
        ({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"}, "yes"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "jwt", "AWS_ROLE_ARN": ROLE}, "yes"),
        ({"AWS_PROFILE": "sso"}, "yes"),
        ({"AWS_PROFILE": "gone"}, "no"),
        ({}, "no"),
    ],
)
def test_the_list_shows_whether_calls_would_be_authenticated(program, tmp_path, environ, auth):
    model = {"id": "us.acme.new-v1:0"}
    document = {
        "models": {
            "providers": {"amazon-bedrock": {"models": [model]}},
            "bedrockDiscovery": {"enabled": False},
        }
    }
    (tmp_path / "modelwire.json5").write_text(json.dumps(document))
    (tmp_path / "jwt").write_text("a-jwt")
    cache = tmp_path / ".aws/sso/cache"
    cache.mkdir(parents=True)
    token = {"accessToken": "dG9rZW4", "expiresAt": LATER}
    name = hashlib.sha1(b"corp").hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    (tmp_path / ".aws/config").write_text(SSO)
    done = program("models", "list", "--provider", "bedrock", **environ)
    (row,) = [line for line in done.stdout.decode().splitlines() if model["id"] in line]
    assert row.split()[4] == auth


def test_without_credentials_the_events_end_in_an_error(program):
    done = program("complete", "-m", "bedrock/us.acme.new-v1:0", "--events", "hi")
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last["type"], last["error"]["errorCode"]) == (1, "error", "auth")
    assert "No AWS credentials" in last["error"]["errorMessage"]


@pytest.mark.parametrize("blank", ["", "  "])
async def test_blank_keys_of_the_environment_do_not_hide_those_of_the_files(configure, blank):
    environ = {
        "AWS_ACCESS_KEY_ID": blank,
        "AWS_SECRET_ACCESS_KEY": blank,
        "AWS_SESSION_TOKEN": blank,
        "AWS_PROFILE": "work",
    }
    clients = Clients()

    async def key(name):
        config = configure(environ, credentials=f"[work]\n{KEYS.replace('BASE', name)}")
        target = resolve_target(None, None, config.provider("amazon-bedrock"), config)
        client = await clients.get("bedrock", target)
        url = await asyncio.to_thread(client.generate_presigned_url, "list_foundation_models")
        return url.partition("Credential=")[2].partition("%2F")[0]

    for name in ("ONE", "OTHERONE"):  # of two lengths, so that the files differ in size
        assert await key(name) == f"AKID{name}"
