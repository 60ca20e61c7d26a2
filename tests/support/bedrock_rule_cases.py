"""Requests that break a rule of Bedrock each, and requests that break none."""

import base64
import struct

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "us.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-lite-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
OLD_LLAMA = "us.meta.llama3-1-8b-instruct-v1:0"
MISTRAL = "mistral.mistral-large-3-675b-instruct"
PIXTRAL = "us.mistral.pixtral-large-2502-v1:0"
QWEN = "qwen.qwen3-32b-v1:0"
OPUS_5_5 = "us.anthropic.claude-opus-5-5"
SONNET_5_5 = "us.anthropic.claude-sonnet-5-5"
SONNET_3_7 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
GPT_6 = "us.openai.gpt-6-sol"
WRITER = "us.writer.palmyra-x5-v1:0"
TITAN = "amazon.titan-text-express-v1"
R1 = "us.deepseek.r1-v1:0"

IMAGE = {"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}}
PDF = {"document": {"format": "pdf", "name": "Report", "source": {"bytes": "aGVsbG8="}}}
TEXT_FILE = {"document": {"format": "txt", "name": "Notes", "source": {"bytes": "aGVsbG8="}}}
S3_FILE = {
    "document": {"format": "pdf", "name": "R", "source": {"s3Location": {"uri": "s3://a-bucket/a"}}}
}
S3_IMAGE = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a-bucket/a.png"}}}}
VIDEO = {"video": {"format": "mp4", "source": {"bytes": "aGVsbG8="}}}
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
THINK = {"thinking": {"type": "enabled", "budget_tokens": 2048}}


def text(said="Hello"):
    return {"text": said}


def user(*blocks):
    return {"role": "user", "content": list(blocks or (text(),))}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks or (text("Hi"),))}


def call(id_="call_1", **arguments):
    return {"toolUse": {"toolUseId": id_, "name": "look", "input": arguments}}


def result(*content, id_="call_1", **more):
    return {"toolResult": {"toolUseId": id_, "content": list(content or (text("ok"),)), **more}}


def tool(name="look", schema=None):
    return {"toolSpec": {"name": name, "inputSchema": {"json": schema or {"type": "object"}}}}


def thought(words="hm", **more):
    return {"reasoningContent": {"reasoningText": {"text": words, **more}}}


def body(*messages, tools=None, choice=None, **members):
    request = {"messages": list(messages or (user(),)), **members}
    if tools is not None:
        request["toolConfig"] = {"tools": tools}
    if choice is not None:
        request["toolConfig"]["toolChoice"] = choice
    return request


TURN = (user(), assistant(call()))
LONG_TURN = (user(), assistant(call("call_12345")))
LONG_RESULT = result(id_="call_12345")
WITH = {"tools": [tool()]}


def strict(count, *, required=False):
    """A strict tool with as many parameters: optional, or required and of two types each."""
    names = [f"p{n}" for n in range(count)]
    kind = {"type": ["string", "null"]} if required else {"type": "string"}
    schema = {
        "type": "object",
        "properties": dict.fromkeys(names, kind),
        "required": names if required else [],
        "additionalProperties": False,
    }
    made = tool(f"look{count}", schema=schema)
    made["toolSpec"]["strict"] = True
    return made


STRICT_SCHEMA = {
    "type": "object",
    "properties": {f"p{n}": {"type": ["string", "null"]} for n in range(30)},
}


def fields(**members):
    return {"additionalModelRequestFields": members}


def thinking(kind, **more):
    return fields(thinking={"type": kind}, **more)


def effort(value, **more):
    return fields(output_config={"effort": value}, **more)


def png(width, height, size=0):
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)
    data = base64.b64encode(header + bytes(size)).decode()
    return {"image": {"format": "png", "source": {"bytes": data}}}


