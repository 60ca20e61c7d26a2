"""Probes with botocore's own chain against servers that speak the protocols of AWS."""

import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

ROLE = "arn:aws:iam::123456789012:role/agent"


def in_minutes(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def keys(minutes=60):
    return {
        "Code": "Success",
        "AccessKeyId": "AKIDSERVED",
        "SecretAccessKey": "c2VjcmV0",
        "Token": "dG9rZW4",
        "Expiration": in_minutes(minutes),
    }


def metadata(request):
    """The instance metadata service, version 2."""
    if request.method == "PUT":
        return 200, "imds-token"
    if request.headers.get("X-Aws-Ec2-Metadata-Token") != "imds-token":
        return 401, ""
    if request.path == "/latest/meta-data/iam/security-credentials/":
        return 200, "agent-role"
    return 200, keys()


def sts(operation):
    """The Security Token Service, for one operation."""

    def answer(request):
        if f"Action={operation}" not in request.body:
            return 400, f"<ErrorResponse><Error><Code>Not{operation}</Code></Error></ErrorResponse>"
        text = f"""<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<{operation}Result><Credentials><AccessKeyId>ASIASTS</AccessKeyId>
<SecretAccessKey>c2VjcmV0</SecretAccessKey><SessionToken>dG9rZW4</SessionToken>
<Expiration>{in_minutes(60)}</Expiration></Credentials></{operation}Result>
</{operation}Response>"""
        return 200, text

    return answer


def test_the_role_of_an_instance_is_found_by_asking_its_metadata_service(detected, serve):
    server = serve(metadata)
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url}
    assert detected(environ).state == "unknown"
    assert server.seen == []
    status = detected(environ, probe=True)
    assert (status.state, status.source) == ("usable", "EC2 instance metadata")
    assert status.expires_at is None
    assert datetime.fromisoformat(status.details["keysExpire"]) > datetime.now(UTC)
    assert status.details["probed"] == "true"


def test_the_metadata_service_is_left_alone_where_it_is_switched_off(detected, serve):
    server = serve(metadata)
    environ = {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert detected(environ, probe=True).state == "unusable"
    assert server.seen == []


def test_a_container_is_given_its_credentials(detected, serve, tmp_path):
    token = tmp_path / "token"
    token.write_text("pod-identity")

    def answer(request):
        known = request.headers.get("Authorization") == "pod-identity"
        return (200, keys()) if known else (403, {})

    server = serve(answer)
    environ = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
    }
    status = detected(environ, probe=True)
    assert (status.state, status.details["method"]) == ("usable", "container")
    token.write_text("somebody else's")
    refused = detected(environ, probe=True)
    assert refused.state == "unusable"
    assert "container-role" in refused.reason


def test_a_web_identity_is_exchanged_for_a_role(detected, serve, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-jwt")
    server = serve(sts("AssumeRoleWithWebIdentity"))
    environ = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": ROLE,
        "AWS_ENDPOINT_URL_STS": server.url,
        "AWS_REGION": "eu-west-1",
    }
    status = detected(environ, probe=True)
    assert (status.state, status.details["method"]) == ("usable", "web identity")
    assert "WebIdentityToken=a-jwt" in server.seen[0].body


def test_a_role_is_assumed_with_the_keys_of_another_profile(detected, serve):
    server = serve(sts("AssumeRole"))
    status = detected(
        {"AWS_PROFILE": "agent", "AWS_ENDPOINT_URL_STS": server.url, "AWS_REGION": "eu-west-1"},
        files=f"[profile agent]\nrole_arn = {ROLE}\nsource_profile = base\n",
        credentials="[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = c2VjcmV0\n",
        probe=True,
    )
    assert (status.state, status.details["method"]) == ("usable", "assumed role")
    assert "Credential=AKIDBASE/" in server.seen[0].headers["Authorization"]


def test_a_role_that_may_not_be_assumed_says_what_aws_said(detected, serve):
    refusal = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>"""
    server = serve(lambda _: (403, refusal))
    status = detected(
        {"AWS_PROFILE": "agent", "AWS_ENDPOINT_URL_STS": server.url, "AWS_REGION": "eu-west-1"},
        files=f"[profile agent]\nrole_arn = {ROLE}\nsource_profile = base\n",
        credentials="[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = c2VjcmV0\n",
        probe=True,
    )
    assert status.state == "unusable"
    assert "AccessDenied: not you" in status.reason


def test_a_role_that_wants_an_mfa_code_does_not_ask_on_the_terminal(detected):
    status = detected(
        {"AWS_PROFILE": "agent"},
        files=f"[profile agent]\nrole_arn = {ROLE}\nsource_profile = base\n"
        "mfa_serial = arn:aws:iam::1:mfa/me\n",
        credentials="[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = c2VjcmV0\n",
        probe=True,
    )
    assert status.state == "unusable"
    assert "MFA" in status.reason


def test_an_expired_log_in_names_the_command(detected):
    files = """[profile old]
sso_start_url = https://corp.example/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = Dev
"""
    status = detected({"AWS_PROFILE": "old"}, files=files, probe=True)
    assert status.state == "unusable"
    assert status.hint == "Run `aws sso login --profile old`."


def test_a_process_is_run_only_by_a_probe_and_its_words_are_not_repeated(detected, tmp_path):
    program = tmp_path / "keys.py"
    mark = tmp_path / "ran"
    program.write_text(
        f"import pathlib, sys\npathlib.Path({str(mark)!r}).touch()\nsys.exit('c2VjcmV0')\n"
    )
    files = f"[default]\ncredential_process = {sys.executable} {program}\n"
    assert detected(files=files).state == "usable"
    assert not mark.exists()
    status = detected(files=files, probe=True)
    assert mark.exists()
    assert status.state == "unusable"
    assert "credential_process" in status.reason
    assert "c2VjcmV0" not in status.reason


def test_a_probe_ends_at_its_deadline(detected, serve):
    over = threading.Event()

    def answer(_):
        over.wait(60)
        return 200, keys()

    server = serve(answer)
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url}
    started = time.monotonic()
    try:
        status = detected(environ, probe=True, timeout=0.2)
    finally:
        over.set()
    assert time.monotonic() - started < 40
    assert status.state == "unknown"
    assert "0.2 seconds" in status.reason


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_BEDROCK"])
def test_keys_and_tokens_are_taken_without_the_chain(detected, serve, name):
    server = serve(metadata)
    environ = {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
        "AWS_SECRET_ACCESS_KEY": "c2VjcmV0",
        name: "value",
    }
    assert detected(environ, probe=True).state == "usable"
    assert server.seen == []


def test_what_is_detected_is_what_a_probe_finds(detected):
    blank = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": " ", "AWS_PROFILE": "x"}
    credentials = "[x]\naws_access_key_id = AKIDFILE\naws_secret_access_key = c2VjcmV0\n"
    cheap = detected(blank, credentials=credentials)
    thorough = detected(blank, credentials=credentials, probe=True)
    assert cheap.state == thorough.state == "usable"
    assert cheap.source == thorough.source == "env: AWS_PROFILE"
