"""Sizes a family can paint."""

from studio.catalog import Family


def size_like(shape: tuple[int, int], default: tuple[int, int], family: Family) -> tuple[int, int]:
    """The nearest size the family paints that has this shape, and about as many pixels as its default."""
    scale = (default[0] * default[1] / (shape[0] * shape[1])) ** 0.5
    return nearest_size(round(shape[0] * scale), family), nearest_size(round(shape[1] * scale), family)


def nearest_size(size: int, family: Family) -> int:
    """The side nearest to this one that the family paints."""
    inside = min(max(size, family.minimum_size), family.maximum_size)
    return round(inside / family.size_multiple) * family.size_multiple