SCHEMA = {"type": "json_schema", "structure": {"jsonSchema": {"name": "a", "schema": "{}"}}}
FORMAT = {"outputConfig": {"textFormat": SCHEMA}}
STRICT = {"toolSpec": {**tool()["toolSpec"], "strict": True}}
ANY_OF = {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
ANY, NAMED = {"any": {}}, {"tool": {"name": "look"}}
LONG = text("word " * 200_000)

BREACHES = [
    ("the model exists", "us.anthropic.claude-nonesuch-v1:0", body()),
    ("it can be called on demand", "anthropic.claude-sonnet-4-5-20250929-v1:0", body()),
    ("it answers with text", "amazon.titan-embed-text-v2:0", body()),
    ("it can stream", "amazon.rerank-v1:0", body()),
    ("a message is not empty", NOVA, body({"role": "user", "content": []})),
    ("text is not empty", NOVA, body(user(text(), text("")))),
    ("a message is not all white space", NOVA, body(user(text(" \n")))),
    ("text of a tool result is not empty", CLAUDE, body(*TURN, user(result(text(""))), **WITH)),
    (
        "arguments are an object",
        CLAUDE,
        body(
            user(),
            assistant({"toolUse": {"toolUseId": "call_1", "name": "look", "input": [1]}}),
            user(result()),
            **WITH,
        ),
    ),
    ("a JSON result is an object", CLAUDE, body(*TURN, user(result({"json": [1]})), **WITH)),
    (
        "a document's name is harmless",
        CLAUDE,
        body(user(text(), {"document": {**PDF["document"], "name": "report.pdf"}})),
    ),
    ("a document has text beside it", CLAUDE, body(user(PDF))),
    ("the user begins", NOVA, body(assistant(), user())),
    ("the user has the last word", OPUS, body(user(), assistant())),
    ("no system prompt", TITAN, body(system=[text("Be brief.")])),
    ("only the assistant thinks", CLAUDE, body(user(thought(signature="c2ln")))),
    ("no tools", TITAN, body(**WITH)),
    ("no tools while streaming", OLD_LLAMA, body(**WITH)),
    ("tool blocks come with toolConfig", CLAUDE, body(*TURN, user(result()))),
    (
        "no more results than calls",
        CLAUDE,
        body(*TURN, user(result(), result(id_="call_2")), **WITH),
    ),
    ("every call has its result", CLAUDE, body(*TURN, user(), **WITH)),
    (
        "ids of calls are nine letters or digits",
        MISTRAL,
        body(*LONG_TURN, user(LONG_RESULT), **WITH),
    ),
    (
        "ids of calls differ",
        CLAUDE,
        body(user(), assistant(call(), call()), user(result(), result()), **WITH),
    ),
    ("a schema is an object's", CLAUDE, body(tools=[tool(schema={"type": "string"})])),
    ("the forced tool exists", CLAUDE, body(**WITH, choice={"tool": {"name": "other"}})),
    ("names of tools differ", CLAUDE, body(tools=[tool(), tool()])),
    ("toolChoice is not `any`", LLAMA, body(**WITH, choice={"any": {}})),
    ("toolChoice does not name a tool", MISTRAL, body(**WITH, choice={"tool": {"name": "look"}})),
    (
        "a message with tool results has nothing else",
        PIXTRAL,
        body(*LONG_TURN, user(LONG_RESULT, text()), **WITH),
    ),
    ("results have no status", WRITER, body(*TURN, user(result(status="success")), **WITH)),
    ("video goes to models that see it", CLAUDE, body(user(text(), VIDEO))),
    ("images and sounds go to models that take them", R1, body(user(text(), IMAGE))),
    ("images and documents come as bytes", CLAUDE, body(user(text(), S3_IMAGE))),
    ("Nova's results hold text documents at most", NOVA, body(*TURN, user(result(PDF)), **WITH)),
    (
        "no image in a result",
        PIXTRAL,
        body(*LONG_TURN, user(result(IMAGE, id_="call_12345")), **WITH),
    ),
    ("no document in a result", QWEN, body(*TURN, user(result(TEXT_FILE)), **WITH)),
    ("no cache points", LLAMA, body(user(text(), POINT))),
    ("Nova caches no tools", NOVA, body(tools=[tool(), POINT])),
    ("Nova takes no ttl", NOVA, body(user(text(), HOUR))),
    ("at most four cache points", CLAUDE, body(user(*[text(), POINT] * 5))),
    ("an hour comes before five minutes", CLAUDE, body(user(text(), POINT, text(), HOUR))),
    ("no sampling settings", OPUS, body(inferenceConfig={"temperature": 0.5})),
    ("one of temperature and topP", CLAUDE, body(inferenceConfig={"temperature": 1, "topP": 0.5})),
    ("stop sequences are not blank", CLAUDE, body(inferenceConfig={"stopSequences": ["\n"]})),
    (
        "a thinking budget of 1,024 at least",
        CLAUDE,
        body(additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 1000}}),
    ),
    (
        "the budget is below maxTokens",
        CLAUDE,
        body(additionalModelRequestFields=THINK, inferenceConfig={"maxTokens": 2048}),
    ),
    (
        "temperature is 1 while thinking",
        CLAUDE,
        body(additionalModelRequestFields=THINK, inferenceConfig={"temperature": 0}),
    ),
    (
        "no forced tool while thinking",
        CLAUDE,
        body(additionalModelRequestFields=THINK, **WITH, choice={"any": {}}),
    ),
    ("thinking is not sent back", R1, body(user(), assistant(thought(), text()), user())),
    ("thinking is signed", CLAUDE, body(user(), assistant(thought(), text()), user())),
    (
        "the signature is genuine",
        CLAUDE,
        body(user(), assistant(thought(signature="reasoning_content"), text()), user()),
    ),
    ("a schema has no alternatives at its top", CLAUDE, body(tools=[tool(schema=ANY_OF)])),
    (
        "a tool is chosen once",
        CLAUDE,
        body(**WITH, choice={"auto": {}}, **fields(tool_choice={"type": "none"})),
    ),
    ("a tool can be forced", OPUS_5_5, body(**WITH, choice=ANY)),
    ("strict schemas have few unions", CLAUDE, body(tools=[strict(17, required=True)])),
    ("strict schemas have few optional parameters", CLAUDE, body(tools=[strict(25)])),
    ("an image has 5 MiB at most", CLAUDE, body(user(text(), png(9, 9, 6_000_000)))),
    ("edges of images are not too long", CLAUDE, body(user(text(), png(9000, 100)))),
    ("there are not too many images", SONNET_3_7, body(user(text(), *[png(9, 9)] * 21))),
    ("nothing is kept for an hour", SONNET_3_7, body(user(text(), HOUR))),
    ("the model can answer that much", NOVA, body(inferenceConfig={"maxTokens": 10_001})),
    ("the input fits into the context window", QWEN, body(user(LONG))),
    (
        "input and answer fit into the context window",
        SONNET_3_7,
        body(user(text("word " * 100_000)), inferenceConfig={"maxTokens": 100_000}),
    ),
    ("outputConfig is accepted", NOVA, body(**FORMAT)),
    ("outputConfig is accepted by all reports", OPUS, body(**FORMAT)),
    ("strict tools are accepted", OPUS_5_5, body(tools=[STRICT])),
    ("the type of thinking is accepted", OPUS, body(**fields(**THINK))),
    ("the effort is accepted", CLAUDE, body(**effort("low"))),
    ("the effort is one of the model's", GPT_OSS, body(**fields(reasoning_effort="none"))),
    ("fields are known to the model", GPT_6, body(**fields(reasoning_effort="low"))),
]

