"""What a pickle would run, told from its opcodes: nothing is loaded, and only the child does even this.

It is no boundary, since a pickle can be written to be read in two ways; torch's own unpickler is. It names what is
wanted, and needs a tenth of a second where torch takes five to start.
"""

import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# What weights are pickled with besides torch's own, and torch's unpickler allows.
PLAIN = frozenset(
    {
        "collections.OrderedDict",
        "collections.Counter",
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.set",
        "builtins.complex",
        "__builtin__.bytearray",
        "__builtin__.set",
        "__builtin__.complex",
    }
)
# What training leaves in checkpoints beside the weights: put down as an empty thing, and dropped.
KEEPSAKES = frozenset(
    {
        "argparse.Namespace",
        "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint",
        "lightning_fabric.utilities.data.AttributeDict",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy.dtype",
        "numpy.ndarray",
        "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
        "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
        "torch.optim.lr_scheduler.LambdaLR",
    }
)
# What embeddings were once kept in.
PARAMETERS = "torch.nn.modules.container.ParameterDict"
# How a file of torch's first format begins, after the pickle's version: with a long number.
FIRST_FORMAT = bytes.fromhex("8a0a6cfc9c46f9206aa85019")
# It goes on with its version, its machine, the weights' names and their keys.
FIRST_PICKLES = 5


class Refused(Exception):
    """The file is not converted; the first value is the reason, the others are facts for its sentence."""


def check(path: Path) -> None:
    """Refused if the file's archive is not sound, or its pickles want more than weights need."""
    if is_archive(path):
        _check_archive(path)
    wanted = sorted({name for name in _globals(path) if not _is_expected(name)})
    if wanted:
        raise Refused("hostile", ", ".join(wanted[:3]) + (", …" if len(wanted) > 3 else ""))
    if not is_archive(path) and not _is_of_first_format(path):
        raise Refused("foreign")


def is_archive(path: Path) -> bool:
    """Whether torch would read it as the archive that it writes today, else as a sequence of pickles."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _check_archive(path: Path) -> None:
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise Refused("damaged", str(error)) from None
    claimed = sum(entry.file_size for entry in entries)
    if claimed > size:
        raise Refused("bomb", claimed, size)
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise Refused("packed")
    names = {entry.filename.rpartition("/")[2] for entry in entries}
    if "constants.pkl" in names:
        raise Refused("program")
    if "data.pkl" not in names:
        raise Refused("other_archive")


def _is_of_first_format(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(32)[2:].startswith(FIRST_FORMAT)


def _is_expected(name: str) -> bool:
    return name.partition(".")[0] == "torch" or name in PLAIN | KEEPSAKES


def _globals(path: Path) -> Iterator[str]:
    if not is_archive(path):
        with path.open("rb") as file:
            for _ in range(FIRST_PICKLES):
                yield from _globals_of(file)
        return
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".pkl"):
                with archive.open(entry) as pickled:
                    yield from _globals_of(pickled)


def _globals_of(file: BinaryIO) -> Iterator[str]:
    """The names that one pickle imports, in whichever of the three ways; what cannot be read ends it."""
    texts: list[str] = []
    memo: dict[int, str] = {}
    try:
        for opcode, value, _ in pickletools.genops(file):
            if opcode.name in ("GLOBAL", "INST"):
                yield value.replace(" ", ".", 1)
            elif opcode.name == "STACK_GLOBAL":
                yield ".".join(texts[-2:])
            elif opcode.name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
                memo[len(memo) if value is None else value] = texts[-1] if texts else ""
            elif opcode.name in ("GET", "BINGET", "LONG_BINGET"):
                texts.append(memo.get(value, ""))
            elif isinstance(value, str):
                texts.append(value)
    except (ValueError, OverflowError, zipfile.BadZipFile):  # torch will say what is wrong with it
        return
