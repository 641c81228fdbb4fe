"""A TOML file of settings, read by a pydantic model: whatever is wrong is told with its line, all at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names, read_text

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path, model: type[Model]) -> Model:
    """The file at `path` as the model. Raises LeadmartError `bad_settings` with the line of every key that is wrong."""
    text = read_text(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else None
        raise LeadmartError(
            f"not valid TOML: {error}", code="bad_settings", place=_line_place(path, text, line)
        ) from None
    except RecursionError:
        raise LeadmartError(
            "not valid TOML: its brackets are nested too deep", code="bad_settings", place=Place(str(path))
        ) from None
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise all_as_one([_as_error(path, text, model, problem) for problem in error.errors()]) from None


def _as_error(path: Path, text: str, model: type[BaseModel], problem: Any) -> LeadmartError:
    keys = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    dotted = ".".join(keys)
    place = _line_place(path, text, _line_of(text, keys))
    if problem["type"] == "extra_forbidden":
        known = _keys_below(model, keys[:-1])
        hint = near_names(keys[-1], known) or f"known here: {', '.join(sorted(known))}"
        return LeadmartError(f"unknown setting {dotted}", code="bad_settings", place=place, hint=hint)
    message = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], dict):  # of a whole table, whose keys stand in the file
        return LeadmartError(f"[{dotted}]: {message}", code="bad_settings", place=place)
    return LeadmartError(f"{dotted} is {problem['input']!r}: {message}", code="bad_settings", place=place)


def _keys_below(model: type[BaseModel], keys: Sequence[str]) -> list[str]:
    """The keys that a table of the file may hold; `[]` is the file itself. The names in a `dict[str, …]` are free."""
    at: Any = model
    for key in keys:
        if get_origin(at) is dict:
            at = get_args(at)[1]
        elif isinstance(at, type) and issubclass(at, BaseModel):
            named = {field.alias or name: field for name, field in at.model_fields.items()}
            at = named[key].annotation if key in named else None
    if not (isinstance(at, type) and issubclass(at, BaseModel)):
        return []
    return [field.alias or name for name, field in at.model_fields.items()]


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line (from 1) where the dotted key is set, or its table's header; None where neither is written out."""
    section: list[str] = []
    header: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*\[([\w.\s\"-]+)\]", line):
            section = [part.strip(' "') for part in found[1].split(".")]
            if section == keys:
                header = number
            elif section == keys[:-1]:
                header = header or number
        found = re.match(r"\s*([\w.\"-]+)\s*=", line)
        if found and section + [part.strip('"') for part in found[1].split(".")] == keys:
            return number
    return header


def _line_place(path: Path, text: str, line: int | None) -> Place:
    lines = text.splitlines()
    if line is None or not 1 <= line <= len(lines):
        return Place(str(path))
    content = lines[line - 1]
    start = len(content) - len(content.lstrip()) + 1
    return Place(str(path), line, start, content, max(1, len(content.strip())))