# What each release of a model says to one thing: accepted, or the words of the refusal.
CLAIMS = [
    ("us.anthropic.claude-opus-4-7", body(**thinking("enabled")), '"thinking.type.adaptive"'),
    ("us.anthropic.claude-opus-4-7", body(**thinking("adaptive")), None),
    (CLAUDE, body(**thinking("adaptive")), "adaptive thinking is not supported"),
    ("us.anthropic.claude-sonnet-5", body(**thinking("disabled")), None),
    ("us.anthropic.claude-opus-5", body(**thinking("disabled")), None),
    ("us.anthropic.claude-haiku-5-5", body(**thinking("disabled")), None),
    (OPUS_5_5, body(**thinking("disabled")), '"thinking.type.disabled"'),
    (SONNET_5_5, body(**thinking("disabled")), "between_tools"),
    (SONNET_5_5, body(**thinking("between_tools")), None),
    (OPUS_5_5, body(**thinking("between_tools")), '"thinking.type.between_tools"'),
    ("us.anthropic.claude-opus-5", body(**effort("max", thinking={"type": "disabled"})), "max"),
    ("us.anthropic.claude-opus-5", body(**effort("high", thinking={"type": "disabled"})), None),
    ("us.anthropic.claude-sonnet-4-6", body(**effort("xhigh")), "Supported levels: low, medium"),
    ("us.anthropic.claude-opus-4-5-20251101-v1:0", body(**effort("high")), None),
    ("us.anthropic.claude-opus-4-8", body(**WITH, choice=ANY, **thinking("adaptive")), None),
    ("us.anthropic.claude-opus-4-7", body(**WITH, choice=ANY, **thinking("adaptive")), "forces"),
    ("us.anthropic.claude-opus-5", body(**WITH, choice=NAMED, **thinking("adaptive")), None),
    ("us.anthropic.claude-fable-5", body(**WITH, choice=NAMED), None),
    ("us.anthropic.claude-fable-5-1", body(**WITH, choice=NAMED), '"tool" and "any"'),
    (SONNET_5_5, body(**WITH, choice=NAMED), '"tool" and "any"'),
    (OPUS_5_5, body(inferenceConfig={"topP": 0.5}), "`top_p` is deprecated"),
    (OPUS_5_5, body(**fields(top_k=5)), "`top_k` is deprecated"),
    (GPT_6, body(inferenceConfig={"temperature": 0.5}), "doesn't support the temperature field"),
    (GPT_6, body(**fields(reasoning={"effort": "none"})), None),
    ("us.openai.gpt-6-astra", body(**fields(reasoning={"effort": "none"})), "Invalid value"),
    ("us.xai.grok-4.6", body(inferenceConfig={"topP": 0.5}), "doesn't support the topP field"),
    ("us.xai.grok-4.6", body(user(text(), POINT)), "did not allow prompt caching"),
    ("deepseek.v3.2", body(**WITH, choice=ANY, **fields(reasoning_effort="high")), "toolChoice"),
    (CLAUDE, body(tools=[strict(16, required=True)]), None),
    (CLAUDE, body(tools=[strict(24)]), None),
    (CLAUDE, body(tools=[strict(15, required=True), strict(24)]), None),
    (CLAUDE, body(tools=[tool(schema=STRICT_SCHEMA)]), None),
    (CLAUDE, body(**WITH, **fields(tool_choice={"type": "none"})), None),
    ("deepseek.v3.2", body(**WITH, choice=ANY, **fields(reasoning_effort="none")), None),
    (NOVA, body(user(), assistant(thought(), text()), user()), "cannot contain reasoning content"),
    (CLAUDE, body(tools=[tool(schema={"type": ["object", "null"]})]), "following: object"),
    (CLAUDE, body(tools=[tool(schema={"type": "array"})]), "following: object"),
    (CLAUDE, body(tools=[tool(schema={"properties": {}})]), "following: object"),
    (CLAUDE, body(**FORMAT), None),
    (CLAUDE, body(tools=[STRICT]), None),
    (CLAUDE, body(user(text(), *[png(2500, 9)] * 21)), "many-image requests: 2000 pixels"),
    (CLAUDE, body(user(text(), *[png(2500, 9)] * 20)), None),
    (CLAUDE, body(*TURN, user(result(S3_FILE)), **WITH), None),
    (CLAUDE, body(user(text(), S3_FILE)), "document.source.type: Field required"),
    ("us.anthropic.claude-opus-4-6-v1:0", body(), "model identifier is invalid"),
    ("apac.anthropic.claude-sonnet-4-5-20250929-v1:0", body(), "model identifier is invalid"),
]

