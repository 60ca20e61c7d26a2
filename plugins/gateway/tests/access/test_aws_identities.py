"""AWS identities: tokens that a fake STS checks as AWS does, and everything that is no token."""

import asyncio
import base64
import logging
import time

import pytest
from aiohttp import web
from attrs import evolve
from click.testing import CliRunner
from fake_sts import fake_sts
from hypothesis import given
from hypothesis import strategies as st

from modelwire.config import Config
from modelwire.errors import ConfigError
from modelwire.transport import Transport
from modelwire_gateway.access.aws_identities import AwsIdentities, caller_of
from modelwire_gateway.access.aws_settings import AwsIdentity, AwsSettings
from modelwire_gateway.access.aws_token import InvalidToken, encode_token, read_token
from modelwire_gateway.access.caller import Limits, RequestRefused
from modelwire_gateway.administration.aws_token_command import make_token
from modelwire_gateway.commands import serve
from modelwire_gateway.settings import Settings

ADA = "arn:aws:sts::123456789012:assumed-role/Developers/ada"
DEVELOPERS = AwsIdentity(
    "arn:aws:sts::123456789012:assumed-role/Developers/*",
    owner="engines",
    models=("fast",),
    limits=Limits(requests_per_minute=5),
)
SETTINGS = AwsSettings(audience="team-gateway", identities=(DEVELOPERS,))
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture(scope="module", autouse=True)
def _botocore():
    """Imported before a loop runs: it is the client's part, and the gateway has none of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        make_token("team-gateway")


@pytest.fixture(autouse=True)
def _ada(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture
async def sts():
    async with fake_sts() as service:
        service.people["AKIAIOSFODNN7EXAMPLE"] = (SECRET, ADA)
        yield service


@pytest.fixture
async def gateway(sts):
    """A function that makes a gateway's view of AWS identities."""
    transport = Transport(environ={})
    made = []

    def make(settings=SETTINGS, **arguments):
        made.append(AwsIdentities(evolve(settings, endpoint=sts.url), transport, **arguments))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()
    await transport.aclose()


async def refusal_of(identities, token):
    with pytest.raises(RequestRefused) as refused:
        await identities.authenticate(token)
    return refused.value


@pytest.mark.parametrize("region", [None, "eu-central-1", "us-gov-west-1", "ap-southeast-2"])
async def test_a_signed_token_is_the_caller_that_sts_names(gateway, sts, region):
    caller = await gateway().authenticate(make_token("team-gateway", region=region))
    assert caller.id == "arn:aws:sts::123456789012:assumed-role/Developers"
    assert caller.name == "Developers"
    assert (caller.owner, caller.models) == ("engines", ("fast",))
    assert caller.limits == Limits(requests_per_minute=5)
    ((headers, fields),) = sts.asked
    assert headers["Host"] == f"sts.{region or 'us-east-1'}.amazonaws.com"
    assert headers["x-modelwire-gateway"] == "team-gateway"
    assert fields["Action"] == "GetCallerIdentity"


async def test_temporary_credentials_sign_with_their_session(gateway, sts, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "FwoGZXIvYXdzE+/=" * 60)
    await gateway().authenticate(make_token("team-gateway"))
    assert sts.asked[0][1]["X-Amz-Security-Token"] == "FwoGZXIvYXdzE+/=" * 60


async def test_a_token_for_another_gateway_is_refused_by_its_signature(gateway, sts):
    refused = await refusal_of(gateway(), make_token("other-gateway"))
    assert (refused.status, refused.code) == (401, "unauthorized")
    assert len(sts.asked) == 1


