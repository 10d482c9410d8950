"""Pictures as files with their settings inside, or with not a byte of them.

The settings stand twice: as A1111's text, which most programs and galleries read, and as our JSON, which is exact.
PNG has both as text (`parameters`, `easel`). JPEG and WebP have the text in EXIF's UserComment, and the JSON in an XMP
packet: no viewer shows it as a caption, and in a JPEG it has 64 kB of its own beside the text's.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from html import escape
from io import BytesIO
from pathlib import PurePath
from typing import TypeVar

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio import infotext
from studio.errors import StudioError
from studio.grids import Grid
from studio.infotext import UNKNOWN, Hashes
from studio.requests import TextToImage
from studio.results import Obeyed, to_json

VERSION = "0.3"
CHUNK = "easel"
TEXT = "parameters"
NAMESPACE = "urn:easel:settings"
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286
UNICODE = b"UNICODE\0"
# EXIF and XMP each have to fit into one segment of a JPEG.
LARGEST_SEGMENT = 65_000

Asked = TypeVar("Asked", TextToImage, Grid)


def encoded(
    image: Image.Image,
    request: Asked,
    *,
    format: str = "PNG",
    hashes: Hashes = UNKNOWN,
    obeyed: Sequence[Obeyed] = (),
) -> bytes:
    """A picture as the bytes of a PNG, JPEG or WebP file; `request` is what gives it alone, as in `Result.requests`.

    `obeyed` is told beside it. With `embed_metadata` off nothing but pixels is in it. StudioError if the settings are
    too long for a JPEG.
    """
    clean = image.copy()
    clean.info = {}  # Pillow would write what it finds there
    text = infotext_of(shared(request), hashes)
    said = SAID[format](text, _json(request, obeyed)) if request.embed_metadata else {}
    file = BytesIO()
    if format != "PNG" and clean.mode not in ("RGB", "L"):
        clean = clean.convert("RGBA" if format == "WEBP" else "RGB")
    clean.save(file, format, **OPTIONS[format], **said)
    return file.getvalue()


def infotext_of(request: Asked, hashes: Hashes = UNKNOWN) -> str:
    """The settings of one picture as A1111's text; for a grid's sheet those of its base."""
    one = request.base if isinstance(request, Grid) else request
    return infotext.written(one, model_name=one.checkpoint, version=VERSION, hashes=hashes)


def shared(request: Asked) -> Asked:
    """The request as it may leave this machine: checkpoints by their names, not by where they lie."""
    if not isinstance(request, Grid):
        return replace(request, checkpoint=_name(request.checkpoint))
    axes = {
        name: replace(axis, values=tuple(map(_name, axis.values)))
        for name, axis in request.axes.items()
        if axis.field == "checkpoint"
    }
    return replace(request, base=shared(request.base), **axes)


def _name(checkpoint: str) -> str:
    path = PurePath(checkpoint)
    return path.name if path.is_absolute() else checkpoint


def _json(request: Asked, obeyed: Sequence[Obeyed]) -> str:
    said = {"version": VERSION, "request": to_json(shared(request))}
    followed = {"obeyed": [asdict(one) for one in obeyed]} if obeyed else {}
    return json.dumps(said | followed, ensure_ascii=False)


def _png(text: str, settings: str) -> dict[str, object]:
    info = PngInfo()
    info.add_text(TEXT, text)
    info.add_itxt(CHUNK, settings)
    return {"pnginfo": info}


def _exif(text: str, settings: str) -> dict[str, object]:
    exif = Image.Exif()
    exif[EXIF_IFD] = {USER_COMMENT: UNICODE + text.encode("utf-16-be")}
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:{CHUNK}="{NAMESPACE}"><{CHUNK}:settings>{escape(settings)}'
        f"</{CHUNK}:settings></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    return {"exif": exif.tobytes(), "xmp": packet.encode()}


def _jpeg(text: str, settings: str) -> dict[str, object]:
    said = _exif(text, settings)
    if max(map(len, said.values())) > LARGEST_SEGMENT:
        raise StudioError(
            "Settings: the prompts are too long to stand in a JPEG. Save as PNG or WebP, or leave them out."
        )
    return said


SAID = {"PNG": _png, "JPEG": _jpeg, "WEBP": _exif}
OPTIONS = {
    # Of zlib's ways the one meant for PNG: thrice as fast, and for photographs as small.
    "PNG": {"compress_type": zlib.Z_RLE},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 95},
}
