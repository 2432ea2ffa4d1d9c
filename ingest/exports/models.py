"""What is known of one kind of export: how it is recognised, how it is read, what is passive, and its traps."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of a kind's file: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Trap(Part):
    """[[trap]]: something of the export that would give wrong numbers, and what is done about it."""

    what: str
    rule: str
    url: str  # the vendor's page that says so


class Signs(Part):
    """[signs]: what gives a file away as one. Of `columns`, one list whose every column (or path into JSON) holds a value."""

    columns: tuple[tuple[str, ...], ...] = ()
    width: int | None = None  # columns of a file without a header line


class Export(Part):
    """One kind of export. `source` has the keys of [[source]], each the default of what a person does not say."""

    name: str
    title: str  # "GA4 BigQuery export"
    documentation: str  # the vendor's page of its columns
    signs: Signs = Signs()
    source: dict[str, Any] = Field(default_factory=dict)
    passive: tuple[str, ...] = ()  # events in no session
    roles: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # of [carts.roles]: names beside the presets
    touchpoint: tuple[dict[str, Any], ...] = ()  # [[touchpoint]] rules, behind those of the project
    identity: dict[str, Any] = Field(default_factory=dict)  # keys of [identity]
    trap: tuple[Trap, ...] = ()
