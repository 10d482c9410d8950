"""Pickled weights to safetensors beside them, by a process that is watched and left alone with the pickle."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from studio.errors import LoadError
from studio.pipelines import headers
from studio.pipelines.transfers import watched

PROJECT = Path(__file__).resolve().parents[2]
BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1])['path']; from studio.convert import child; child.main()"
# All that the process gets of the environment: no token, and nothing that would let torch open pickles freely.
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "LANG")
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "hostile": "wants to run {0} when it is opened, which weights have no need of. None of it was run. Delete it, "
        "and fetch the model as safetensors from where you trust",
        "bomb": "claims {0:,} bytes of weights in a file of {1:,}, which would fill the memory. Delete it, and fetch "
        "the model as safetensors from where you trust",
        "packed": "is an archive that was packed anew, as torch never writes one. Unpack it, and look for the weights "
        "in it",
        "program": "is a TorchScript program rather than weights, and programs are not opened here. Fetch the model "
        "as safetensors",
        "other_archive": "is an archive, but not one of weights. Unpack it, and look for a checkpoint in it",
        "tar": "is a tar archive, as torch wrote weights before 2018 and opens no more. Fetch the model as safetensors",
        "foreign": "is a pickle that torch.save did not write. Fetch the model as safetensors",
        "damaged": "is damaged: {0}. Fetch it again",
        "empty": "holds no weights. Fetch the model as safetensors",
        "memory": "needs more memory to be opened than it may have. Close other programs, or fetch the model as "
        "safetensors",
        "slow": "took longer to open than the {seconds:,} seconds it may have. Fetch the model as safetensors",
        "too_large": "has {size:,} bytes, more than the {most:,} that are converted. Fetch the model as safetensors",
        "disk": "could not be converted, since {folder} takes no file of that size ({1}). Free some space there, or "
        "move the file to another folder",
        "exists": "would become {target}, which is there already. Move that away, or use it",
        "misnamed": "is a pickle under the name of a safetensors file. Rename it to {stem}.ckpt to have it converted",
        "not_writable": "lies in {folder}, which cannot be written. Copy it to a folder of your own",
        "not_needed": "is a safetensors file already. Use it as it is",
        "no_file": "is no file. Check the name",
        "died": "ended the process that opened it (code {code}). Fetch the model as safetensors",
    }
)

# How a process ends that has used up its time.
_TOO_LONG = getattr(signal, "SIGXCPU", 0)

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Limits:
    """What a conversion may take: bytes of the pickle and of its weights, and time."""

    most_bytes: int = 12 * 10**9
    seconds: int = 1800


@dataclass(frozen=True)
class Conversion:
    """What came of a conversion: the file, how many tensors it has, and how many other things were left out."""

    path: Path
    tensors: int
    left_out: int


LIMITS = Limits()


def converted(path: Path, *, on_progress: OnProgress = lambda done, total: None, limits: Limits = LIMITS) -> Path:
    """The safetensors file that a pickle was converted to; see `conversion`."""
    return conversion(path, on_progress=on_progress, limits=limits).path


def conversion(
    path: Path, *, on_progress: OnProgress = lambda done, total: None, limits: Limits = LIMITS
) -> Conversion:
    """Convert a pickle to a safetensors file beside it, which appears whole or not at all; LoadError if it cannot be.

    The weights keep their names and precision, and the file names its origin. `on_progress(done, total)` is called
    several times a second, and may raise to stop.
    """
    target = path.with_suffix(".safetensors")
    _check(path, target, limits)
    with _beside(target, path) as made:
        told = _told(path, made, on_progress, limits)
        shutil.copymode(path, made)
        _publish(made, target, path)
    return Conversion(target, told["tensors"], told["left_out"])


def _check(path: Path, target: Path, limits: Limits) -> None:
    if not path.is_file():
        raise _error("no_file", path)
    if not headers.is_pickle(path):
        if _is_tar(path):
            raise _error("tar", path)
        headers.read(path)
        raise _error("not_needed", path)
    if path.stat().st_size > limits.most_bytes:
        raise _error("too_large", path, size=path.stat().st_size, most=limits.most_bytes)
    if path.suffix.lower() == ".safetensors":
        raise _error("misnamed", path)
    if target.exists():
        raise _error("exists", path)


def _is_tar(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(512)[257:262] == b"ustar"


def _told(path: Path, made: Path, on_progress: OnProgress, limits: Limits) -> dict[str, int]:
    """What the process says last; LoadError if it refused, died or took too long."""
    job = {
        "path": [str(PROJECT), *(str(Path(entry).resolve()) for entry in sys.path if entry)],
        "source": str(path.resolve()),
        "target": str(made),
        "limits": {"bytes": limits.most_bytes, "seconds": limits.seconds},
    }
    with _process(job) as process:
        told = _followed(process, path, on_progress, limits)
        code = process.wait()
    if "refused" in told:
        raise _error(told["refused"], path, *told["facts"])
    if "tensors" not in told:
        raise _error("slow" if code == -_TOO_LONG else "died", path, code=code, seconds=limits.seconds)
    return told


def _followed(process: subprocess.Popen, path: Path, on_progress: OnProgress, limits: Limits) -> dict[str, Any]:
    end, told = time.monotonic() + limits.seconds, {}
    done, total = 0, 2 * path.stat().st_size
    with closing(watched(iter(process.stdout))) as lines:
        for line in lines:
            if time.monotonic() > end:
                raise _error("slow", path, seconds=limits.seconds)
            told = json.loads(line) if line else told
            done, total = told.get("done", done), told.get("total", total)
            on_progress(done, total)
    return told


@contextmanager
def _process(job: Mapping[str, object]) -> Iterator[subprocess.Popen]:
    """The process, ended if it has not ended itself."""
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", BOOT, json.dumps(job)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def _beside(target: Path, path: Path) -> Iterator[Path]:
    """A file of no name yet in the target's folder; what is left of it goes."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem[:40]}.", suffix=".part", dir=target.parent)
    except OSError:
        raise _error("not_writable", path) from None
    os.close(handle)
    made = Path(name)
    try:
        yield made
    finally:
        made.unlink(missing_ok=True)


def _publish(made: Path, target: Path, path: Path) -> None:
    """Give the file its name, unless something has it by now."""
    with suppress(OSError):
        os.link(made, target)
        return
    if target.exists():
        raise _error("exists", path)
    made.rename(target)  # on a disk that knows no second names


def _error(reason: str, path: Path, *facts: object, **named: object) -> LoadError:
    plain = ["".join(filter(str.isprintable, fact))[:200] if isinstance(fact, str) else fact for fact in facts]
    target = path.with_suffix(".safetensors").name
    sentence = REASONS[reason].format(*plain, folder=path.parent, target=target, stem=path.stem, **named)
    return LoadError(f"Convert: {path.name} {sentence}.")
