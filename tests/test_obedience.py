"""The measures of obedience: perfect for the same, bad for another, and none where nothing can be compared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from studio import obedience


def line(column: int, size: int = 128) -> np.ndarray:
    edges = np.zeros((size, size), bool)
    edges[:, column] = True
    return edges


def test_the_same_edges_are_followed() -> None:
    assert obedience.edges(line(40), line(40)) == 1


def test_edges_a_hair_aside_are_followed_and_further_ones_are_not() -> None:
    assert obedience.edges(line(42), line(40)) == 1
    assert obedience.edges(line(50), line(40)) == 0


def test_half_of_the_edges_missing_halves_the_recall() -> None:
    assert obedience.edges(line(40), line(40) | line(90)) == pytest.approx(2 / 3)


def test_no_edges_follow_nothing_and_none_wanted_cannot_be_followed() -> None:
    none = np.zeros((128, 128), bool)
    assert obedience.edges(none, line(40)) == 0
    assert obedience.edges(line(40), none) is None


@given(arrays(np.float32, (6, 7), elements=st.integers(0, 9)), arrays(np.float32, (6, 7), elements=st.integers(0, 9)))
def test_depth_is_the_rank_correlation_with_ties(one: np.ndarray, other: np.ndarray) -> None:
    found = obedience.depth(one, other)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-9)


def test_depth_needs_the_order_alone() -> None:
    near = np.linspace(0, 1, 64).reshape(8, 8)
    assert obedience.depth(near**3, near) == pytest.approx(1)
    assert obedience.depth(1 - near, near) == pytest.approx(-1)


def test_regions_are_the_mean_over_what_is_wanted() -> None:
    wanted = np.zeros((4, 4), np.uint8)
    wanted[:, 2:] = 3
    made = wanted.copy()
    made[:2, 2:] = 7
    assert obedience.regions(wanted, wanted) == 1
    assert obedience.regions(made, wanted) == pytest.approx((1 + 0.5) / 2)
