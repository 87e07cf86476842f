"""Joining: labels and metadata of tables, and classes of folders, onto the cutouts they name."""

from cloudchamber_worker.steps.joining.tables import Tables

__all__ = ["Tables"]
