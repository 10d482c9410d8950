"""Pictures that come from outside: checked before they are decoded, then kept as plain PNG; and brought to a size."""

import hashlib
import re
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageFilter, ImageOps
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from studio.errors import StudioError

LARGEST_FILE = 20_000_000
LARGEST_AREA = 7680 * 4320  # 33 megapixels
LARGEST_SIDE = 16_384
LARGEST_PNG = 5 * LARGEST_AREA  # what pixels with an alpha come to as our own file, and some
SMALLEST_SIDE = 8
LARGEST_RATIO = 20
# A progressive JPEG has about ten. Each goes over the whole picture, yet 75 bytes are enough for one more.
MOST_SCANS = 50

# What the first bytes of a file say, whatever its name is. EPS, PDF, SVG and the like are left out on purpose.
SIGNATURES: dict[type[ImageFile], bytes] = {
    PngImageFile: rb"\x89PNG\r\n\x1a\n",
    JpegImageFile: rb"\xff\xd8\xff",
    WebPImageFile: rb"RIFF....WEBP",
    AvifImageFile: rb"....ftyp(....){0,16}?avi[fs]",
    GifImageFile: rb"GIF8[79]a",
    BmpImageFile: rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    TiffImageFile: rb"II\*\0|MM\0\*",
}
HEIC = rb"....ftyp(....){0,16}?(hei[cmsx]|hev[cx]|mif1|msf1)"
SCAN = rb"\xff\xda\0[\x06\x08\x0a\x0c][\x01-\x04]"
# What a PNG's pixels need, and what tells of an animation; texts and the rest are never read.
PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"eXIf", b"acTL", b"fcTL"}
# The other ways to pack a TIFF are rare, and need decoders that few have looked at.
TIFF_COMPRESSIONS = {"raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate"}
LARGEST_TILE = 2_048
TILE_WIDTH, TILE_HEIGHT, SAMPLE_FORMAT = 322, 323, 339
ORIENTATION = 0x0112
# EXIF's word for how the camera was held → what makes the picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, repr=False)
class Picture:
    """A PNG of 8 bits, L, RGB or RGBA, upright, in sRGB, with nothing but pixels in it; equal by content."""

    data: bytes

    def __repr__(self) -> str:
        width, height = self.size
        return f"Picture({width}×{height}, {self.sha256[:8]})"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, read from the header."""
        return struct.unpack_from(">II", self.data, 16)

    @property
    def sha256(self) -> str:
        """The digest of the PNG, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def reference(self) -> str:
        """What stands for the picture where its bytes do not belong, "sha256:…"."""
        return f"sha256:{self.sha256}"

    @property
    def image(self) -> Image.Image:
        """The pixels, decoded anew each time."""
        image = PngImageFile(BytesIO(self.data))
        image.load()
        return image


class _Unfit(Exception):
    """Why a file is no picture for us, and what to do; said behind its label."""


def read(source: Path | bytes, *, label: str, largest: int = LARGEST_FILE) -> Picture:
    """The picture in a file from outside; StudioError says in words that begin with `label` why there is none.

    A file of more than `largest` bytes is none. Nothing is decoded before its bytes, kind and size are known to be
    harmless. Metadata stays behind.
    """
    try:
        data = _bytes(source, largest)
        image = _decoded(_kind(data), data)
    except _Unfit as error:
        raise StudioError(f"{label}: {error}") from None
    return picture(image)


def picture(image: Image.Image) -> Picture:
    """Any image as a picture: turned upright, in sRGB and 8 bits, alpha kept, texts and all else left behind."""
    pixels = _in_srgb(_plain(image), image.info.get("icc_profile"))
    turn = TURNS.get(_orientation(image))
    pixels = pixels if turn is None else pixels.transpose(turn)
    file = BytesIO()
    # Of zlib's ways the one meant for PNG: thrice as fast, and for photographs as small.
    pixels.save(file, "PNG", icc_profile=None, compress_type=zlib.Z_RLE)
    return Picture(file.getvalue())


