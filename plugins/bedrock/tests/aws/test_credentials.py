import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from modelwire.config import Config
from modelwire.errors import ConfigError
from modelwire_bedrock.aws.credentials import containers
from modelwire_bedrock.credentials import detect

PAIR = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "c2VjcmV0"}
BEARER = {"AWS_BEARER_TOKEN_BEDROCK": "YmVhcmVy"}
STATIC = "[{name}]\naws_access_key_id = AKIDFILE\naws_secret_access_key = ZmlsZQ\n"
ROLE = "arn:aws:iam::123456789012:role/agent"
SSO = """
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Dev
[profile old]
sso_start_url = https://corp.example/start
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = Dev
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = us-east-1
"""


@pytest.fixture(autouse=True)
def no_firmware(tmp_path, monkeypatch):
    """The tests do not depend on whether they run on EC2."""
    monkeypatch.setattr(containers, "_FIRMWARE", tmp_path / "sys")


@pytest.fixture
def sso_token(tmp_path):
    def write(name, minutes, **more):
        folder = tmp_path / ".aws/sso/cache"
        folder.mkdir(parents=True, exist_ok=True)
        expires = datetime.now(UTC) + timedelta(minutes=minutes)
        token = {"accessToken": "dG9rZW4", "expiresAt": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
        key = hashlib.sha1(name.encode()).hexdigest()
        (folder / f"{key}.json").write_text(json.dumps(token | more))

    return write


@pytest.mark.parametrize("bundle", [None, "/corp/ca.pem"])
def test_certificates_of_their_own_are_among_the_details(detected, bundle):
    environ = {**BEARER, **({"AWS_CA_BUNDLE": bundle} if bundle else {})}
    assert detected(environ=environ).details.get("caBundle") == bundle


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("env: AWS_BEARER_TOKEN_BEDROCK", {"environ": {**BEARER, **PAIR, "AWS_PROFILE": "x"}}),
        (
            "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY",
            {"environ": {**PAIR, "AWS_PROFILE": "x"}},
        ),
        (
            "env: AWS_PROFILE",
            {"environ": {"AWS_PROFILE": "x"}, "credentials": STATIC.format(name="x")},
        ),
        ("profile: default", {"credentials": STATIC.format(name="default")}),
        ("config: apiKey", {"provider": {"apiKey": "${T}"}, "environ": {"T": "t", **BEARER}}),
        (
            "config: accessKeyId + secretAccessKey",
            {
                "provider": {"accessKeyId": "${K}", "secretAccessKey": "${S}"},
                "environ": {"K": "k", "S": "s", **BEARER},
            },
        ),
        (
            "config: profile",
            {
                "provider": {"profile": "x"},
                "environ": {**BEARER, **PAIR},
                "credentials": STATIC.format(name="x"),
            },
        ),
        ("env: AWS_BEDROCK_SKIP_AUTH", {"environ": {**BEARER, "AWS_BEDROCK_SKIP_AUTH": "1"}}),
    ],
)
def test_the_first_source_of_the_order_is_used(detected, source, asked):
    status = detected(**asked)
    assert (status.state, status.source) == ("usable", source)


@pytest.mark.parametrize(
    "marker", ["AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "<authenticated>"]
)
def test_the_name_of_a_variable_in_an_older_configuration_is_not_a_token(detected, marker):
    status = detected({"AWS_PROFILE": "x", **PAIR}, provider={"apiKey": marker})
    assert status.source == "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AWS_BEARER_TOKEN_BEDROCK": "  "},
        {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"},
        {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": " "},
        {"AWS_SECRET_ACCESS_KEY": "c2VjcmV0", "AWS_SESSION_TOKEN": "t"},
        {"AWS_PROFILE": ""},
    ],
)
def test_blank_variables_and_half_a_pair_are_no_credentials(detected, environ):
    status = detected(environ)
    assert (status.state, status.source) == ("unknown", "aws-sdk default chain")
    assert "probe" in status.reason


