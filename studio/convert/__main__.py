"""`python -m studio.convert FILE…`: pickled weights to safetensors beside them."""

import argparse
import sys
from pathlib import Path

from studio.convert import conversion
from studio.errors import StudioError


def main() -> None:
    """Convert the files that are named, a line for each; exits with 1 if one of them was not."""
    parser = argparse.ArgumentParser(
        prog="python -m studio.convert",
        description="Convert pickled weights (.ckpt, .pt, .pth, .bin) to safetensors files beside them. "
        "None of a pickle is run: one that wants to is refused.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    sys.exit(1 if [file for file in parser.parse_args().files if not _is_converted(file)] else 0)


def _is_converted(file: Path) -> bool:
    try:
        made = conversion(file)
    except StudioError as error:
        print(error, file=sys.stderr)
        return False
    dropped = f", {made.left_out:,} other things left out" if made.left_out else ""
    print(f"{file.name} → {made.path.name}: {made.tensors:,} tensors{dropped}")
    return True


if __name__ == "__main__":
    main()
