"""The callable class of `ray.data.Dataset.map_batches` that calls a model for each row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import pyarrow as pa
from ray.data.block import BlockAccessor, BlockType

from modelwire import CompletionOptions, ModelwireError
from modelwire.errors import ConfigError, InvalidRequest, PluginError, UnknownModel
from modelwire.runtime import ConfigSource
from modelwire_ray.caller import Caller
from modelwire_ray.columns import add_columns, answer_values, error_values
from modelwire_ray.quota import Quota
from modelwire_ray.template import Template

__all__ = ["Ask"]

Prompt: TypeAlias = str | Callable[[dict[str, Any]], Any]
"""A text with names of columns in braces, or a function of a row that returns a prompt."""

_OF_EVERY_ROW = (ConfigError, PluginError, UnknownModel)
"""Errors that are not of a row: with them, no row can be answered."""


class Ask:
    """Calls a model for each row of a dataset, in the actors of `Dataset.map_batches`.

    A batch comes back with these columns added, whose names begin with that of `output`:
    `answer` (the text), `answer_model`, `answer_stop_reason`, `answer_usage` (tokens), `answer_cost`
    (USD) and `answer_error` (`code`, `message` and `retryable`, or null). Each actor has a runtime
    of its own, made at its first row and closed at its end.

    Args:
        model: `provider/model-id` or an alias; by default the primary model of the configuration.
        prompt: The prompt of a row: a text with names of columns in braces, or a function of the row
            that returns what `Runtime.complete` takes.
        output: The name of the column of answers.
        system: The system prompt.
        fallbacks: Models to call where it fails; by default those of the configuration.
        config: The configuration, or the path of its file on each node; by default the user's.
        in_flight: The largest number of calls of an actor at one time. Ray gives an actor four
            batches at one time, so it is reached with a `batch_size` of at least a quarter.
        quota: A quota that all actors share.
        on_error: `"row"` records the error in the row, `"raise"` stops the dataset.
        **options: The fields of `CompletionOptions`, such as `max_tokens=500`.

    Raises:
        InvalidRequest: An argument is wrong.
        TypeError: An option has an unknown name.
    """

    def __init__(
        self,
        model: str | None = None,
        prompt: Prompt = "{prompt}",
        output: str = "answer",
        *,
        system: str | None = None,
        fallbacks: Sequence[str] | None = None,
        config: ConfigSource = None,
        in_flight: int = 64,
        quota: Quota | None = None,
        on_error: Literal["row", "raise"] = "row",
        **options: Any,
    ) -> None:
        CompletionOptions(**options)
        if in_flight < 1:
            msg = f"in_flight is {in_flight}; it is at least 1."
            raise InvalidRequest(msg, retryable=False)
        if on_error not in {"row", "raise"}:
            msg = f'on_error is {on_error!r}; it is "row" or "raise".'
            raise InvalidRequest(msg, retryable=False)
        self._prompt = Template(prompt) if isinstance(prompt, str) else prompt
        self._output = output
        self._raises: tuple[type[ModelwireError], ...] = (
            (ModelwireError,) if on_error == "raise" else _OF_EVERY_ROW
        )
        self._arguments = {"model": model, "fallbacks": fallbacks, "system": system, **options}
        self._caller = Caller(config, in_flight=in_flight, quota=quota)

    async def __call__(self, batch: Any) -> pa.Table:
        """Answer the rows of a batch.

        Args:
            batch: A batch in any format of Ray Data; `batch_format="pyarrow"` copies nothing.

        Raises:
            ModelwireError: No row can be answered, or one failed and `on_error` is `"raise"`.
        """
        table = batch
        if not isinstance(batch, pa.Table):
            table = BlockAccessor.batch_to_block(batch, block_type=BlockType.ARROW)
        try:
            async with asyncio.TaskGroup() as group:
                rows = [group.create_task(self._answer(row)) for row in self._rows(table)]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return add_columns(table, self._output, [row.result() for row in rows])

    async def aclose(self) -> None:
        """Close the connections, where it is used without Ray; Ray's actors do so when they end."""
        await self._caller.aclose()

    def __del__(self) -> None:
        caller = self.__dict__.get("_caller")
        if caller is not None:
            caller.close()

    def _rows(self, table: pa.Table) -> list[dict[str, Any]]:
        if isinstance(self._prompt, Template):
            missing = [name for name in self._prompt.columns if name not in table.column_names]
            if missing:
                msg = f"The dataset has no column {missing[0]!r}, which the prompt names."
                hint = f"Its columns are {', '.join(table.column_names)}."
                raise InvalidRequest(msg, hint=hint, retryable=False)
            if not self._prompt.columns:
                return [{} for _ in range(table.num_rows)]
            table = table.select(self._prompt.columns)
        found: list[dict[str, Any]] = table.to_pylist()
        return found

    async def _answer(self, row: Mapping[str, Any]) -> dict[str, Any]:
        try:
            prompt = self._prompt(dict(row))
            message = await self._caller.complete({"prompt": prompt, **self._arguments})
        except self._raises:
            raise
        except ModelwireError as error:
            return error_values(error)
        return answer_values(message)
