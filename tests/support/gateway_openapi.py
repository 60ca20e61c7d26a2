"""An OpenAPI description of every address of the gateway: what a fuzzer makes requests of.

It says what the fields are in the APIs' own documentation, so that most requests get past the first check.
"""

from typing import Any

__all__ = ["description"]

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
_MODELS = (f"amazon-bedrock/{CLAUDE}", "amazon-bedrock/us.amazon.nova-lite-v1:0")
_IMAGE = "data:image/png;base64,iVBORw0KGgo="
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 1, "maximum": 100_000}
NUMBER = {"type": "number", "minimum": 0, "maximum": 1}
FLAG = {"type": "boolean"}
ANY: dict[str, Any] = {}


def one_of(*words):
    return {"type": "string", "enum": list(words)}


def listed(items, **more):
    return {"type": "array", "items": items, **more}


def fields(needed="", /, **properties):
    """An object with these fields, of which some are needed."""
    return {"type": "object", "properties": properties, "required": needed.split()}


def either(*schemas):
    return {"anyOf": list(schemas)}


def kind(of, needed="", /, **properties):
    """An object whose field `type` is one word."""
    return fields(f"type {needed}", type=one_of(of), **properties)


def conversation(user, message):
    """Messages of the user alone, or of anybody."""
    return either(listed(user, minItems=1, maxItems=2), listed(message, minItems=1, maxItems=4))


