"""Whatever file is dropped on the page becomes a plain picture, or a sentence that says why not."""

import json
import os
import pickle
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from studio import images
from studio.errors import StudioError
from studio.images import Picture
from studio.requests import RESIZE_MODES

STILL = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
RAMP = np.linspace(0, 1, 256).repeat(64).reshape(256, 64).T
COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def encoded(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def read(source: bytes | Path) -> Image.Image:
    return images.read(source, label="Start image").image


def refusal(source: bytes | Path) -> str:
    with pytest.raises(StudioError) as caught:
        images.read(source, label="Start image")
    return str(caught.value)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *extra: bytes, bits: int = 8, colours: int = 0, rows: bytes = b"") -> bytes:
    """A PNG put together by hand, so that its parts need not agree."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows or bytes((width + 1) * height)))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *extra, pixels, chunk(b"IEND", b"")])


def tiff(tags: dict[int, int], body: bytes) -> bytes:
    """A TIFF of one channel, 16 × 16 and 8 bits if not said otherwise, put together by hand."""
    tags = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 277: 1} | tags
    start, length = (324, 325) if 322 in tags else (273, 279)
    tags |= {start: 10 + 12 * (len(tags) + 2) + 4, length: len(body)}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items())]
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4) + body


def heif(*brands: bytes) -> bytes:
    return struct.pack(">I", 8 + 4 * len(brands) + 4) + b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:]) + b"junk"


def quarters(size: tuple[int, int] = (64, 32), names: Iterable[str] = tuple(COLOURS)) -> Image.Image:
    """Four colours, two above and two below: red and lime above blue and white."""
    width, height = (side // 2 for side in size)
    image = Image.new("RGB", size)
    for name, (top, left) in zip(names, product((0, height), (0, width)), strict=True):
        image.paste(name, (left, top, left + width, top + height))
    return image


def named(pixel: Sequence[int]) -> str:
    """The name of the colour that is nearest."""
    return min(COLOURS, key=lambda name: np.abs(np.subtract(pixel, COLOURS[name])).sum())


def seen(image: Image.Image) -> list[str]:
    """The colours of the quarters of a picture, by name."""
    spots = [(image.width * x // 4, image.height * y // 4) for y, x in product((1, 3), (1, 3))]
    return [named(image.convert("RGB").getpixel(spot)) for spot in spots]


def noisy(width: int, height: int, **how: object) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8), **how)


# A file of every kind, and what opens pictures in other programs but not here.
NO_PICTURES = {
    "one byte": b"\x89",
    "text": b"a red house",
    "text that begins like a bitmap": b"BMW, a red car in the snow",
    "not found": b"<!doctype html><title>404 Not Found</title>",
    "program": b"\x7fELF\x02\x01\x01" + bytes(100),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>',
    "PDF": b"%PDF-1.7\n",
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n",
    "PSD": b"8BPS\0\1" + bytes(100),
    "ICO": encoded(Image.new("RGB", (16, 16)), "ICO"),
    "TGA": encoded(Image.new("RGB", (16, 16)), "TGA"),
    "PPM": encoded(Image.new("RGB", (16, 16)), "PPM"),
    "JPEG 2000": encoded(Image.new("RGB", (16, 16)), "JPEG2000"),
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_refused_whatever_its_name(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(data)
    message = "Start image: not a picture we can read (PNG, JPEG, WebP or AVIF). Convert it to PNG or JPEG"
    assert refusal(tmp_path / "picture.png").startswith(message)


def test_an_empty_file_is_called_empty() -> None:
    assert refusal(b"").endswith("(PNG, JPEG, WebP or AVIF). The file is empty; choose another.")


@pytest.mark.parametrize("brands", [(b"heic",), (b"mif1", b"mif1", b"heic"), (b"heix", b"mif1")])
def test_heic_is_refused_by_name(brands: tuple[bytes, ...]) -> None:
    assert refusal(heif(*brands)) == "Start image: HEIC pictures cannot be read here. Convert to JPEG and choose that."


def test_a_file_that_is_gone_or_a_folder_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.png", tmp_path, tmp_path / "pipe"):
        assert refusal(path) == "Start image: the file is not there any more. Choose it again."


@pytest.mark.parametrize("kind", STILL)
def test_pictures_are_read_by_their_content(kind: str, tmp_path: Path) -> None:
    (tmp_path / "picture.txt").write_bytes(encoded(quarters(), kind))
    assert seen(read(tmp_path / "picture.txt")) == ["red", "lime", "blue", "white"]


def test_the_second_picture_a_phone_adds_to_a_jpeg_is_left_aside() -> None:
    depth = Image.new("RGB", (64, 32))
    assert seen(read(encoded(quarters(), "MPO", save_all=True, append_images=[depth]))) == [*COLOURS]


@pytest.mark.parametrize("kind", STILL)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_file_cut_short_is_called_damaged(kind: str, share: float) -> None:
    data = encoded(noisy(64, 64), kind)
    assert refusal(data[: int(len(data) * share)]).startswith("Start image: the file is damaged")


@pytest.mark.parametrize("place", ["header", "pixels"])
def test_a_png_with_a_wrong_checksum_is_called_damaged(place: str) -> None:
    data = bytearray(png(16, 16))
    data[29 if place == "header" else -16] ^= 1
    assert refusal(bytes(data)).startswith("Start image: the file is damaged")


@pytest.mark.parametrize("cut", [6, 12])
def test_a_png_that_lacks_only_its_end_is_read(cut: int) -> None:
    assert np.array_equal(read(encoded(noisy(16, 16))[:-cut]), noisy(16, 16))


@settings(deadline=None)
@given(st.sampled_from(STILL), st.data())
def test_broken_bytes_give_a_picture_or_a_reason(kind: str, data: st.DataObject) -> None:
    file = bytearray(encoded(noisy(24, 16), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(images.read(bytes(file), label="Start image"), Picture)
    except StudioError as error:
        assert str(error).startswith("Start image: ")


SIZES = [
    ((13_000, 13_000), "13,000 × 13,000 pixels are 169.0 megapixels; at most 33.2. Make it smaller"),
    ((16_000, 16_000), "16,000 × 16,000 pixels are 256.0 megapixels; at most 33.2. Make it smaller"),
    ((30_000, 30_000), "30,000 × 30,000 pixels are too many; at most 16,384 a side. Make it smaller"),
    ((65_535, 65_535), "65,535 × 65,535 pixels are too many; at most 16,384 a side. Make it smaller"),
    ((1, 1), "1 × 1 pixels are too few; at least 8 a side. Choose a larger"),
    ((7, 64), "7 × 64 pixels are too few; at least 8 a side. Choose a larger"),
    ((8, 161), "8 × 161 pixels are 20.1 times as long as wide; at most 20 times. Crop it"),
]


@pytest.mark.parametrize(("size", "message"), SIZES)
def test_sizes_out_of_bounds_are_refused_by_the_header_alone(size: tuple[int, int], message: str) -> None:
    assert refusal(png(*size, rows=b"nothing")).startswith(f"Start image: {message}")


@pytest.mark.parametrize("size", [(8, 8), (8, 160), (160, 8), (512, 64)])
def test_sizes_within_bounds_are_read(size: tuple[int, int]) -> None:
    assert read(png(*size)).size == size


def test_a_file_of_too_many_bytes_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(25_300_000)
    message = "Start image: 25.3 MB are too many; at most 20 MB. Save it as JPEG or make it smaller."
    assert refusal(tmp_path / "large.png") == refusal(bytes(25_300_000)) == message


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "AVIF", "TIFF"])
def test_an_animation_is_refused(kind: str) -> None:
    data = encoded(quarters(), kind, save_all=True, append_images=[noisy(64, 32)])
    assert refusal(data).startswith("Start image: an animation, or several pictures in one file; one is needed.")


def test_a_png_of_one_frame_is_no_animation() -> None:
    control = chunk(b"acTL", struct.pack(">II", 1, 0))
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 16, 16, 0, 0, 0, 0, 0, 0))
    assert read(png(16, 16, control, frame)).size == (16, 16)


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = encoded(noisy(64, 64), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    assert refusal(data[:last] + data[last:-2] * 200 + data[-2:]).startswith("Start image: 209 scans in one JPEG are")
    assert read(data).size == (64, 64)


@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw"])
def test_a_tiff_is_read_if_packed_in_a_common_way(compression: str) -> None:
    data = encoded(quarters(), "TIFF", compression=compression)
    if compression == "tiff_lzw":
        assert seen(read(data)) == [*COLOURS]
    else:
        assert refusal(data) == "Start image: this kind of TIFF cannot be read here. Save it as PNG and choose that."


MEASURE = """
import json, sys
from pathlib import Path
from PIL import Image
from studio import images
from studio.errors import StudioError

