"""The chat model of LangChain that every provider of modelwire answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LangSmithParams, LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, ConfigDict, Field

from modelwire.hookspecs import CacheRetention
from modelwire.messages import AssistantMessage
from modelwire.models import ReasoningLevel
from modelwire.transport import Deadlines
from modelwire_langchain.answers import Chunks, message_of
from modelwire_langchain.messages import PROVIDER, context_of
from modelwire_langchain.names import model_reference
from modelwire_langchain.runtimes import RuntimeOwner
from modelwire_langchain.tools import invalid, schema_of, tool_choice_of, tool_of

__all__ = ["ChatModelwire"]

_OPTIONS = (
    "max_tokens",
    "temperature",
    "top_p",
    "reasoning",
    "cache_retention",
    "session_id",
    "params",
    "plugins",
)
"""The options of modelwire that are fields of the model and keywords of a call alike."""

_KEYWORDS = {
    *_OPTIONS,
    "fallbacks",
    "model",
    "response_format",
    "response_schema",
    "timeout",
    "tool_choice",
    "tools",
}

Tools = Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool]
Schema = dict[str, Any] | type


class ChatModelwire(RuntimeOwner, BaseChatModel):
    """A chat model of LangChain, answered by any model that modelwire reaches.

        model = ChatModelwire(model="bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0")
        async for chunk in model.astream("What is the capital of France?"):
            print(chunk.text, end="")

    Coroutines run in the caller's event loop and use no threads. A stream that is left closes its
    connection; one that breaks off raises an error. Each option may be given for one call as well,
    as `model.invoke("Hello", max_tokens=100)`.

    Attributes:
        model: The model, as `provider/model-id` or, as LangChain writes it, `provider:model-id`.
        fallbacks: Models to try where the first one fails.
        max_tokens: The maximum number of tokens of an answer.
        temperature: The sampling temperature.
        top_p: The share of the probability mass to sample from.
        stop: Texts that end the answer.
        reasoning: The level of reasoning.
        cache_retention: How long the service may cache the prompt.
        session_id: The id of the conversation, for services that take one.
        timeout: The seconds that an answer may take, from the request to its end.
        max_retries: How often a request that failed is sent again; by default as often as modelwire
            does.
        streaming: Whether `invoke` and `ainvoke` stream as well, for callbacks that watch.
        params: Further fields of the requests, in the service's own terms.
        plugins: Settings of plugins, by their names.
        config: The configuration of modelwire, or its file; by default the one that the command
            line uses. It is left out of what is serialised or shown.
        runtime: A runtime to share; its owner closes it.

    Raises:
        InvalidRequest: `runtime` is not a runtime, or is given with `config` or `max_retries`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True, extra="forbid")

    model: str
    fallbacks: list[str] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    reasoning: ReasoningLevel | None = None
    cache_retention: CacheRetention | None = None
    session_id: str | None = None
    timeout: float | None = None
    streaming: bool = False
    params: dict[str, Any] = Field(default_factory=dict)
    plugins: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "modelwire"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """The parameters that determine an answer: the key of LangChain's caches."""
        names = ("model", "fallbacks", "stop", *_OPTIONS)
        return {name: value for name in names if (value := getattr(self, name)) not in (None, {})}

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether LangChain may serialise it: all but its configuration and runtime."""
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """Where LangChain finds it."""
        return ["modelwire_langchain"]

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        provider, slash, name = model_reference(kwargs.get("model") or self.model).partition("/")
        if not slash:  # an alias of the configuration
            provider, name = PROVIDER, provider
        found = LangSmithParams(ls_model_type="chat", ls_provider=provider, ls_model_name=name)
        temperature = kwargs.get("temperature", self.temperature)
        max_tokens = kwargs.get("max_tokens", self.max_tokens)
        if temperature is not None:
            found["ls_temperature"] = temperature
        if max_tokens is not None:
            found["ls_max_tokens"] = max_tokens
        if stop or self.stop:
            found["ls_stop"] = list(stop or self.stop or ())
        return found

    def bind_tools(
        self,
        tools: Tools,
        *,
        tool_choice: str | bool | dict[str, Any] | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same model with tools.

        Args:
            tools: Functions, classes, tools of LangChain, or descriptions of tools.
            tool_choice: `any` (or `required`), `auto`, `none`, or the name of a tool.
            strict: Whether the service holds arguments to their schemas, where it can.
            kwargs: Further options of the calls.
        """
        described = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=described, **choice, **kwargs)

    def with_structured_output(
        self,
        schema: Schema,
        *,
        method: Literal["json_schema", "json_mode", "function_calling"] = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """The same model with answers that follow a schema.

        Args:
            schema: A pydantic class, a `TypedDict`, or a JSON schema.
            method: `json_schema` uses the structured output of the service, and where it has none,
                whatever modelwire has in its place. `json_mode` is the same here, as the schema is
                known. `function_calling` has a tool called.
            include_raw: Whether the result is a dict of `raw`, `parsed` and `parsing_error`.
            strict: As for `bind_tools`, with `function_calling`.
            kwargs: Further options of the calls, but with `function_calling`.
        """
        if method == "function_calling":
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        if method not in ("json_schema", "json_mode"):
            raise invalid(
                f"method is {method!r}; it is json_schema, json_mode or function_calling."
            )
        described = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
        model = self.bind(
            response_schema=_json_schema(schema), ls_structured_output_format=described, **kwargs
        )
        parser: Runnable[Any, Any] = JsonOutputParser()
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            parser = PydanticOutputParser(pydantic_object=schema)
        return _with_raw(model, parser) if include_raw else model | parser

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager  # LangChain reports to it itself
        call = self._call(messages, stop, kwargs)
        return _result(self._runtimes.blocking.complete(**call))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del run_manager  # LangChain reports to it itself
        call = self._call(messages, stop, kwargs)
        return _result(await self._runtimes.awaited.complete(**call))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        del run_manager
        call, chunks = self._call(messages, stop, kwargs), Chunks()
        with self._runtimes.blocking.stream(**call, keep_text=False) as stream:
            for event in stream:
                if (chunk := chunks.of(event)) is not None:
                    yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        del run_manager
        call, chunks = self._call(messages, stop, kwargs), Chunks()
        async with self._runtimes.awaited.stream(**call, keep_text=False) as stream:
            async for event in stream:
                if (chunk := chunks.of(event)) is not None:
                    yield chunk

    def _call(
        self, messages: list[BaseMessage], stop: list[str] | None, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The arguments of the runtime: the model's options, changed by those of the call.

        Raises:
            InvalidRequest: There is no such option.
            InvalidMessage: A message cannot be sent to a model.
        """
        unknown = sorted(given.keys() - _KEYWORDS)
        if unknown:
            known = ", ".join(sorted(_KEYWORDS))
            raise invalid(
                f"{unknown[0]} is not an option of a call; put fields of the service into params. Options: {known}."
            )
        tools = [tool_of(tool) for tool in given.get("tools") or ()]
        options = {name: given.get(name, getattr(self, name)) for name in _OPTIONS}
        timeout = given.get("timeout", self.timeout)
        fallbacks = given.get("fallbacks", self.fallbacks)
        schema = given.get("response_schema") or schema_of(given.get("response_format"))
        changes = {
            **options,
            "stop": stop or self.stop,
            "tool_choice": tool_choice_of(given.get("tool_choice")) if tools else None,
            "response_schema": schema,
            "deadlines": None if timeout is None else Deadlines(total=timeout),
        }
        return {
            "prompt": context_of(messages, tools),
            "model": model_reference(given.get("model") or self.model),
            "fallbacks": None if fallbacks is None else [*map(model_reference, fallbacks)],
            **{name: value for name, value in changes.items() if value is not None},
        }


def _result(answer: AssistantMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message_of(answer))])


def _json_schema(schema: Schema) -> dict[str, Any]:
    if isinstance(schema, dict) and "type" in schema and "function" not in schema:
        return schema
    return convert_to_json_schema(schema)


def _with_raw(
    model: Runnable[LanguageModelInput, AIMessage], parser: Runnable[Any, Any]
) -> Runnable[LanguageModelInput, dict[str, Any]]:
    """The raw message beside what was parsed, or the error of parsing it."""
    parsed = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")
