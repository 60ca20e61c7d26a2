"""From a context to the request that Amazon Bedrock accepts, and what had to change on the way."""

from modelwire.repair import Change
from modelwire_bedrock.requests.building import build_request
from modelwire_bedrock.requests.request import ConverseRequest

__all__ = ["Change", "ConverseRequest", "build_request"]
