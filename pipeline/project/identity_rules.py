"""[identity], [[alias]] and the id_space of sources -> IdentityRules; alias files are read when a load begins."""

from __future__ import annotations

from ingest.aliases import AliasFile, read_aliases
from ingest.identity.rules import IdentityRules
from ingest.readers.files import expand
from pipeline.config import Config


def rules_of(config: Config) -> IdentityRules:
    """The rules of a load. Raises MissingInput for an alias file that is not there, ConfigError for what it says wrongly."""
    told = config.identity
    files = [
        AliasFile(files=tuple(expand(a.path, config.directory)), alias_id=a.alias_id, customer_id=a.customer_id)
        for a in config.aliases
    ]
    return IdentityRules(
        shared_device=told.shared_device,
        stitch_lookback=told.stitch_lookback,
        blocked=told.blocked,
        max_owners=told.max_owners,
        spaces={s.name: s.id_space for s in config.sources if s.id_space},
        aliases=read_aliases(files) if files else {},
    )
