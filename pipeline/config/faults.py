"""What is wrong with a configuration, in the words of the file that holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ingest.errors import did_you_mean
from pipeline.config.root import FILE, Config

Loc = Sequence[int | str]


def explain(error: ValidationError, values: Mapping[str, Any], given: Mapping[str, str]) -> str:
    """One line for each fault: where it is written, the section, the key, what is wrong, and the near word."""
    faults = error.errors(include_url=False)
    return "\n".join(dict.fromkeys(_fault(fault, values, given) for fault in faults))


def _fault(fault: ErrorDetails, values: Mapping[str, Any], given: Mapping[str, str]) -> str:
    loc = fault["loc"]
    where, key = _place(loc, values)
    origin = given.get(".".join(str(part) for part in loc[:2]), FILE)
    if fault["type"] == "extra_forbidden":
        return f"{origin}: {_no_such_key(loc, where, key)}"
    if fault["type"] == "missing":
        return f'{origin}: {where} needs the key "{key}"'
    if origin != FILE:
        return f"{origin}: {_reason(fault)}"
    return ": ".join(part for part in (origin, f"{where} {key}".strip(), _reason(fault)) if part)


def _no_such_key(loc: Loc, where: str, key: str) -> str:
    near = did_you_mean(str(loc[-1]), _known(loc[:-1]))
    if len(loc) == 1:
        return f'there is no section or key "{loc[0]}".{near}'
    return f'{where} has no key "{key}".{near}'


def _reason(fault: ErrorDetails) -> str:
    given = fault["input"]
    if fault["type"] == "value_error":
        return fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "literal_error":
        expected = fault["ctx"]["expected"].replace("'", '"')
        near = did_you_mean(str(given), [word.strip('"') for word in expected.replace(" or ", ", ").split(", ")])
        return f'must be {expected}, not "{given}".{near}'
    if fault["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return "must be a table of keys"
    if fault["type"] == "too_short":
        return "must not be empty"
    if fault["type"] == "tuple_type":
        return "must be written with double brackets, [[...]]"
    return f"{fault['msg'].replace('Input should', 'must', 1)}, not {given!r}"


def _place(loc: Loc, values: Mapping[str, Any]) -> tuple[str, str]:
    """("[sessions]", "idle_timeout"), or ('[[source]] "web"', "columns.event_at.format")."""
    if not loc:
        return "", ""
    section = str(loc[0])
    if len(loc) > 1 and isinstance(loc[1], int):
        return f"[[{section}]] {_called(values, section, loc[1])}", _dotted(loc[2:])
    tables, key = list(loc[:-1]), loc[-1:]
    if len(loc) == 1:
        return f"[{section}]", ""
    if isinstance(loc[-1], int):
        tables, key = list(loc[:-2]), loc[-2:]
    return f"[{_dotted(tables)}]", _dotted(key)


def _called(values: Mapping[str, Any], section: str, number: int) -> str:
    entry = values[section][number]
    name = entry.get("name") if isinstance(entry, dict) else None
    return f'"{name}"' if isinstance(name, str) and name else f"number {number + 1}"


def _dotted(loc: Loc) -> str:
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _known(loc: Loc) -> list[str]:
    """The keys that the table at `loc` may hold."""
    model: type[BaseModel] = Config
    for part in loc:
        field = _fields(model).get(str(part))
        model = (field and _model_in(field.annotation)) or model
    return list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)
