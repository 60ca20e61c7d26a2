"""A template never repeats what differs from request to request, whatever a later botocore adds.

Later versions are played by handlers of botocore's own events, which add header fields as it would.
"""

import hashlib
import itertools
import json
import time
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

import boto3
import pytest
from attrs import evolve
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config as BotoConfig
from botocore.credentials import Credentials
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from modelwire.config import Config, ProviderConfig
from modelwire_bedrock.aws import request_template
from modelwire_bedrock.aws.clients import _carry_token
from modelwire_bedrock.aws.credentials.choice import CredentialChoice
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.aws.signing import sign

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a/token==")
URL = "http://127.0.0.1:9"
MODEL = "us.amazon.nova-micro-v1:0"
TARGET = resolve_target(
    None, None, ProviderConfig(id="amazon-bedrock"), Config.empty({"HOME": "/none"})
)


SESSION = boto3.Session()


def a_client():
    return SESSION.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        endpoint_url=URL,
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.token,
        config=BotoConfig(retries={"total_max_attempts": 1}),
    )


def an_unsigned_client():
    return SESSION.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        endpoint_url=URL,
        config=BotoConfig(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )


def params(text="hello"):
    return {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": text}]}]}


def signature_of(request):
    """The signature as botocore's own signer makes it for what the request says."""
    fields = {name.lower(): value for name, value in request.headers.items()}
    named = fields["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    kept = {name: value for name, value in fields.items() if name in named}
    again = AWSRequest(request.method, request.url, headers=kept, data=request.body)
    again.headers["host"] = urlsplit(request.url).netloc
    again.context["timestamp"] = fields["x-amz-date"]
    signer = SigV4Auth(KEYS, "bedrock", "eu-west-1")
    canonical = signer.canonical_request(again)
    return signer.signature(signer.string_to_sign(again, canonical), again)


def is_signed(request):
    return request.headers["Authorization"].endswith(f"Signature={signature_of(request)}")


class LaterBotocore:
    """Adds a header field to each request of a client, before or after it is signed."""

    def __init__(self, client, name, value_of, *, signed=True):
        self.name, self.value_of = name, value_of
        self.made = 0
        event = "before-sign" if signed else "before-send"
        client.meta.events.register_first(event, self.add)

    def add(self, request, **_):
        self.made += 1
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        if self.name in request.headers:
            del request.headers[self.name]
        request.headers[self.name] = self.value_of(self.made, body)


FIELDS = {
    "a constant": lambda _made, _body: "steady",
    "a count": lambda made, _body: str(made),
    "a checksum": lambda _made, body: hashlib.sha256(body).hexdigest(),
    "a time": lambda _made, _body: time.strftime("%H:%M:%S"),
}
NEW = st.one_of(
    st.tuples(
        st.sampled_from(["X-Amz-New", "X-Amz-Checksum-Sha256", "amz-sdk-new"]), st.booleans()
    ),
    # botocore signs the one and writes the other after it has signed.
    st.sampled_from([("Content-Type", True), ("User-Agent", False)]),
)
"""A field, and whether it is added before the request is signed."""
EXACT = {
    "a checksum": lambda request: hashlib.sha256(request.body).hexdigest(),
    "a constant": lambda _request: "steady",
}


@settings(deadline=None, max_examples=25)
@given(
    new=NEW,
    kind=st.sampled_from(sorted(EXACT)),
    texts=st.lists(st.sampled_from(["one", "two", "three", "x" * 500]), min_size=2, max_size=8),
)
def test_a_field_is_right_in_every_request(new, kind, texts):
    client, (name, signed) = a_client(), new
    # What is steady by its name has no checksum in it.
    assume(kind == "a constant" or name not in ("Content-Type", "User-Agent"))
    LaterBotocore(client, name, FIELDS[kind], signed=signed)
    for text in texts:
        request = sign(client, "converse", params(text), TARGET)
        assert request.headers[name] == EXACT[kind](request)
        assert text.encode() in request.body
        assert is_signed(request)


@settings(deadline=None, max_examples=25)
@given(
    new=NEW,
    texts=st.lists(st.sampled_from(["one", "two"]), min_size=2, max_size=8),
)
def test_a_field_that_differs_in_the_next_request_is_never_repeated(new, texts):
    client, (name, signed) = a_client(), new
    LaterBotocore(client, name, FIELDS["a count"], signed=signed)
    requests = [sign(client, "converse", params(text), TARGET) for text in texts]
    values = [request.headers[name] for request in requests]
    assert values == [str(number + 1) for number in range(len(texts))]
    assert all(map(is_signed, requests))


@settings(deadline=None, max_examples=25)
@given(turns=st.lists(st.booleans(), min_size=2, max_size=8), signed=st.booleans())
def test_a_field_that_comes_and_goes_is_there_when_it_is(turns, signed):
    client = a_client()
    left = iter([*turns])

    def add(request, **_):
        if next(left):
            request.headers["X-Amz-New"] = "here"

    client.meta.events.register_first("before-sign" if signed else "before-send", add)
    for due in turns:
        request = sign(client, "converse", params(), TARGET)
        if request.headers.get("X-Amz-New") != ("here" if due else None):
            # Only where two requests in a row had shown nothing of it.
            assert turns[:2] == [False, False]


def two_seconds_later():
    now = int(time.time())
    while int(time.time()) < now + 2:
        time.sleep(0.05)


def signed_at(request):
    date = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%S%z")
    return int(date.timestamp())


class WrittenEarly:
    """The time of each second request is the one in which the first was signed."""

    def __init__(self):
        self.value = "unset"

    def __call__(self, made, _body):
        if made % 2:
            self.value = f"time {made}"
        return self.value


def test_a_time_from_the_second_before_is_not_taken_for_a_constant():
    """Requests that are signed in seconds next to each other may hold the same time."""
    apart = ""
    while apart != "one second":  # a busy machine may take longer between the two
        client = a_client()
        LaterBotocore(client, "X-Amz-New", WrittenEarly())
        first = sign(client, "converse", params("one"), TARGET)
        signed = signed_at(first)
        while int(time.time()) == signed:
            time.sleep(0.01)
        again = sign(client, "converse", params("two"), TARGET)
        apart = "one second" if signed_at(again) == signed + 1 else "longer"
    third = sign(client, "converse", params("three"), TARGET)
    assert first.headers["X-Amz-New"] == again.headers["X-Amz-New"]
    assert third.headers["X-Amz-New"] == "time 3"


def test_a_time_is_not_repeated_in_another_second():
    client = a_client()
    LaterBotocore(client, "X-Amz-New", FIELDS["a time"])
    for text in ("one", "two", "three"):
        request = sign(client, "converse", params(text), TARGET)
        assert is_signed(request)
        two_seconds_later()
        later = sign(client, "converse", params(text), TARGET)
        assert later.headers["X-Amz-New"] != request.headers["X-Amz-New"]


@pytest.fixture
def filled(monkeypatch):
    """Counts the requests that were made from a template."""
    counted = itertools.count()
    fill = request_template.RequestTemplate.fill

    def counting(self, *given):
        next(counted)
        return fill(self, *given)

    monkeypatch.setattr(request_template.RequestTemplate, "fill", counting)
    return lambda: next(counted)


def test_with_the_installed_botocore_templates_are_used(filled):
    """If this fails, a newer botocore sends fields that are not known to be steady.

    All requests are right then, and take a fraction of a millisecond longer.
    """
    client = a_client()
    for number in range(10):
        assert is_signed(sign(client, "converse_stream", params(str(number)), TARGET))
    assert filled() == 8


@pytest.mark.parametrize("token", ["one-token", None])
def test_requests_with_a_bearer_token_or_none_have_templates(filled, token):
    client, target = an_unsigned_client(), TARGET
    if token is not None:
        target = evolve(TARGET, choice=CredentialChoice("bearer", "test", bearer_token=token))
        client.meta.events.register("before-sign", partial(_carry_token, token))
    for text in ("one", "two", "three", "four"):
        request = sign(client, "converse", params(text), target)
        assert request.headers.get("Authorization") == (token and f"Bearer {token}")
        assert json.loads(request.body)["messages"][0]["content"] == [{"text": text}]
        assert "X-Amz-Date" not in request.headers
    assert filled() == 2


def test_a_token_that_changes_is_never_repeated(filled):
    client, tokens = an_unsigned_client(), itertools.count()

    def carry(request, **_):
        request.headers["Authorization"] = f"Bearer {next(tokens)}"

    client.meta.events.register("before-sign", carry)
    requests = [sign(client, "converse", params(), TARGET) for _ in range(4)]
    assert [r.headers["Authorization"] for r in requests] == [f"Bearer {n}" for n in range(4)]
    assert filled() == 0


def test_fields_of_the_caller_are_steady(filled):
    client = a_client()
    for _ in range(5):
        assert is_signed(sign(client, "converse", params(), TARGET, {"X-Own": "1"}))
    assert filled() == 3


def test_a_steady_field_that_is_not_known_is_used_in_the_end(filled):
    client = a_client()
    LaterBotocore(client, "X-Amz-New", FIELDS["a constant"])
    for _ in range(3):
        sign(client, "converse", params("one"), TARGET)
    sign(client, "converse", params("two"), TARGET)
    two_seconds_later()
    sign(client, "converse", params("one"), TARGET)
    before = filled()
    assert is_signed(sign(client, "converse", params("one"), TARGET))
    assert filled() == before + 2
