"""Project: every question that can be asked of a project's folder, with the words of the command line."""

from pipeline.api.project import Project

__all__ = ["Project"]