async def test_a_signature_of_another_secret_is_refused(gateway, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert (await refusal_of(gateway(), make_token("team-gateway"))).status == 401


async def test_an_identity_that_is_not_configured_may_not_call(gateway, sts):
    sts.people["AKIAIOSFODNN7EXAMPLE"] = (SECRET, ADA.replace("Developers", "Guests"))
    refused = await refusal_of(gateway(), make_token("team-gateway"))
    assert (refused.status, refused.code) == (403, "not_allowed")


async def test_without_an_audience_no_token_is_good(gateway, sts):
    identities = gateway(AwsSettings())
    assert (await refusal_of(identities, make_token("team-gateway"))).status == 401
    assert sts.asked == []


async def test_sts_is_asked_once_for_requests_at_the_same_time_and_soon_after(gateway, sts):
    identities, token = gateway(), make_token("team-gateway")
    await asyncio.gather(*(identities.authenticate(token) for _ in range(50)))
    await identities.authenticate(token)
    assert len(sts.asked) == 1


async def test_a_confirmed_identity_is_asked_about_again_after_a_while(gateway, sts):
    now = time.time()
    identities, token = gateway(clock=lambda: now), make_token("team-gateway")
    await identities.authenticate(token)
    now += 299
    await identities.authenticate(token)
    assert len(sts.asked) == 1
    now += 2
    await identities.authenticate(token)
    assert len(sts.asked) == 2
    now += 600
    assert (await refusal_of(identities, token)).status == 401
    assert len(sts.asked) == 2


async def test_a_refused_token_does_not_ask_sts_at_every_try(gateway, sts):
    identities, token = gateway(), make_token("other-gateway")
    for _ in range(5):
        await refusal_of(identities, token)
    assert len(sts.asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (503, b"<html>"), (429, b""), (400, b'{"Error": {"Code": "Throttling"}}')],
)
async def test_an_sts_that_is_busy_is_no_refusal_of_the_identity(gateway, sts, status, body):
    async def answer(_):
        return web.Response(status=status, body=body)

    sts.answer = answer
    identities, token = gateway(), make_token("team-gateway")
    refused = await refusal_of(identities, token)
    assert (refused.status, refused.code) == (503, "unavailable")
    sts.answer = None
    await identities.authenticate(token)


async def test_an_sts_that_is_not_there_is_no_refusal_of_the_identity():
    settings = evolve(SETTINGS, endpoint="http://127.0.0.1:1")
    async with Transport(environ={}) as transport:
        identities = AwsIdentities(settings, transport)
        refused = await refusal_of(identities, make_token("team-gateway"))
        assert (refused.status, refused.code) == (503, "unavailable")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b"<xml/>", b"[" * 60_000, b"\xff",
        b'{"GetCallerIdentityResponse": {"GetCallerIdentityResult": {"Arn": 5}}}',
        b'{"GetCallerIdentityResponse": {"GetCallerIdentityResult": {"Arn": "arn:aws:sts::1:x"}}}',
        b'{"GetCallerIdentityResponse": {"GetCallerIdentityResult": {"Arn": "%s\\nb"}}}'
        % ADA.encode(),
    ],
)  # fmt: skip
async def test_an_answer_without_an_identity_admits_no_caller(gateway, sts, body):
    async def answer(_):
        return web.Response(body=body)

    sts.answer = answer
    assert (await refusal_of(gateway(), make_token("team-gateway"))).status == 401


async def test_a_redirect_is_not_followed(gateway, sts):
    async def answer(request):
        raise web.HTTPFound("/elsewhere")

    sts.answer = answer
    assert (await refusal_of(gateway(), make_token("team-gateway"))).status == 401
    assert len(sts.asked) == 1


async def test_neither_the_token_nor_its_parts_are_logged(gateway, sts, caplog):
    caplog.set_level(logging.DEBUG)
    token = make_token("team-gateway")
    await gateway().authenticate(token)
    signature = sts.asked[0][1]["X-Amz-Signature"]
    ours = [record for record in caplog.records if record.name.startswith("modelwire")]
    assert ours
    for secret in (signature, token):
        assert not [record for record in ours if secret in record.getMessage()]
    assert signature not in repr(read_token(token, time.time()))


def signed_url():
    token = make_token("team-gateway").partition(".")[2]
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()


def replaced(old, new):
    return lambda url: url.replace(old, new)


