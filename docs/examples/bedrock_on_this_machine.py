"""A local model behind the wire of Amazon Bedrock, spoken to with boto3.

    python docs/examples/bedrock_on_this_machine.py "What is the capital of France?"

No AWS account is needed: the emulator listens on loopback, checks boto3's signature, and lets the
embedded model answer.
"""

import sys

import boto3

from modelwire_bedrock.emulator import Emulator
from modelwire_bedrock.emulator.local_model import LocalModel

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def main() -> None:
    """Ask, and print the answer as it comes."""
    prompt = sys.argv[1] if len(sys.argv) > 1 else "What is the capital of France?"
    local = LocalModel("local/smollm2-135m-instruct")
    with Emulator(model=local, require_auth=True) as emulator:
        client = boto3.client("bedrock-runtime", **emulator.client_options())
        message = {"role": "user", "content": [{"text": prompt}]}
        answer = client.converse_stream(modelId=MODEL, messages=[message])
        for event in answer["stream"]:
            if "contentBlockDelta" in event:
                sys.stdout.write(event["contentBlockDelta"]["delta"]["text"])
                sys.stdout.flush()
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