def flattened(picture: Picture, background: str = "white") -> Image.Image:
    """The picture as RGB; what was transparent shows the background, never what lay hidden beneath."""
    return opaque(picture.image, background)


def opaque(image: Image.Image, background: str = "white") -> Image.Image:
    """An image of L, RGB or RGBA as RGB, as `flattened`."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    canvas = Image.new("RGBA", image.size, background)
    canvas.alpha_composite(image)
    return canvas.convert("RGB")


def resized(picture: Picture, width: int, height: int, mode: str) -> Image.Image:
    """The picture as RGB of this size, by a mode of RESIZES; bit for bit itself if it has the size already."""
    image = flattened(picture)
    return image if image.size == (width, height) else RESIZES[mode](image, (width, height))


def _bytes(source: Path | bytes, largest: int) -> bytes:
    if isinstance(source, bytes):
        _check_length(len(source), largest)
        return source
    with suppress(OSError):  # swept away meanwhile, or not ours to read
        if source.is_file():  # neither a folder nor a pipe that never ends
            _check_length(source.stat().st_size, largest)
            return source.read_bytes()
    raise _Unfit("the file is not there any more. Choose it again.")


def _check_length(length: int, largest: int) -> None:
    if length > largest:
        limit = f"at most {largest // 1_000_000} MB"
        raise _Unfit(f"{length / 1e6:,.1f} MB are too many; {limit}. Save it as JPEG or make it smaller.")


def _kind(data: bytes) -> type[ImageFile]:
    for kind, signature in SIGNATURES.items():
        if re.match(signature, data, re.DOTALL):
            return kind
    if re.match(HEIC, data, re.DOTALL):
        raise _Unfit("HEIC pictures cannot be read here. Convert to JPEG and choose that.")
    remedy = "Convert it to PNG or JPEG, and choose that." if data else "The file is empty; choose another."
    raise _Unfit(f"not a picture we can read (PNG, JPEG, WebP or AVIF). {remedy}")


def _decoded(kind: type[ImageFile], data: bytes) -> ImageFile:
    try:
        # Not Image.open, which warns and raises at sizes of its own before ours can be told.
        image = kind(BytesIO(_bare_png(data) if kind is PngImageFile else data))
        _check_size(*image.size)
        _check_is_still(image)
        _check_work(image, data)
        image.load()
    except _Unfit:
        raise
    except Exception:  # a decoder raises anything at broken bytes
        raise _Unfit("the file is damaged or was cut short. Fetch it again, or save it anew as PNG.") from None
    return image


def _bare_png(data: bytes) -> bytes:
    """The PNG without the chunks we do not need; ValueError if one that we need does not match its checksum."""
    view, start = memoryview(data), 8
    kept = [view[:start]]
    while start + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if name in PNG_CHUNKS:
            kept.append(view[start:end])
            # A chunk that is cut short is the decoder's to judge: without the end of IEND a PNG is still whole.
            if end <= len(data) and zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
                raise ValueError(name)
        start = end if name != b"IEND" else len(data)
    return b"".join(kept)


def _check_size(width: int, height: int) -> None:
    shown = f"{width:,} × {height:,} pixels"
    small, large = sorted((width, height))
    if large > LARGEST_SIDE:
        raise _Unfit(f"{shown} are too many; at most {LARGEST_SIDE:,} a side. Make it smaller, and choose it again.")
    if width * height > LARGEST_AREA:
        are = f"{shown} are {width * height / 1e6:,.1f} megapixels"
        raise _Unfit(f"{are}; at most {LARGEST_AREA / 1e6:.1f}. Make it smaller, and choose it again.")
    if small < SMALLEST_SIDE:
        raise _Unfit(f"{shown} are too few; at least {SMALLEST_SIDE} a side. Choose a larger picture.")
    if large > LARGEST_RATIO * small:
        ratio = f"{large / small:.1f} times as long as wide"
        raise _Unfit(f"{shown} are {ratio}; at most {LARGEST_RATIO} times. Crop it, and choose it again.")


def _check_is_still(image: ImageFile) -> None:
    if getattr(image, "is_animated", False):
        raise _Unfit("an animation, or several pictures in one file; one is needed. Save one as PNG.")


def _check_work(image: ImageFile, data: bytes) -> None:
    """Refuse what makes a decoder work or allocate far more than the picture's size says."""
    if isinstance(image, JpegImageFile):
        scans = len(re.findall(SCAN, data))
        if scans > MOST_SCANS:
            raise _Unfit(f"{scans:,} scans in one JPEG are too many; at most {MOST_SCANS}. Save it anew as PNG.")
    if isinstance(image, TiffImageFile):
        tile = max(image.tag_v2.get(TILE_WIDTH, 0), image.tag_v2.get(TILE_HEIGHT, 0))
        if image.info.get("compression") not in TIFF_COMPRESSIONS or tile > LARGEST_TILE:
            raise _Unfit("this kind of TIFF cannot be read here. Save it as PNG and choose that.")


