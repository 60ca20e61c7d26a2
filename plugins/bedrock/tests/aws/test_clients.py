"""Clients are made, and credentials renewed, beside the event loop and once for everybody."""

import asyncio
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from modelwire.errors import AuthenticationError, ConfigError
from modelwire_bedrock.aws.clients import Clients

PAIR = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "c2VjcmV0"}


def keys(seconds, name="AKIDSERVED"):
    expires = datetime.now(UTC) + timedelta(seconds=seconds)
    return {
        "AccessKeyId": name,
        "SecretAccessKey": "c2VjcmV0",
        "Token": "dG9rZW4",
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def signed_headers(client):
    """Let botocore sign a request, as `carrying` does; nothing is sent."""
    from botocore.awsrequest import AWSResponse, HeadersDict

    class Empty:
        def stream(self):
            return iter((b"{}",))

    found = []

    def capture(request, **_):
        found.append(
            {k: v if isinstance(v, str) else v.decode() for k, v in request.headers.items()}
        )
        return AWSResponse(request.url, 200, HeadersDict(), Empty())

    client.meta.events.register("before-send", capture, unique_id="test")
    try:
        client.list_foundation_models()
    finally:
        client.meta.events.unregister("before-send", unique_id="test")
    return found[0]


async def test_many_callers_are_given_one_client(target_of):
    clients, target = Clients(), target_of(environ=PAIR)
    made = await asyncio.gather(*(clients.get("bedrock", target) for _ in range(20)))
    assert len({id(client) for client in made}) == 1
    assert await clients.get("bedrock-runtime", target) is not made[0]


async def test_callers_that_come_while_the_client_is_made_get_it_too(target_of):
    clients, target = Clients(), target_of(environ=PAIR)

    async def late(turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        return await clients.get("bedrock", target)

    made = await asyncio.gather(*map(late, range(300)))
    assert len({id(client) for client in made}) == 1


async def test_each_identity_has_a_client_of_its_own(target_of):
    clients = Clients()
    one = await clients.get("bedrock", target_of(environ=PAIR))
    two = await clients.get("bedrock", target_of(environ={**PAIR, "AWS_ACCESS_KEY_ID": "AKIDTWO"}))
    assert "AKIDEXAMPLE" in signed_headers(one)["Authorization"]
    assert "AKIDTWO" in signed_headers(two)["Authorization"]


async def test_clients_of_many_identities_share_the_descriptions_of_the_services(target_of):
    clients = Clients()
    made = [
        await clients.get("bedrock", target_of(environ={**PAIR, "AWS_ACCESS_KEY_ID": f"AKID{n}"}))
        for n in range(3)
    ]
    descriptions = {id(client.meta.service_model._service_description) for client in made}
    assert len(set(made)) == 3
    assert len(descriptions) == 1


async def test_descriptions_are_looked_for_where_the_environment_says(target_of, tmp_path):
    clients = Clients()
    one = await clients.get("bedrock", target_of(environ=PAIR))
    environ = {**PAIR, "AWS_DATA_PATH": str(tmp_path)}
    two = await clients.get("bedrock", target_of(environ=environ))
    loaders = [clients._owners[c][1].session.get_component("data_loader") for c in (one, two)]
    assert [str(tmp_path) in loader.search_paths for loader in loaders] == [False, True]


async def test_a_bearer_token_replaces_the_signature(target_of):
    environ = {**PAIR, "AWS_BEARER_TOKEN_BEDROCK": "YmVhcmVy"}
    client = await Clients().get("bedrock", target_of(environ=environ))
    assert signed_headers(client)["Authorization"] == "Bearer YmVhcmVy"


async def test_keys_of_the_configuration_win_over_the_processs_bearer_token(target_of, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "YmVhcmVy")
    chosen = {"accessKeyId": "AKIDCONFIG", "secretAccessKey": "c2VjcmV0"}
    client = await Clients().get("bedrock", target_of(provider=chosen))
    assert signed_headers(client)["Authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDCONF"
    )


async def test_without_authentication_nothing_is_signed(target_of):
    environ = {"AWS_BEDROCK_SKIP_AUTH": "1", "AWS_BEARER_TOKEN_BEDROCK": "YmVhcmVy"}
    client = await Clients().get("bedrock", target_of(environ=environ))
    assert "Authorization" not in signed_headers(client)


async def test_a_bearer_token_travels_unencrypted_to_this_machine_only(target_of):
    environ = {"AWS_BEARER_TOKEN_BEDROCK": "YmVhcmVy"}
    here = target_of(environ={**environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert (
        signed_headers(await Clients().get("bedrock", here))["Authorization"] == "Bearer YmVhcmVy"
    )
    there = target_of(environ={**environ, "AWS_ENDPOINT_URL": "http://bedrock.example"})
    client = await Clients().get("bedrock", there)
    with pytest.raises(ConfigError, match="plain HTTP"):
        signed_headers(client)


async def test_a_profile_that_is_nowhere_does_not_hinder_keys(target_of):
    client = await Clients().get("bedrock", target_of(environ={**PAIR, "AWS_PROFILE": "nowhere"}))
    assert "AKIDEXAMPLE" in signed_headers(client)["Authorization"]


async def test_missing_credentials_are_a_typed_error_and_are_looked_for_again(target_of, tmp_path):
    environ = {"AWS_PROFILE": "late", "AWS_EC2_METADATA_DISABLED": "true"}
    files = "[profile late]\nregion = eu-west-1\n"
    clients, target = Clients(), target_of(environ=environ, files=files)
    with pytest.raises(AuthenticationError, match="No AWS credentials") as raised:
        await clients.get("bedrock", target)
    assert raised.value.hint
    credentials = "[late]\naws_access_key_id = AKIDLATE\naws_secret_access_key = c2VjcmV0\n"
    (tmp_path / ".aws/credentials").write_text(credentials)
    client = await clients.get("bedrock", target)
    assert "AKIDLATE" in signed_headers(client)["Authorization"]


async def test_the_loop_runs_on_while_a_slow_process_gives_the_credentials(target_of, tmp_path):
    program = tmp_path / "keys.py"
    gate = tmp_path / "gate"
    program.write_text(
        f"""import json, pathlib, time
while not pathlib.Path({str(gate)!r}).exists():
    time.sleep(0.01)
print(json.dumps({{"Version": 1, "AccessKeyId": "AKIDSLOW", "SecretAccessKey": "c2VjcmV0"}}))
"""
    )
    files = f"[default]\ncredential_process = {sys.executable} {program}\n"
    making = asyncio.ensure_future(Clients().get("bedrock", target_of(files=files)))
    for _ in range(100):  # a blocked loop would never come to open the gate
        await asyncio.sleep(0)
    assert not making.done()
    gate.touch()
    assert "AKIDSLOW" in signed_headers(await making)["Authorization"]


async def test_the_loop_runs_on_while_expired_credentials_are_renewed_once_for_all(
    target_of, serve
):
    gate = threading.Event()

    def answer(_):
        if len(server.seen) == 1:
            return 200, keys(seconds=30, name="AKIDFIRST")  # about to expire
        assert gate.wait(30)
        return 200, keys(seconds=3600, name="AKIDSECOND")

    server = serve(answer)
    clients = Clients()
    target = target_of(environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url})
    client = await clients.get("bedrock", target)
    assert len(server.seen) == 1
    waiting = [asyncio.ensure_future(clients.fresh(client)) for _ in range(50)]
    for _ in range(100):
        await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    # Signing takes what is held; it never goes to the slow source by itself.
    assert "AKIDFIRST" in signed_headers(client)["Authorization"]
    waiting[0].cancel()
    gate.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in done[1:]] == [type(None)] * 49
    assert "AKIDSECOND" in signed_headers(client)["Authorization"]
    assert len(server.seen) == 2


async def test_credentials_are_renewed_ahead_of_expiry_while_requests_go_on(target_of, serve):
    renewed = threading.Event()

    def answer(_):
        if len(server.seen) == 1:
            return 200, keys(seconds=12 * 60, name="AKIDFIRST")
        renewed.set()
        return 200, keys(seconds=3600, name="AKIDSECOND")

    server = serve(answer)
    clients = Clients()
    target = target_of(environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url})
    client = await clients.get("bedrock", target)
    await clients.fresh(client)
    assert len(server.seen) == 1  # loaded less than a minute ago
    lease = clients._owners[client][1].lease
    lease._tried_at -= 61
    await clients.fresh(client)  # returns at once; the renewal goes on beside it
    assert await asyncio.to_thread(renewed.wait, 30)
    while "AKIDSECOND" not in signed_headers(client)["Authorization"]:
        await asyncio.sleep(0.01)
    assert len(server.seen) == 2


async def test_credentials_that_cannot_be_renewed_are_a_typed_error(target_of, serve):
    def answer(_):
        return (200, keys(seconds=30)) if len(server.seen) == 1 else (500, "no")

    server = serve(answer)
    clients = Clients()
    target = target_of(environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url})
    client = await clients.get("bedrock", target)
    with pytest.raises(AuthenticationError, match="container-role"):
        await clients.fresh(client)


async def test_forgotten_credentials_are_loaded_again(target_of, serve):
    server = serve(lambda _: (200, keys(3600, name=f"AKID{len(server.seen)}")))
    clients = Clients()
    target = target_of(environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url})
    first = await clients.get("bedrock", target)
    await clients.forget(target)
    second = await clients.get("bedrock", target)
    assert "AKID1" in signed_headers(first)["Authorization"]
    assert "AKID2" in signed_headers(second)["Authorization"]


async def test_an_expired_log_in_says_what_to_run(target_of):
    files = """[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Dev
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = us-east-1
"""
    target = target_of(environ={"AWS_PROFILE": "sso"}, files=files)
    clients = Clients()
    with pytest.raises(AuthenticationError) as raised:
        await clients.get("bedrock", target)
    assert raised.value.hint == "Run `aws sso login --profile sso`."
