"""A picture's settings as the text A1111 began and every gallery reads, both ways."""

from studio.infotext.fitting import Read, fitted
from studio.infotext.reading import read
from studio.infotext.writing import written

__all__ = ["Read", "fitted", "read", "written"]
