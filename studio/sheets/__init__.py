"""A grid on one sheet of paper: its cells side by side, with the values that gave them."""

from studio.sheets.sheet import drawn

__all__ = ["drawn"]