def peak():  # not getrusage, whose peak begins with that of the process that started this one
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1000

def growth(do):
    before = peak()
    do()
    return peak() - before

def careful():
    try:
        images.read(path, label="Start image")
    except StudioError:
        return

growths = {}
for path in map(Path, sys.argv[1:]):
    growths[path.name] = growth(careful)
Image.MAX_IMAGE_PIXELS = None
growths["careless"] = growth(lambda: Image.open(sys.argv[1]).load())
print(json.dumps(growths))
"""
BOMBS: dict[str, Callable[[], bytes]] = {
    "large.png": lambda: png(13_000, 13_000),
    "texts.png": lambda: png(64, 64, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000)))] * 60),
    "text.png": lambda: png(64, 64, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(80_000_000)))),
    "many-texts.png": lambda: png(64, 64, *[chunk(b"tEXt", b"%d\0value" % index) for index in range(100_000)]),
    "profile.png": lambda: png(64, 64, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(80_000_000)))),
    "tile.tiff": lambda: tiff({259: 8, 322: 9_000, 323: 9_000}, zlib.compress(bytes(81_000_000))),
    "large.gif": lambda: encoded(Image.new("L", (8_000, 8_000)), "GIF"),
    "large.webp": lambda: encoded(Image.new("RGB", (6_500, 6_500)), "WEBP", method=0),
    "large.jpeg": lambda: encoded(Image.new("RGB", (6_500, 6_500)), "JPEG"),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the peak of a process only on Linux")
def test_no_small_file_takes_much_memory(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in BOMBS]
    for path, make in zip(paths, BOMBS.values(), strict=True):
        path.write_bytes(make())
        assert path.stat().st_size < 5_000_000
    told = subprocess.run([sys.executable, "-c", MEASURE, *paths], check=True, capture_output=True, timeout=60)
    growths = json.loads(told.stdout)
    assert growths.pop("careless") > 100, "the measure does not see a decoded picture"
    assert {name: growth for name, growth in growths.items() if growth >= 50} == {}


def test_no_file_starts_ghostscript(tmp_path: Path) -> None:
    (tmp_path / "gs").write_text(f"#!/bin/sh\necho started > {tmp_path}/canary\n")
    (tmp_path / "gs").chmod(0o700)
    (tmp_path / "picture.png").write_bytes(NO_PICTURES["EPS"])
    code = "import sys, pathlib; from studio import images; images.read(pathlib.Path(sys.argv[1]), label='Start image')"
    command = [sys.executable, "-c", code, tmp_path / "picture.png"]
    told = subprocess.run(command, check=False, capture_output=True, env=os.environ | {"PATH": str(tmp_path)})
    assert b"not a picture" in told.stderr and not (tmp_path / "canary").exists()


# How the upright picture lies in the file when EXIF says 1 to 8.
LYING = {
    1: ["red", "lime", "blue", "white"],
    2: ["lime", "red", "white", "blue"],
    3: ["white", "blue", "lime", "red"],
    4: ["blue", "white", "red", "lime"],
    5: ["red", "blue", "lime", "white"],
    6: ["lime", "white", "red", "blue"],
    7: ["white", "lime", "blue", "red"],
    8: ["blue", "red", "white", "lime"],
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", LYING)
def test_pictures_are_turned_upright(kind: str, orientation: int) -> None:
    size = (64, 32) if orientation < 5 else (32, 64)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = read(encoded(quarters(size, LYING[orientation]), kind, exif=exif))
    assert (upright.size, seen(upright)) == ((64, 32), [*COLOURS])


BAD_ORIENTATIONS = {
    "99": b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",
    "text": b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x03\0\0\0up\0\0\0\0\0\0",
    "cut": b"II*\0\x08\0\0\0\x01\0\x12\x01",
    "no EXIF": b"broken",
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", BAD_ORIENTATIONS.values(), ids=BAD_ORIENTATIONS)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_an_orientation_that_means_nothing_changes_nothing(kind: str, exif: bytes) -> None:
    assert seen(read(encoded(quarters(), kind, exif=b"Exif\0\0" + exif))) == [*COLOURS]


SIXTEEN_BITS = (RAMP * 65_535).astype(np.uint16)
GREYS: dict[str, Callable[[], bytes]] = {
    "16-bit PNG": lambda: encoded(Image.fromarray(SIXTEEN_BITS)),
    "16-bit TIFF": lambda: encoded(Image.fromarray(SIXTEEN_BITS), "TIFF"),
    "32-bit signed": lambda: encoded(Image.fromarray((RAMP * (2**31 - 1)).astype(np.int32)), "TIFF"),
    "32-bit unsigned": lambda: tiff({256: 256, 257: 64, 258: 32}, (RAMP * (2**32 - 1)).astype("<u4").tobytes()),
    "float from 0 to 1": lambda: encoded(Image.fromarray(RAMP.astype(np.float32)), "TIFF"),
    "float from 0 to 255": lambda: encoded(Image.fromarray((RAMP * 255).astype(np.float32)), "TIFF"),
    "float of all sizes": lambda: encoded(Image.fromarray((RAMP * 6e38 - 3e38).astype(np.float32)), "TIFF"),
    "float from −5 to 12": lambda: encoded(Image.fromarray((RAMP * 17 - 5).astype(np.float32)), "TIFF"),
    "16-bit RGB": lambda: png(
        256,
        64,
        bits=16,
        colours=2,
        rows=b"".join(b"\0" + row.astype(">u2").repeat(3).tobytes() for row in SIXTEEN_BITS),
    ),
}


@pytest.mark.parametrize("make", GREYS.values(), ids=GREYS)
def test_more_than_eight_bits_are_scaled(make: Callable[[], bytes]) -> None:
    kept = np.asarray(read(make()).convert("L")).astype(float)
    assert np.abs(kept - RAMP * 255).max() <= 1


@pytest.mark.parametrize(
    ("value", "grey"), [(0.0, 0), (0.5, 128), (1.0, 255), (7.0, 0), (float("nan"), 0), (float("inf"), 0)]
)
def test_floats_all_alike_are_scaled_too(value: float, grey: int) -> None:
    kept = images.picture(Image.fromarray(np.full((8, 8), value, np.float32)))
    assert kept.image.getextrema() == (grey, grey)


TRANSPARENT: dict[str, Callable[[], bytes]] = {
    "RGBA": lambda: encoded(Image.new("RGBA", (16, 16), (200, 10, 10, 0))),
    "LA": lambda: encoded(Image.new("LA", (16, 16), (10, 0))),
    "palette": lambda: encoded(Image.new("L", (16, 16), 3).convert("P"), transparency=3),
    "grey": lambda: encoded(Image.new("L", (16, 16), 3), transparency=3),
    "GIF": lambda: encoded(Image.new("P", (16, 16), 3), "GIF", transparency=3),
    "WebP": lambda: encoded(Image.new("RGBA", (16, 16), (200, 10, 10, 0)), "WEBP", lossless=True, exact=True),
    "16-bit grey": lambda: png(
        16, 16, chunk(b"tRNS", struct.pack(">H", 300)), bits=16, rows=(b"\0" + b"\x01\x2c" * 16) * 16
    ),
}


@pytest.mark.parametrize("make", TRANSPARENT.values(), ids=TRANSPARENT)
def test_what_is_transparent_stays_hidden(make: Callable[[], bytes]) -> None:
    kept = images.read(make(), label="Start image")
    assert kept.image.getchannel("A").getextrema() == (0, 0)
    assert images.flattened(kept).getextrema() == ((255, 255),) * 3
    assert images.flattened(kept, "blue").getcolors() == [(256, (0, 0, 255))]


def profile(*, is_swapped: bool) -> bytes:
    """sRGB, or sRGB with red and blue in each other's place."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = data.replace(b"rXYZ", b"____", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"____", b"bXYZ", 1)
    return swapped if is_swapped else data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
