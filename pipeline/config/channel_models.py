"""[[channel]]: rules of channel = "auto" that come before those of the package."""

from __future__ import annotations

from pydantic import Field, model_validator

from pipeline.config.values import Names, Section


class Channel(Section):
    """[[channel]]: the channel where everything that is given holds."""

    name: str = Field(min_length=1)
    medium: Names = ()  # globs over the medium, in lower case
    source: Names = ()  # words or hosts: "google" is www.google.de, too
    click_id: Names = ()  # parameters of the address

    @model_validator(mode="after")
    def _says_something(self) -> Channel:
        if not (self.medium or self.source or self.click_id):
            raise ValueError("needs at least one of medium, source and click_id")
        return self