LEGAL = {
    "an id of nine letters or digits of Mistral's": (
        MISTRAL,
        body(user(), assistant(call("call12345")), user(result(id_="call12345")), **WITH),
    ),
    "Pixtral takes longer ids": (PIXTRAL, body(*LONG_TURN, user(LONG_RESULT), **WITH)),
    "Claude may begin": (CLAUDE, body(assistant(), user())),
    "Claude continues its own words": (CLAUDE, body(user(), assistant())),
    "turns of one role follow each other": (NOVA, body(user(), user())),
    "results in several messages of one turn": (
        CLAUDE,
        body(
            user(),
            assistant(call("a"), call("b")),
            user(result(id_="a")),
            user(result(id_="b")),
            **WITH,
        ),
    ),
    "a bare line break beside other text": (CLAUDE, body(user(text(), text("\n")))),
    "four cache points": (CLAUDE, body(user(*[text(), POINT] * 4))),
    "an hour before five minutes": (CLAUDE, body(user(text(), HOUR, text(), POINT))),
    "Nova caches the system prompt": (NOVA, body(system=[text(), POINT])),
    "Nova sees text documents in results": (NOVA, body(*TURN, user(result(TEXT_FILE)), **WITH)),
    "an underscore in a document's name": (
        CLAUDE,
        body(user(text(), {"document": {**PDF["document"], "name": "a_report"}})),
    ),
    "a temperature": (CLAUDE, body(inferenceConfig={"temperature": 0})),
    "thinking with a budget": (CLAUDE, body(additionalModelRequestFields=THINK)),
    "a foundation model on demand": (QWEN, body()),
    "an application profile": (
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3d4e5f6",
        body(),
    ),
}