def test_colours_are_brought_to_srgb(kind: str) -> None:
    data = encoded(quarters(), kind, icc_profile=profile(is_swapped=True))
    assert seen(read(data)) == ["blue", "lime", "red", "white"]


def test_alpha_outlives_the_way_to_srgb() -> None:
    data = encoded(Image.new("RGBA", (16, 16), (255, 0, 0, 77)), icc_profile=profile(is_swapped=True))
    assert read(data).getpixel((3, 3)) == (0, 0, 255, 77)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("bad", [b"no profile", profile(is_swapped=True)[:200], profile(is_swapped=False)])
def test_a_profile_that_says_nothing_changes_nothing(mode: str, bad: bytes) -> None:
    image = noisy(16, 16).convert(mode)
    kept = read(encoded(image, icc_profile=bad))
    assert kept.mode == mode
    assert np.abs(np.asarray(kept).astype(int) - np.asarray(image)).max() <= 1


def test_cmyk_becomes_rgb() -> None:
    assert seen(read(encoded(quarters().convert("CMYK"), "JPEG", quality=95))) == [*COLOURS]
    assert seen(read(encoded(quarters().convert("CMYK"), "TIFF"))) == [*COLOURS]


def test_ycck_becomes_rgb() -> None:
    # Pillow writes no YCCK; said to be one, these inks are luma 200 without chroma: 55 of each light.
    data = bytearray(encoded(Image.new("CMYK", (16, 16), (55, 127, 127, 0)), "JPEG", quality=100))
    data[data.index(b"Adobe") + 11] = 2
    assert np.abs(np.array(read(bytes(data)).getpixel((3, 3))) - 55).max() <= 3