SCHEMA = either(
    fields(type=one_of("object"), properties={"type": "object"}, required=listed(TEXT)),
    {"enum": [{"$ref": "#"}, {"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}]},
)
MODEL = one_of(*_MODELS)


def chat():
    part = either(
        kind("text", "text", text=TEXT),
        kind(
            "image_url", "image_url", image_url=fields("url", url=one_of(_IMAGE, "https://a/b.png"))
        ),
        kind("file", "file", file=fields(file_data=TEXT, filename=TEXT, file_id=TEXT)),
        kind(
            "input_audio",
            "input_audio",
            input_audio=fields("data format", data=TEXT, format=one_of("wav", "mp3")),
        ),
    )
    call = either(
        kind(
            "function",
            "id function",
            id=TEXT,
            function=fields("name arguments", name=TEXT, arguments=TEXT),
        ),
        kind("custom", "id custom", id=TEXT, custom=fields("name input", name=TEXT, input=TEXT)),
    )
    user = fields(
        "role content", role=one_of("user"), content=either(TEXT, listed(part, minItems=1))
    )
    message = either(
        fields("role content", role=one_of("system", "developer"), content=either(TEXT, listed(part))),
        user,
        fields(
            "role", role=one_of("assistant"), content=either(TEXT, {"type": "null"}),
            tool_calls=listed(call), refusal=TEXT, reasoning_content=TEXT, reasoning_details=listed(ANY),
        ),
        fields("role content tool_call_id", role=one_of("tool"), content=TEXT, tool_call_id=TEXT),
    )  # fmt: skip
    tool = either(
        kind(
            "function",
            "function",
            function=fields("name", name=TEXT, description=TEXT, parameters=SCHEMA, strict=FLAG),
        ),
        kind("custom", "custom", custom=fields("name", name=TEXT, format=ANY)),
    )
    choice = either(
        one_of("auto", "none", "required"),
        kind("function", "function", function=fields("name", name=TEXT)),
        kind(
            "allowed_tools",
            "allowed_tools",
            allowed_tools=fields(mode=one_of("auto", "required"), tools=listed(ANY)),
        ),
    )
    return fields(
        "model messages",
        model=MODEL, messages=conversation(user, message), tools=listed(tool, maxItems=3), tool_choice=choice,
        response_format=either(
            kind("json_schema", "json_schema", json_schema=fields("name schema", name=TEXT, schema=SCHEMA)),
            kind("json_object"), kind("text"),
        ),
        stream=FLAG, stream_options=fields(include_usage=FLAG), max_tokens=COUNT, max_completion_tokens=COUNT,
        temperature=NUMBER, top_p=NUMBER, stop=either(TEXT, listed(TEXT)), n={"enum": [1]}, logprobs={"enum": [False]},
        reasoning_effort=one_of("low", "medium", "high"), metadata={"type": "object"}, prompt_cache_key=TEXT,
        modalities={"enum": [["text"]]}, user=TEXT,
    )  # fmt: skip


def responses():
    part = either(
        kind("input_text", "text", text=TEXT),
        kind("output_text", "text", text=TEXT, annotations=listed(ANY)),
        kind("input_image", image_url=one_of(_IMAGE, "https://a/b.png"), file_id=TEXT, detail=TEXT),
        kind("input_file", file_data=TEXT, filename=TEXT, file_url=TEXT),
    )
    item = either(
        kind(
            "message",
            "role content",
            role=one_of("user", "assistant", "system"),
            content=either(TEXT, listed(part)),
        ),
        kind(
            "function_call",
            "call_id name arguments",
            call_id=TEXT,
            name=TEXT,
            arguments=TEXT,
            id=TEXT,
        ),
        kind(
            "function_call_output",
            "call_id output",
            call_id=TEXT,
            output=either(TEXT, listed(part)),
        ),
        kind("custom_tool_call", "call_id name input", call_id=TEXT, name=TEXT, input=TEXT),
        kind("custom_tool_call_output", "call_id output", call_id=TEXT, output=TEXT),
        kind("local_shell_call", "call_id action", call_id=TEXT, action=ANY, status=TEXT),
        kind("reasoning", "summary", summary=listed(ANY), encrypted_content=TEXT, id=TEXT),
        kind("item_reference", "id", id=TEXT),
    )
    tool = either(
        kind("function", "name", name=TEXT, parameters=SCHEMA, description=TEXT, strict=FLAG),
        kind("custom", "name", name=TEXT, format=ANY),
        kind("local_shell"), kind("web_search"), kind("mcp", server_url=TEXT),
    )  # fmt: skip
    return fields(
        "model input",
        model=MODEL, input=either(TEXT, listed(item, minItems=1, maxItems=4)), instructions=TEXT,
        tools=listed(tool, maxItems=3), tool_choice=either(one_of("auto", "none", "required"), ANY),
        text=fields(format=either(kind("json_schema", "name schema", name=TEXT, schema=SCHEMA), kind("text")), verbosity=TEXT),
        reasoning=fields(effort=one_of("low", "high"), summary=TEXT), include=listed(TEXT), stream=FLAG, store=FLAG,
        max_output_tokens=COUNT, temperature=NUMBER, top_p=NUMBER, metadata={"type": "object"},
        previous_response_id=TEXT, background=FLAG, parallel_tool_calls=FLAG, truncation=TEXT,
    )  # fmt: skip


def messages(needed):
    cache = kind("ephemeral", ttl=one_of("5m", "1h"))
    source = either(
        kind(
            "base64",
            "media_type data",
            media_type=one_of("image/png", "application/pdf"),
            data=one_of("YQ==", "@"),
        ),
        kind("url", "url", url=TEXT),
        kind("text", "data media_type", data=TEXT, media_type=one_of("text/plain")),
        kind("file", "file_id", file_id=TEXT),
    )
    block = either(
        kind("text", "text", text=TEXT, cache_control=cache),
        kind("image", "source", source=source, cache_control=cache),
        kind(
            "document",
            "source",
            source=source,
            title=TEXT,
            context=TEXT,
            citations=fields(enabled=FLAG),
        ),
        kind("tool_use", "id name input", id=TEXT, name=TEXT, input={"type": "object"}),
        kind(
            "tool_result",
            "tool_use_id",
            tool_use_id=TEXT,
            content=either(TEXT, listed(ANY)),
            is_error=FLAG,
        ),
        kind("thinking", "thinking signature", thinking=TEXT, signature=TEXT),
        kind("redacted_thinking", "data", data=TEXT),
        kind("server_tool_use", "id name input", id=TEXT, name=TEXT, input={"type": "object"}),
    )
    user = fields("role content", role=one_of("user"), content=either(TEXT, listed(block)))
    message = fields(
        "role content", role=one_of("user", "assistant"), content=either(TEXT, listed(block))
    )
    tool = either(
        fields(
            "name input_schema",
            name=TEXT,
            input_schema=SCHEMA,
            description=TEXT,
            cache_control=cache,
        ),
        kind("web_search_20250305", "name", name=one_of("web_search")),
        kind("bash_20250124", "name", name=one_of("bash")),
    )
    return fields(
        needed,
        model=MODEL, anthropic_version=TEXT, anthropic_beta=listed(TEXT), max_tokens=COUNT,
        messages=conversation(user, message), system=either(TEXT, listed(block)),
        tools=listed(tool, maxItems=3), tool_choice=kind("tool", "name", name=TEXT),
        thinking=either(kind("enabled", "budget_tokens", budget_tokens=COUNT), kind("adaptive"), kind("disabled")),
        stream=FLAG, temperature=NUMBER, top_p=NUMBER, top_k=COUNT, stop_sequences=listed(TEXT),
        metadata=fields(user_id=TEXT), context_management=ANY, output_config=fields(effort=TEXT, format=ANY),
        service_tier=TEXT, container=TEXT, mcp_servers=listed(ANY),
    )  # fmt: skip


def converse():
    source = fields("bytes", bytes=one_of("YQ==", "@"))
    block = either(
        fields("text", text=TEXT),
        fields("image", image=fields("format source", format=one_of("png", "x"), source=source)),
        fields(
            "document",
            document=fields(
                "format name source", format=one_of("pdf", "txt"), name=TEXT, source=source
            ),
        ),
        fields(
            "toolUse", toolUse=fields("toolUseId name input", toolUseId=TEXT, name=TEXT, input=ANY)
        ),
        fields(
            "toolResult",
            toolResult=fields(
                "toolUseId content",
                toolUseId=TEXT,
                content=listed(ANY),
                status=one_of("success", "error"),
            ),
        ),
        fields(
            "reasoningContent",
            reasoningContent=fields(
                reasoningText=fields("text", text=TEXT, signature=TEXT), redactedContent=TEXT
            ),
        ),
        fields("cachePoint", cachePoint=kind("default")),
        fields("guardContent", guardContent=ANY),
    )
    user = fields("role content", role=one_of("user"), content=listed(block))
    message = fields("role content", role=one_of("user", "assistant"), content=listed(block))
    spec = fields(
        "name inputSchema", name=TEXT, description=TEXT, inputSchema=fields("json", json=SCHEMA)
    )
    return fields(
        "messages",
        messages=conversation(user, message), system=listed(block),
        inferenceConfig=fields(maxTokens=COUNT, temperature=NUMBER, topP=NUMBER, stopSequences=listed(TEXT)),
        toolConfig=fields("tools", tools=listed(fields(toolSpec=spec), maxItems=3), toolChoice=ANY),
        additionalModelRequestFields={"type": "object"}, additionalModelResponseFieldPaths=listed(TEXT),
        guardrailConfig=ANY, requestMetadata={"type": "object"}, performanceConfig=ANY, outputConfig=ANY,
        promptVariables=ANY, serviceTier=ANY,
    )  # fmt: skip


def embeddings():
    inputs = either(TEXT, listed(TEXT, maxItems=3), listed({"type": "integer"}, maxItems=3))
    return fields(
        "model input",
        model=one_of("amazon-bedrock/amazon.titan-embed-text-v2:0", *_MODELS), input=inputs,
        encoding_format=one_of("float", "base64"), dimensions=COUNT, input_type=one_of("query", "document"), user=TEXT,
    )  # fmt: skip


def _parameter(place, name, schema):
    return {"in": place, "name": name, "schema": schema, "required": place == "path"}


def _posted(schema, *parameters):
    content = {"application/json": {"schema": schema}}
    body = {"required": True, "content": content}
    return {
        "post": {
            "requestBody": body,
            "parameters": list(parameters),
            "responses": {"200": {"description": ""}},
        }
    }


def _read(*parameters):
    return {"get": {"parameters": list(parameters), "responses": {"200": {"description": ""}}}}


def description():
    """The document."""
    beta = _parameter("header", "anthropic-beta", TEXT)
    version = _parameter("header", "anthropic-version", TEXT)
    trace = _parameter("header", "traceparent", TEXT)
    invoked = messages("anthropic_version messages max_tokens")
    model = _parameter("path", "model", either(one_of(CLAUDE, "us.amazon.nova-lite-v1:0"), TEXT))
    claude = _parameter("path", "model", one_of(CLAUDE))
    return {
        "openapi": "3.1.0",
        "info": {"title": "The gateway", "version": "1"},
        "paths": {
            "/v1/chat/completions": _posted(chat(), trace),
            "/v1/responses": _posted(responses(), trace),
            "/v1/messages": _posted(messages("model messages max_tokens"), beta, version),
            "/v1/messages/count_tokens": _posted(messages("model messages"), beta, version),
            "/v1/embeddings": _posted(embeddings()),
            "/model/{model}/converse": _posted(converse(), model),
            "/model/{model}/converse-stream": _posted(converse(), claude),
            "/model/{model}/invoke": _posted(invoked, model),
            "/model/{model}/invoke-with-response-stream": _posted(invoked, claude),
            "/v1/models": _read(_parameter("query", "limit", ANY), version),
            "/v1/models/{model}": _read(_parameter("path", "model", either(MODEL, TEXT))),
            "/ui/api/status": _read(),
            "/ui/api/models": _read(),
            "/ui/api/usage": _read(_parameter("query", "days", either(COUNT, TEXT))),
            "/ui/api/requests": _read(),
            "/ui/{name}": _read(
                _parameter("path", "name", either(one_of("page.css", "page.js"), TEXT))
            ),
            "/metrics": _read(trace),
            "/healthz": _read(),
            "/readyz": _read(),
        },
    }
