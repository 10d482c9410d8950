"""Finished pictures come back bit for bit, and never take more than their room."""

import numpy as np
from PIL import Image

from studio.pipelines.finished import Finished


def noise(seed: int) -> Image.Image:
    """A picture that no compression makes smaller than 3000 bytes."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8))


def test_a_picture_comes_back_bit_for_bit() -> None:
    finished = Finished()
    finished.keep("a", noise(1))
    found = finished.find("a")
    assert (found.mode, found.size, found.tobytes()) == ("RGB", (32, 32), noise(1).tobytes())
    assert finished.find("b") is None


def test_each_picture_is_its_own() -> None:
    finished = Finished()
    finished.keep("a", noise(1))
    finished.find("a").paste("red", (0, 0, 32, 32))
    assert finished.find("a").tobytes() == noise(1).tobytes()


def test_the_longest_unused_goes_first() -> None:
    finished = Finished(10_000)
    for seed in range(3):
        finished.keep(str(seed), noise(seed))
    finished.find("0")
    finished.keep("3", noise(3))
    assert [key for key in "0123" if finished.find(key)] == ["0", "2", "3"]


def test_a_picture_kept_again_takes_its_room_once() -> None:
    finished = Finished(10_000)
    for seed in (0, 1, 2, 2, 2):
        finished.keep(str(seed), noise(seed))
    assert all(finished.find(key) for key in "012")


def test_a_picture_larger_than_the_room_is_not_held() -> None:
    finished = Finished(1_000)
    finished.keep("a", noise(1))
    assert finished.find("a") is None
    finished.keep("b", Image.new("RGB", (32, 32)))
    assert finished.find("b") is not None
