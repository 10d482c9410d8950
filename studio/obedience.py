"""How far a picture obeys its control: edges, depth, poses and regions of the two held against each other."""

from collections.abc import Sequence

import numpy as np

from studio import skeletons
from studio.skeletons import Skeleton

# An edge counts as followed if the other's is no further off, as a share of the picture's height.
EDGE_TOLERANCE = 0.016


def edges(made: np.ndarray, wanted: np.ndarray) -> float | None:
    """F1 of two bool maps (height, width) of edges, 0 to 1: what lies near an edge of the other counts as found.

    The mean of precision and recall that is nearer to the worse, as of boundaries in Martin et al. 2004. None if none
    is wanted, so that there is nothing to follow.
    """
    if not wanted.any():
        return None
    if not made.any():
        return 0.0
    precision = float(followed(made, wanted)[made].mean())
    recall = float(followed(wanted, made)[wanted].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def followed(edges: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where (height, width) an edge of the other map is near enough to count; nowhere if it has none."""
    if not other.any():
        return np.zeros_like(edges)
    return _distances(other) <= max(1.0, EDGE_TOLERANCE * len(edges))


def depth(made: np.ndarray, wanted: np.ndarray) -> float | None:
    """Spearman's rank correlation of two maps (height, width) of nearness, −1 to 1; None if one is flat."""
    ranks = [_ranks(one.ravel()) for one in (made, wanted)]
    if any(np.ptp(one) == 0 for one in ranks):
        return None
    return float(np.corrcoef(*ranks)[0, 1])


def pose(made: Sequence[Skeleton], wanted: Sequence[Skeleton], size: tuple[int, int]) -> float | None:
    """Mean error of joints in percent of the height, as `skeletons.mean_error`; None if nobody can be compared."""
    return skeletons.mean_error(made, wanted, size)


def regions(made: np.ndarray, wanted: np.ndarray) -> float:
    """Mean intersection over union of two class maps (height, width), 0 to 1, of each class that is wanted."""
    shares = []
    for kind in np.unique(wanted):
        one, other = made == kind, wanted == kind
        shares.append((one & other).sum() / (one | other).sum())
    return float(np.mean(shares))


def _distances(is_edge: np.ndarray) -> np.ndarray:
    """How far each pixel is from the nearest edge."""
    import cv2

    return cv2.distanceTransform((~is_edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _ranks(values: np.ndarray) -> np.ndarray:
    """The place of each value in order, equal ones sharing their mean place."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[index.ravel()]