def _plain(image: Image.Image) -> Image.Image:
    """The image as L, RGB, RGBA or CMYK of 8 bits."""
    if image.mode == "F" or image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits as L: 16 bits, and numbers from 0 to 1, as they stand; any other range stretched."""
    values = np.asarray(image)
    if _is_unsigned(image):
        values = values.view(np.uint32)
    numbers = np.nan_to_num(values.astype(np.float64), copy=False, posinf=0, neginf=0)
    low, high = numbers.min(), numbers.max()
    if image.mode.startswith("I;16"):
        low, high = 0, 65_535
    elif low >= 0 and high <= 1:
        low, high = 0, 1
    numbers -= low
    numbers *= 255 / (high - low or 1)
    grey = Image.fromarray(numbers.round().astype(np.uint8))
    if "transparency" not in image.info:
        return grey
    hidden = values == image.info["transparency"]
    return Image.merge("LA", (grey, Image.fromarray(np.where(hidden, 0, 255).astype(np.uint8))))


def _is_unsigned(image: Image.Image) -> bool:
    """True for the TIFF whose 32 bits Pillow takes for signed."""
    return image.mode == "I" and isinstance(image, TiffImageFile) and image.tag_v2.get(SAMPLE_FORMAT, (1,)) == (1,)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """L, RGB or RGBA in sRGB; a profile that is broken, or of another kind of picture, is as good as none."""
    unmanaged = image.convert("RGB") if image.mode == "CMYK" else image
    if not profile:
        return unmanaged
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        managed = ImageCms.profileToProfile(image, BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode=mode)
    except ImageCms.PyCMSError:
        return unmanaged
    return managed.convert("L") if image.mode == "L" else managed


def _orientation(image: Image.Image) -> int | None:
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # broken EXIF raises anything, and says nothing
        return None
    return orientation if isinstance(orientation, int) else None


def _crop(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Its middle, as much as fits the shape."""
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _fill(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """All of it in the middle; around it its edges drawn out and blurred, so that nothing ends at a hard line."""
    scale = min(size[0] / image.width, size[1] / image.height)
    width, height = (max(1, round(side * scale)) for side in image.size)
    inner = image.resize((width, height), Image.Resampling.LANCZOS)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    around = ((top, size[1] - height - top), (left, size[0] - width - left), (0, 0))
    canvas = Image.fromarray(np.pad(np.asarray(inner), around, mode="edge"))
    canvas = canvas.filter(ImageFilter.GaussianBlur(max(left, top) / 4))
    canvas.paste(inner, (left, top))
    return canvas


def _stretch(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS)


RESIZES = {"crop": _crop, "fill": _fill, "stretch": _stretch}
