"""The command line. `cli` is the console script; it imports click and nothing heavier.

The garbage collector rests meanwhile: an import leaves no garbage, and looking for it costs a twentieth of the start.
"""

import gc

gc.disable()
try:
    from pipeline.cli.main import cli
finally:
    gc.enable()

__all__ = ["cli"]
