"""How much memory there is and what has to leave it: pure decisions, and two thin calls into torch."""

import ctypes
import gc
import sys
from collections.abc import Sequence

import psutil
import torch

# What a run needs beside the weights: activations, decoder, and room for the rest of the machine.
WORKING_SHARE = 0.5


def to_evict(residents: Sequence[tuple[str, int]], needed_bytes: int, budget_bytes: int) -> list[str]:
    """Which residents, given as (key, bytes) from the least to the most recently used, must go for `needed_bytes`."""
    held = sum(size for _, size in residents)
    leaving = []
    for key, size in residents:
        if held + needed_bytes <= budget_bytes:
            break
        leaving.append(key)
        held -= size
    return leaving


def budget_bytes(device: torch.device, held_bytes: int) -> int:
    """Bytes that weights may take together: a share of what is free now and what they hold already."""
    return held_bytes + int(free_bytes(device) * WORKING_SHARE)


def free_bytes(device: torch.device) -> int:
    """Bytes free on the device now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def weight_bytes(module: torch.nn.Module) -> int:
    """Bytes that the weights of a module take."""
    return sum(weight.numel() * weight.element_size() for weight in module.parameters())


def used_bytes(device: torch.device) -> int:
    """Bytes in use: of a graphics card by everyone, of main memory by this process."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return total - free
    return psutil.Process().memory_info().rss


def release(device: torch.device) -> None:
    """Give memory that nothing holds any more back to the device and to the system."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.malloc_trim(0)
