"""[[customers]] and [[persona]] -> what is known of customers, as columns of events."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingest.attributes import AttributeFile, read_attributes
from ingest.errors import ConfigError, did_you_mean
from ingest.readers.sources import expand
from ingest.scan.batches import Codes
from paths.journeys.conditions import parse_condition
from paths.journeys.personas import PERSONA, Attributes, CustomerFacts, Persona, no_attributes
from pipeline.config import Config
from pipeline.project.funnel_words import Known, nothing_known, parse_step


def customer_facts(config: Config, known: Known = nothing_known) -> CustomerFacts:
    """Reads the files; `known` as in funnel_words. Raises MissingInput, InputError and ConfigError."""
    attributes = attributes_of(config) if config.customers else no_attributes()
    return CustomerFacts(attributes=attributes, personas=personas(config, attributes, known))


def attributes_of(config: Config) -> Attributes:
    """All files as one table."""
    files = [
        AttributeFile(
            files=tuple(expand(c.path, config.directory)),
            customer_id=c.customer_id,
            columns=c.columns,
            valid_from=c.valid_from,
            timezone=config.project.timezone,
        )
        for c in config.customers
    ]
    table = read_attributes(files)
    columns = {n: coded(table[n]) for n in table.column_names[2:]}
    return Attributes(key=np.asarray(table["customer_key"]), since=np.asarray(table["since"]), columns=columns)


def coded(column: pa.ChunkedArray) -> Codes:
    """A text column as codes."""
    whole = column.combine_chunks().dictionary_encode()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    return Codes(np.asarray(whole.indices.fill_null(-1)).astype(np.int32), tuple(whole.dictionary.to_pylist()))


def personas(config: Config, attributes: Attributes, known: Known = nothing_known) -> tuple[Persona, ...]:
    """[[persona]]; raises ConfigError for a column that no [[customers]] file has."""
    rules = []
    for p in config.personas:
        where = tuple(parse_condition(c) for c in p.where)
        for condition in where:
            if condition.column not in attributes.columns:
                near = did_you_mean(condition.column, attributes.columns)
                raise ConfigError(
                    f'[[persona]] "{p.name}": no [[customers]] file has a column "{condition.column}".{near} '
                    "What customers do goes into did and did_not."
                )
        rules.append(
            Persona(
                name=p.name,
                where=where,
                did=tuple(parse_step(d, known=known) for d in p.did),
                did_not=tuple(parse_step(d, known=known) for d in p.did_not),
            )
        )
    return tuple(rules)


def check_persona(config: Config, name: str) -> None:
    """Raises ConfigError for a persona that is none."""
    known = [p.name for p in config.personas]
    if name not in known and not (known and name == "(other)"):
        raise ConfigError(
            f'there is no [[persona]] named "{name}".{did_you_mean(name, known)} Known: {", ".join(known) or "none"}.'
        )


__all__ = ["PERSONA", "check_persona", "customer_facts"]
