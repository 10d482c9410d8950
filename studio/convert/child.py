"""The process that opens a pickle: torch's restricted unpickler makes tensors and containers and calls nothing else.

It is told what to do by JSON as its argument, says how far it is by lines of JSON, and is bounded by the system's
limits should a file find a way to ask for too much.
"""

import hashlib
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from studio.convert import scan
from studio.convert.scan import Refused

CHUNK_BYTES = 2**24
# For the libraries themselves, their threads and what passes through.
SPARE_BYTES = 4 * 2**30


class Keepsake:
    """Stands for a thing of the training: takes whatever it is made of, and keeps nothing."""

    def __new__(cls, *values: object, **named: object) -> "Keepsake":
        return super().__new__(cls)

    def __init__(self, *values: object, **named: object) -> None:
        """Nothing."""

    def __setstate__(self, state: object) -> None:
        """Nothing."""


class Parameters(Keepsake):
    """Stands for torch's ParameterDict, in which A1111 once kept embeddings."""

    def __setstate__(self, state: object) -> None:
        self.tensors = state.get("_parameters", {}) if isinstance(state, dict) else {}


def main() -> None:
    """Convert as the first argument says, and tell what came of it in the last line."""
    job = json.loads(sys.argv[1])
    # Lines are for the parent alone, whatever a library prints.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(**facts: object) -> None:
        lines.write(json.dumps(facts) + "\n")
        lines.flush()

    try:
        tell(**_converted(Path(job["source"]), Path(job["target"]), job["limits"], tell))
    except Refused as refused:
        tell(refused=refused.args[0], facts=refused.args[1:])
    except MemoryError:
        tell(refused="memory", facts=[])
    except OSError as error:
        tell(refused="disk", facts=[error.errno, error.strerror])


def _converted(source: Path, target: Path, limits: Mapping[str, int], tell: Callable[..., None]) -> dict[str, int]:
    size = source.stat().st_size
    _limit("RLIMIT_CPU", limits["seconds"])
    _limit("RLIMIT_FSIZE", limits["bytes"] + SPARE_BYTES)
    _limit_memory(0)
    scan.check(source)
    origin = _sha256(source, lambda done: tell(done=done, total=2 * size))
    content = _loaded(source, 3 * size)
    from studio.convert import weights

    tensors, left_out = weights.found(content)
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if needed > limits["bytes"]:
        raise Refused("bomb", needed, size)
    metadata = {"format": "pt", "converted_from": source.name, "source_sha256": origin, "left_out": str(left_out)}
    with target.open("wb") as file:
        for done in weights.write(file, tensors, metadata):
            tell(done=size + done, total=size + needed)
        file.flush()
        os.fsync(file.fileno())
    return {"tensors": len(tensors), "left_out": left_out}


def _loaded(source: Path, allowance_bytes: int) -> object:
    """What the pickle holds; Refused if it wants anything but weights, or cannot be read."""
    _limit_memory(None)  # importing maps gigabytes of libraries
    import torch

    _limit_memory(allowance_bytes)
    stand_ins = [*((Keepsake, name) for name in scan.KEEPSAKES), (Parameters, scan.PARAMETERS)]
    try:
        with torch.serialization.safe_globals(stand_ins):
            return torch.load(source, map_location="cpu", weights_only=True, mmap=scan.is_archive(source))
    except MemoryError:
        raise
    except Exception as error:
        raise _refusal(str(error)) from None


def _refusal(text: str) -> Refused:
    """What torch's words mean."""
    if wanted := re.search(r"GLOBAL (\S+)", text):
        return Refused("hostile", wanted[1])
    if "allocate memory" in text or "not enough memory" in text or "mmap" in text:
        return Refused("memory")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return Refused("damaged", lines[-1][:200].rstrip(".") if lines else "its weights cannot be read")


def _sha256(path: Path, on_bytes: Callable[[int], None]) -> str:
    checked, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            checked.update(chunk)
            done += len(chunk)
            on_bytes(done)
    return checked.hexdigest()


def _limit_memory(allowance_bytes: int | None) -> None:
    """Bound what may be mapped beyond what is now, None for no bound; where the system tells how much that is."""
    mapped = Path("/proc/self/statm")
    if mapped.exists():
        import resource

        now = int(mapped.read_text("ascii").split()[0]) * resource.getpagesize()
        _limit("RLIMIT_AS", None if allowance_bytes is None else now + allowance_bytes + SPARE_BYTES)


def _limit(name: str, most: int | None) -> None:
    """Set a limit of the system, None for the highest there may be; Windows has none."""
    if importlib.util.find_spec("resource"):
        import resource

        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        wanted = hard if most is None else most
        resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
