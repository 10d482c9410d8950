"""Small pictures for the gallery, made when first asked for and kept beside the large ones."""

from contextlib import suppress
from pathlib import Path

from PIL import Image

from studio.errors import NotFound
from studio.outputs import files

FOLDER = ".thumbnails"
SIDE = 320


def thumbnail(folder: Path, id: str, picture: Path) -> Path:
    """A WebP of the picture, at most 320 pixels a side, under its id; NotFound if the picture is no more."""
    path = folder / FOLDER / f"{id}.webp"
    if path.is_file():
        return path
    try:
        with Image.open(picture, formats=["PNG"]) as image:
            image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3)
            small = image.convert("RGBA" if image.has_transparency_data else "RGB")
        files.made(path.parent)
        files.write(path, lambda file: small.save(file, "WEBP", quality=85))
    except (OSError, Image.DecompressionBombError) as error:
        why = getattr(error, "strerror", None) or "the file is damaged"
        raise NotFound(f"Picture: no preview of it can be made ({why}).") from None
    return path


def forget(folder: Path, id: str) -> None:
    """Delete the small picture of one that is no more."""
    with suppress(OSError):
        (folder / FOLDER / f"{id}.webp").unlink(missing_ok=True)