FOREIGN = {
    "another host": replaced("sts.us-east-1.amazonaws.com", "evil.example"),
    "a host that ends alike": replaced("sts.us-east-1.", "sts.us-east-1.evil-"),
    "a host that begins alike": replaced(".amazonaws.com/", ".amazonaws.com.evil.example/"),
    "a login before the host": replaced("https://", "https://sts.amazonaws.com@evil.example/"),
    "a login": replaced("https://", "https://user@"),
    "a port": replaced(".com/", ".com:8443/"),
    "the usual port": replaced(".com/", ".com:443/"),
    "a backslash": replaced("https://", "https://evil.example\\@"),
    "loopback": replaced("sts.us-east-1.amazonaws.com", "127.0.0.1"),
    "the service of instances": replaced("sts.us-east-1.amazonaws.com", "169.254.169.254"),
    "another service": replaced("//sts.", "//s3."),
    "upper case": replaced("//sts.", "//STS."),
    "a dot at the end": replaced(".com/", ".com./"),
    "no TLS": replaced("https://", "http://"),
    "another scheme": replaced("https://", "file://"),
    "a path": replaced(".com/", ".com/x"),
    "a fragment": lambda url: url + "#x",
    "an empty fragment": lambda url: url + "#",
    "another action": replaced("GetCallerIdentity", "AssumeRole"),
    "a second action": lambda url: url + "&Action=AssumeRole",
    "a further parameter": lambda url: url + "&RoleArn=x",
    "another version": replaced("2011-06-15", "2011-06-16"),
    "another algorithm": replaced("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
    "no audience": replaced("host%3Bx-modelwire-gateway", "host"),
    "a header more": replaced("host%3B", "accept%3Bhost%3B"),
    "a region of another place": replaced("us-east-1.", "eu-west-1."),
    "a region in China": replaced("us-east-1", "cn-north-1"),
    "a scope of another service": replaced("%2Fsts%2F", "%2Fs3%2F"),
    "a long life": replaced("X-Amz-Expires=900", "X-Amz-Expires=9000"),
    "no life": replaced("X-Amz-Expires=900", "X-Amz-Expires=0"),
    "a life that is no number": replaced("X-Amz-Expires=900", "X-Amz-Expires=9e2"),
    "a date that is none": lambda url: url.split("X-Amz-Date=")[0] + "X-Amz-Date=20261340T999999Z",
    "no signature": lambda url: url.partition("&X-Amz-Signature")[0],
    "a line break": lambda url: url.replace("https://", "https://\n"),
    "a space": lambda url: url + " ",
    "nothing": lambda _: "",
    "a long text": lambda url: url + "&x=" + "y" * 9000,
}


@pytest.mark.parametrize("change", FOREIGN)
async def test_nothing_is_sent_for_what_is_no_token(gateway, sts, change):
    url = signed_url()
    changed = FOREIGN[change](url)
    assert changed != url
    refused = await refusal_of(gateway(), encode_token(changed))
    assert (refused.status, refused.code) == (401, "unauthorized")
    assert sts.asked == []


@pytest.mark.parametrize(
    "token",
    ["aws-sts-v1.", "aws-sts-v1.%%%", "aws-sts-v1.aGk=", "aws-sts-v1.-_-_-", "aws-sts-v2.aGk", ""],
)
def test_what_is_not_encoded_is_no_token(token):
    with pytest.raises(InvalidToken):
        read_token(token, time.time())


@given(st.binary(max_size=300), st.floats(0, 4e9))
def test_any_bytes_are_a_token_or_refused(data, now):
    text = "aws-sts-v1." + base64.urlsafe_b64encode(data).decode()
    for token in (text, data.decode("latin-1"), "aws-sts-v1." + data.decode("latin-1")):
        with pytest.raises(InvalidToken):
            read_token(token, now)


@pytest.mark.parametrize(
    ("after", "good"), [(-301, False), (-290, True), (0, True), (890, True), (901, False)]
)
def test_a_token_is_good_for_fifteen_minutes(after, good):
    token, now = make_token("team-gateway"), time.time() + after
    if good:
        assert read_token(token, now).expires_at == pytest.approx(time.time() + 900, abs=60)
    else:
        with pytest.raises(InvalidToken):
            read_token(token, now)


def test_the_request_is_put_together_from_what_was_checked():
    url = signed_url().replace("Action=GetCallerIdentity", "%41ction=GetCaller%49dentity")
    signed = read_token(encode_token(url), time.time())
    assert signed.host == "sts.us-east-1.amazonaws.com"
    assert signed.query.startswith("Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=")


ROLE = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/ada@example.com"


@pytest.mark.parametrize(
    ("pattern", "arn", "per", "id_ends", "name"),
    [
        ("assumed-role/Developers/*", ADA, "role", "assumed-role/Developers", "Developers"),
        ("assumed-role/Developers/*", ADA, "session", "assumed-role/Developers/ada", "ada"),
        ("assumed-role/AWSReservedSSO_*/*", ROLE, "session", "/ada@example.com", "ada@example.com"),
        ("assumed-role/Developers/ada", ADA, "role", "assumed-role/Developers", "Developers"),
        ("assumed-role/*", ADA, "role", None, None),
        ("assumed-role/Dev/*", ADA, "role", None, None),
        ("assumed-role/*/ada", ADA, "role", "assumed-role/Developers", "Developers"),
    ],
)
def test_an_arn_is_a_caller_by_the_first_pattern_that_fits(pattern, arn, per, id_ends, name):
    identity = AwsIdentity(f"arn:aws:sts::123456789012:{pattern}", per=per)
    found = caller_of(arn, [identity])
    if name is None:
        assert found is None
    else:
        assert found.id.endswith(id_ends)
        assert found.name == name


def test_users_and_roots_are_callers_too():
    for arn, name in (
        ("arn:aws:iam::123456789012:user/team/ada", "ada"),
        ("arn:aws:iam::123456789012:root", "root"),
        ("arn:aws-us-gov:iam::123456789012:user/ada", "ada"),
    ):
        assert caller_of(arn, [AwsIdentity(arn)]).name == name


@pytest.mark.parametrize(
    "given",
    [
        {"aws": {"identities": [{"arn": "arn:aws:sts::*:assumed-role/Admin/*"}]}},
        {"aws": {"identities": [{"arn": "*"}]}},
        {"aws": {"identities": [{}]}},
        {"aws": {"endpoint": "http://sts.example"}},
        {"aws": {"endpoint": "https://sts.example/path"}},
        {
            "aws": {
                "identities": [
                    {"arn": "arn:aws:iam::123456789012:root", "limits": {"concurrency": 0}}
                ]
            }
        },
        {"storage": {"whenCountersFail": "maybe"}},
    ],
)
def test_a_wrong_setting_is_named_by_its_path(given):
    config = Config.from_document(
        {"plugins": {"entries": {"gateway": {"config": given}}}}, environ={}
    )
    with pytest.raises(ConfigError, match=r"plugins\.entries\.gateway\.config\.(aws|storage)"):
        Settings.of(config)


def test_the_settings_are_read_from_the_configuration():
    given = {
        "aws": {
            "audience": "team-gateway",
            "identities": [
                {
                    "arn": "arn:aws:sts::123456789012:assumed-role/Developers/*",
                    "per": "session",
                    "models": ["fast"],
                    "limits": {"requestsPerMinute": 5, "budgetDay": 2},
                }
            ],
        }
    }
    config = Config.from_document(
        {"plugins": {"entries": {"gateway": {"config": given}}}}, environ={}
    )
    (identity,) = Settings.of(config).aws.identities
    assert identity.limits == Limits(requests_per_minute=5, budget_day=2.0)
    assert identity.per == "session"


def test_the_command_prints_a_token_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(serve, ["token", "--audience", "team-gateway"])
    assert result.exit_code == 0
    assert read_token(result.stdout.strip(), time.time()).host == "sts.us-east-1.amazonaws.com"
    assert result.stdout.count("\n") == 1


def test_without_an_audience_or_credentials_the_command_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(serve, ["token"])
    assert result.exit_code == 2
    assert "--audience" in result.output
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = CliRunner().invoke(serve, ["token", "--audience", "team-gateway"])
    assert result.exit_code == 1
    assert "There are no AWS credentials" in str(result.exception)
