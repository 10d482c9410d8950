"""What leaves memory is decided by use and size alone."""

import torch

from studio.pipelines.memory import budget_bytes, free_bytes, to_evict

HELD = [("old", 40), ("middle", 30), ("new", 20)]


def test_nothing_leaves_while_all_fits() -> None:
    assert to_evict(HELD, 10, 100) == []


def test_the_least_recently_used_leave_first_and_no_more_than_needed() -> None:
    assert to_evict(HELD, 20, 100) == ["old"]
    assert to_evict(HELD, 60, 100) == ["old", "middle"]


def test_everything_leaves_for_what_fits_in_no_budget() -> None:
    assert to_evict(HELD, 1000, 100) == ["old", "middle", "new"]


def test_budget_counts_what_is_held_as_free() -> None:
    cpu = torch.device("cpu")
    assert free_bytes(cpu) > 0
    assert budget_bytes(cpu, 10**15) > 10**15
