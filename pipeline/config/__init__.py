"""journeys.toml, typed: `load_config(directory)` gives a frozen `Config`.

values.py   names, durations, time zones, column specs      models.py   one model for each section
roles.py    the presets of [carts.roles]                    root.py     Config: origins, digest
load.py     flag > environment > file > default             explain.py  faults in words
    toml.py     the text of the file
"""

from pipeline.config.load import load_config, setting_keys
from pipeline.config.models import Carts, Funnel, Gates, Project, Roles, Sessions, Source, Stage, Touchpoint
from pipeline.config.roles import ROLE_PRESETS
from pipeline.config.root import FILE, Config
from pipeline.config.values import ColumnSpec

__all__ = [
    "FILE",
    "ROLE_PRESETS",
    "Carts",
    "ColumnSpec",
    "Config",
    "Funnel",
    "Gates",
    "Project",
    "Roles",
    "Sessions",
    "Source",
    "Stage",
    "Touchpoint",
    "load_config",
    "setting_keys",
]