def test_half_a_pair_in_the_configuration_is_named(detected):
    with pytest.raises(ConfigError, match=r"models\.providers\.amazon-bedrock\.secretAccessKey"):
        detected(provider={"accessKeyId": "AKIDEXAMPLE"})


def test_without_metadata_service_nothing_is_left(detected):
    status = detected({"AWS_EC2_METADATA_DISABLED": "true"})
    assert status.state == "unusable"
    assert "AWS_BEARER_TOKEN_BEDROCK" in status.hint


def test_on_ec2_the_role_of_the_instance_is_expected(detected, tmp_path):
    vendor = tmp_path / "sys/class/dmi/id/sys_vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("Amazon EC2\n")
    status = detected()
    assert (status.state, status.source) == ("usable", "EC2 instance metadata")
    assert detected({"AWS_EC2_METADATA_DISABLED": "true"}).state == "unusable"


def test_a_profile_that_is_nowhere_is_named_with_those_that_are(detected):
    status = detected({"AWS_PROFILE": "wrok"}, credentials=STATIC.format(name="work"))
    assert status.state == "unusable"
    assert "wrok" in status.reason
    assert "work" in status.hint


def test_an_sso_session_counts_until_it_expires(detected, sso_token):
    never = detected({"AWS_PROFILE": "old"}, files=SSO)
    sso_token("https://corp.example/start", -5)
    expired = detected({"AWS_PROFILE": "old"}, files=SSO)
    sso_token("https://corp.example/start", 60)
    good = detected({"AWS_PROFILE": "old"}, files=SSO)
    assert [s.state for s in (never, expired, good)] == ["unusable", "unusable", "usable"]
    assert "expired" in expired.reason
    assert expired.hint == "Run `aws sso login --profile old`."
    assert good.expires_at > datetime.now(UTC)
    assert good.details["method"] == "sso"


def test_an_sso_session_that_can_be_renewed_does_not_expire(detected, sso_token):
    renewal = {"refreshToken": "r", "clientId": "c", "clientSecret": "s"}
    sso_token("corp", -5, **renewal, registrationExpiresAt="2999-01-01T00:00:00Z")
    assert detected({"AWS_PROFILE": "sso"}, files=SSO).state == "usable"
    sso_token("corp", -5, **renewal, registrationExpiresAt="2001-01-01T00:00:00Z")
    assert detected({"AWS_PROFILE": "sso"}, files=SSO).state == "unusable"


@pytest.mark.parametrize(
    ("files", "state", "said"),
    [
        ("role_arn = {role}\nsource_profile = base", "usable", "assumed role via static keys"),
        ("role_arn = {role}\nsource_profile = gone", "unusable", "gone, which does not exist"),
        ("role_arn = {role}", "unusable", "neither source_profile nor credential_source"),
        (
            "role_arn = {role}\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me",
            "unusable",
            "MFA",
        ),
        ("role_arn = {role}\nsource_profile = loop", "unusable", "me -> loop -> me"),
        ("role_arn = {role}\ncredential_source = Environment", "unusable", "environment"),
        ("role_arn = {role}\ncredential_source = Ec2InstanceMetadata", "unknown", "probe"),
        ("role_arn = {role}\ncredential_source = Moon", "unusable", "Moon, which does not exist"),
        ("credential_process = /bin/keys", "usable", "credential_process"),
        ("aws_access_key_id = AKIDEXAMPLE", "unusable", "no aws_secret_access_key"),
        ("sso_session = gone\nsso_account_id = 1", "unusable", "sso-session gone"),
        ("sso_account_id = 1", "unusable", "does not set sso_role_name"),
    ],
)
def test_a_profile_is_understood_as_botocore_would(detected, files, state, said):
    loop = f"[profile loop]\nrole_arn = {ROLE}\nsource_profile = me\n"
    text = f"[profile me]\n{files.format(role=ROLE)}\n{loop}"
    status = detected({"AWS_PROFILE": "me"}, files=text, credentials=STATIC.format(name="base"))
    assert status.state == state
    assert said in f"{status.reason} {status.details['method']}"


