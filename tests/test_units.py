"""Quantities as people read them."""

import pytest

from studio.units import data_size


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0.0 MB"),
        (4_574_861, "4.6 MB"),
        (19_000_000, "19 MB"),
        (972_666_916, "973 MB"),
        (2_130_000_000, "2.1 GB"),
    ],
)
def test_bytes_are_said_in_the_unit_that_fits(count: int, said: str) -> None:
    assert data_size(count) == said