@pytest.mark.parametrize(("mode", "kept"), [("1", "L"), ("L", "L"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGBA")])
def test_pictures_become_grey_or_rgb(mode: str, kept: str) -> None:
    image = quarters().convert(mode)
    assert read(encoded(image)).mode == kept
    assert seen(read(encoded(image))) == seen(image)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
def test_nothing_but_pixels_is_kept(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET"
    how = {"exif": exif, "icc_profile": profile(is_swapped=False), "dpi": (72, 72), "comment": b"SECRET"}
    kept = images.read(encoded(quarters(), kind, **how), label="Start image")
    assert kept.image.info == {} and b"SECRET" not in kept.data


SIDES = st.integers(8, 40)
SHAPES = st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, st.sampled_from([3, 4]))


@settings(deadline=None)
@given(arrays.arrays(np.uint8, SHAPES))
def test_pixels_are_kept_bit_for_bit(pixels: np.ndarray) -> None:
    image = Image.fromarray(pixels)
    kept = images.read(encoded(image), label="Start image")
    assert np.array_equal(kept.image, pixels) and kept.size == image.size
    assert images.read(kept.data, label="Start image") == images.picture(image) == kept


def test_pictures_are_equal_by_content_and_do_not_change() -> None:
    one, same, other = (images.picture(Image.new("RGB", (8, 8), colour)) for colour in ("red", "red", "blue"))
    assert one == same != other and len({one, same, other}) == 2
    with pytest.raises(AttributeError):
        one.data = b""


def test_pictures_pickle() -> None:
    picture = images.picture(noisy(16, 16))
    assert pickle.loads(pickle.dumps(picture)) == picture


def test_a_picture_has_a_reference_and_a_short_name() -> None:
    picture = images.picture(noisy(640, 480))
    assert picture.reference == f"sha256:{picture.sha256}" and len(picture.sha256) == 64
    assert repr(picture) == f"Picture(640×480, {picture.sha256[:8]})"


def test_the_modes_are_those_a_request_may_name() -> None:
    assert images.RESIZES.keys() == RESIZE_MODES.keys()


@pytest.mark.parametrize("mode", images.RESIZES)
def test_a_picture_of_the_right_size_is_left_alone(mode: str) -> None:
    assert np.array_equal(images.resized(images.picture(noisy(48, 32)), 48, 32, mode), noisy(48, 32))


@settings(deadline=None)
@given(st.sampled_from(sorted(images.RESIZES)), st.tuples(*[st.integers(1, 90)] * 4), st.sampled_from(["L", "RGBA"]))
def test_every_size_becomes_the_size_asked(mode: str, sides: tuple[int, int, int, int], colours: str) -> None:
    *size, width, height = sides
    resized = images.resized(images.picture(Image.new(colours, size, "white")), width, height, mode)
    assert (resized.size, resized.mode) == ((width, height), "RGB")
    assert resized.getextrema() == ((255, 255),) * 3


def stripes() -> Picture:
    """Red, lime and blue side by side, each a square."""
    image = Image.new("RGB", (192, 64), "lime")
    image.paste("red", (0, 0, 64, 64))
    image.paste("blue", (128, 0, 192, 64))
    return images.picture(image)


def test_cropping_keeps_the_middle() -> None:
    assert seen(images.resized(stripes(), 32, 32, "crop")) == ["lime"] * 4


def test_stretching_keeps_everything() -> None:
    stretched = images.resized(stripes(), 60, 60, "stretch")
    assert [named(stretched.getpixel((x, 30))) for x in (5, 30, 55)] == ["red", "lime", "blue"]


def test_filling_draws_the_edges_out_around_the_whole() -> None:
    filled = images.resized(stripes(), 192, 192, "fill")
    assert np.array_equal(filled.crop((0, 64, 192, 128)), stripes().image)
    for y in (0, 60, 131, 191):
        assert [named(filled.getpixel((x, y))) for x in (2, 96, 189)] == ["red", "lime", "blue"]