def test_a_web_identity_needs_its_token_and_a_role(detected, tmp_path):
    token = tmp_path / "token"
    environ = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": ROLE}
    assert detected(environ).state == "unusable"
    token.write_text("jwt")
    status = detected(environ)
    assert (status.state, status.source) == ("usable", "env: AWS_WEB_IDENTITY_TOKEN_FILE")
    assert status.details["role"] == ROLE
    assert detected({"AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}).state == "unusable"


@pytest.mark.parametrize("kind", ["RELATIVE", "FULL"])
def test_a_container_has_credentials_by_its_variables(detected, kind):
    variable = f"AWS_CONTAINER_CREDENTIALS_{kind}_URI"
    status = detected({variable: "/v2/credentials"})
    assert (status.state, status.source) == ("usable", f"env: {variable}")


def test_keys_with_an_end_expire(detected):
    expired = detected({**PAIR, "AWS_CREDENTIAL_EXPIRATION": "2001-01-01T00:00:00Z"})
    assert expired.state == "unusable"
    later = detected({**PAIR, "AWS_CREDENTIAL_EXPIRATION": "2999-01-01T00:00:00Z"})
    assert later.expires_at.year == 2999


def test_a_broken_file_is_named_by_its_line_and_never_quoted(detected):
    status = detected(credentials="[default]\naws_secret_access_key c2VjcmV0\n")
    assert status.state == "unusable"
    assert "line 2" in status.reason
    assert "c2VjcmV0" not in status.reason


def test_the_identity_tells_accounts_apart_without_telling_a_secret(detected):
    one = detected(PAIR)
    other = detected({**PAIR, "AWS_ACCESS_KEY_ID": "AKIDOTHER"})
    assert one.identity != other.identity
    assert "AKID" not in one.identity
    assert "YmVhcmVy" not in repr(detected(BEARER))


def test_the_region_is_reported_with_its_source(detected):
    details = detected({**PAIR, "AWS_REGION": "eu-west-1"}).details
    assert (details["region"], details["regionSource"]) == ("eu-west-1", "env: AWS_REGION")


def test_the_environment_of_the_configuration_counts_and_not_the_processs(configure, monkeypatch):
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "processtoken")
    config = configure({"MINE": "AKIDEXAMPLE"}, env={"vars": PAIR})
    status = detect(config.provider("amazon-bedrock"), config)
    assert status.source == "env: AWS_ACCESS_KEY_ID + AWS_SECRET_ACCESS_KEY"


def test_detection_imports_no_sdk_and_no_http_library():
    program = """
import sys
from modelwire.config import Config
from modelwire_bedrock import plugin
config = Config.empty({"AWS_PROFILE": "x", "HOME": "/nowhere"})
provider = config.provider("amazon-bedrock")
before = {name.partition(".")[0] for name in sys.modules}
assert not before & {"boto3", "botocore", "aiohttp", "msgspec", "asyncio"}, before
plugin.detect_credentials(provider, config, False, 1.0)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert not set(done.stdout.split()) & {"boto3", "botocore", "aiohttp", "msgspec", "asyncio"}


def test_the_plugin_is_found_by_its_entry_points():
    from modelwire.registry import Registry

    registry = Registry(Config.empty({}))
    assert registry.canonical("bedrock") == registry.canonical("AWS-Bedrock") == "amazon-bedrock"
    owner = registry.owner("amazon-bedrock")
    assert owner.distribution == "modelwire-bedrock"
    hooks = ("detect_credentials", "discover_models", "stream_completion")
    assert all(owner.implements(hook) for hook in hooks)
    assert registry.owner("mine", "bedrock-converse-stream").distribution == "modelwire-bedrock"
