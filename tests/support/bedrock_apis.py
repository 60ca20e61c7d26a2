"""Requests to the OpenAI-shaped and Anthropic-shaped APIs, signed by botocore or with a bearer."""

import json

import urllib3
from attrs import frozen
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from modelwire_bedrock.emulator import BEARER_TOKEN, CREDENTIALS

PAIR = Credentials(CREDENTIALS.access_key_id, CREDENTIALS.secret_access_key)
CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
RESPONSES = {"input": "Hello"}
MESSAGES = {"max_tokens": 200, "messages": [{"role": "user", "content": "Hello"}]}


@frozen
class Place:
    """One API at one endpoint, with a model that it has and the least body that it takes."""

    endpoint: str
    path: str
    model: str
    body: dict

    @property
    def service(self):
        return "bedrock" if self.endpoint == "runtime" else "bedrock-mantle"

    def url(self, emulator):
        return (emulator.url if self.endpoint == "runtime" else emulator.mantle_url) + self.path

    def request(self, **changes):
        return {"model": self.model, **self.body, **changes}


PLACES = {
    "chat": Place("runtime", "/openai/v1/chat/completions", "openai.gpt-oss-120b-1:0", CHAT),
    "responses": Place("runtime", "/openai/v1/responses", "us.openai.gpt-6-sol", RESPONSES),
    "messages": Place("runtime", "/anthropic/v1/messages", "us.anthropic.claude-opus-5", MESSAGES),
    "mantle-chat": Place("mantle", "/v1/chat/completions", "openai.gpt-oss-120b", CHAT),
    "mantle-responses": Place("mantle", "/openai/v1/responses", "openai.gpt-5.5", RESPONSES),
    "mantle-open": Place("mantle", "/v1/responses", "openai.gpt-oss-20b", RESPONSES),
    "mantle-messages": Place(
        "mantle", "/anthropic/v1/messages", "anthropic.claude-opus-5", MESSAGES
    ),
}
"""Every API that answers with text."""


def signed(url, data, service, *, method="POST", region="us-east-1", headers=()):
    """The header fields of a request that botocore signs."""
    fields = {"content-type": "application/json", **dict(headers)}
    request = AWSRequest(method, url, fields, data)
    SigV4Auth(PAIR, service, region).add_auth(request)
    return dict(request.headers)


def bearing(token=BEARER_TOKEN):
    return {"content-type": "application/json", "authorization": f"Bearer {token}"}


def call(emulator, place, body=None, *, headers=None, service=None, region="us-east-1", more=()):
    """Send a request to an API, signed where it has no `headers` of its own."""
    data = json.dumps(place.request() if body is None else body).encode()
    url = place.url(emulator)
    if headers is None:
        headers = signed(url, data, service or place.service, region=region, headers=more)
    return post(url, data, headers)


def post(url, data, headers, method="POST"):
    with urllib3.PoolManager() as pool:
        return pool.request(method, url, body=data, headers=headers, retries=False)


def sent_events(data):
    """The events of a stream: the field `event` and the data of each."""
    found = []
    for block in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields:
            text = fields["data"]
            found.append((fields.get("event"), text if text == "[DONE]" else json.loads(text)))
    return found
