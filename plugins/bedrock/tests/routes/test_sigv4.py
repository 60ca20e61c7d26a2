"""Signatures of Version 4 are those of botocore's own signer, whatever is signed."""

from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.transport import Request
from modelwire_bedrock.aws.sigv4 import sign_request

HOSTS = (
    "bedrock-runtime.us-east-1.amazonaws.com", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:443",
    "localhost:80",
)  # fmt: skip
NAMES = (
    "Content-Type", "content-type", "X-Amz-Security-Token", "X-Custom", "Accept-Encoding", "Host",
    "User-Agent", "traceparent", "Connection", "Authorization", "anthropic-version",
)  # fmt: skip
VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
PARTS = st.text(st.sampled_from("aZ09-._~ :/%+é"), max_size=8).map(lambda s: quote(s, safe="/:+"))
QUERIES = st.lists(
    st.tuples(st.sampled_from(["limit", "Limit", "after", ""]), PARTS), max_size=3
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


def of_botocore(request, credentials, service, region):
    """The field `Authorization` of botocore's signer, for the time at which a request was signed."""
    left_out = ("authorization", "accept-encoding")
    fields = {k: v for k, v in request.headers.items() if k.lower() not in left_out}
    prepared = AWSRequest(request.method, request.url, headers=fields, data=request.body)
    prepared.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(credentials, service, region)
    text = signer.string_to_sign(prepared, signer.canonical_request(prepared))
    signed = signer.signed_headers(signer.headers_to_sign(prepared))
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(prepared)}, SignedHeaders={signed}, "
        f"Signature={signer.signature(text, prepared)}"
    )


@settings(deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "post", "DELETE"]),
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(HOSTS),
    path=st.lists(PARTS, max_size=4).map("/".join),
    query=QUERIES,
    headers=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5),
    body=st.none() | st.binary(max_size=40),
    token=st.none() | st.just("a/session+token=="),
    service=st.sampled_from(["bedrock", "bedrock-mantle"]),
    region=st.sampled_from(["us-east-1", "eu-west-1"]),
    secret=st.sampled_from(["secret/of+the/tests", "another"]),
)
def test_a_signature_is_that_of_botocore(
    method, scheme, host, path, query, headers, body, token, service, region, secret
):
    url = f"{scheme}://{host}/{path}" + (f"?{query}" if query else "")
    credentials = Credentials("AKIATESTKEY000000001", secret, token)
    signed = sign_request(Request(method, url, headers, body), credentials, service, region)
    assert signed.headers["Authorization"] == of_botocore(signed, credentials, service, region)
    if token is not None:
        assert signed.headers["X-Amz-Security-Token"] == token
