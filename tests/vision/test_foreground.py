"""What stands in front is found and cut out; a model comes here whole or not at all, and what fails can be tried again.

All that needs rembg is in this file: every process that imports it pays for that.
"""

import hashlib
import os
import resource
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw

from studio import images
from studio.config import Settings
from studio.errors import Cancelled, LoadError, RunError
from studio.images import Picture
from studio.results import Progress
from studio.storybook import render
from studio.storybook.queries import FIRST_THING
from studio.storybook.world import Mix, random_scene
from studio.vision import foreground, registry
from studio.vision.foreground import Foregrounds
from studio.vision.registry import MaskModel
from tests import online
from tests.online import Online

PROJECT = Path(__file__).resolve().parents[2]
BUNDLED = registry.model("storybook-foreground")
SMALL = registry.model("u2netp")
PRIVATE, PUBLIC = Settings(), Settings(share=True, auth=("easel", "password"))
NET = PROJECT / BUNDLED.source


@dataclass
class Watcher:
    """Takes reports, and leaves at the first whose phase begins so and whose step is past `after`."""

    leave: str | None = None
    after: int = -1
    seen: list[Progress] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.seen.append(progress)
        if self.leave is not None and progress.phase.startswith(self.leave) and progress.step > self.after:
            raise Cancelled("left")

    @property
    def phases(self) -> list[str]:
        return [progress.phase for progress in self.seen]


@pytest.fixture(scope="module")
def foregrounds() -> Foregrounds:
    return Foregrounds(PRIVATE)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty folder that rembg takes for its home."""
    before = os.environ.get("U2NET_HOME")
    os.environ["U2NET_HOME"] = str(tmp_path / "home")
    yield tmp_path / "home"
    del os.environ["U2NET_HOME"]
    if before is not None:
        os.environ["U2NET_HOME"] = before


def scene(seed: int = 1, height: int = 96, aspect: float = 1.0) -> Picture:
    return images.picture(render.picture(random_scene(seed, aspect=aspect), height))


def refusal(foregrounds: Foregrounds, model: MaskModel) -> str:
    with pytest.raises(LoadError) as caught:
        foregrounds.matte(scene(), model, Watcher())
    return str(caught.value)


# What is found.


@pytest.mark.parametrize(("height", "aspect"), [(96, 1.0), (96, 1.5), (64, 0.5), (8, 1.0), (400, 1.0)])
def test_a_matte_is_of_the_pictures_size_and_from_0_to_1(height: int, aspect: float, foregrounds: Foregrounds) -> None:
    picture = scene(height=height, aspect=aspect)
    matte = foregrounds.matte(picture, BUNDLED, Watcher())
    assert matte.shape == picture.size[::-1] and matte.dtype == np.float32
    assert matte.min() >= 0 and matte.max() <= 1
    assert np.array_equal(np.rint(matte * 255), (matte * 255).round(3))


def test_what_stands_in_front_is_found(foregrounds: Foregrounds) -> None:
    shares = []
    for seed in range(70_000_000, 70_000_010):
        shown = random_scene(seed, Mix(looks=0))
        truth = render.segmentation(shown, 128) >= FIRST_THING
        found = foregrounds.matte(images.picture(render.picture(shown, 128)), BUNDLED, Watcher()) >= 0.5
        shares.append((truth & found).sum() / (truth | found).sum())
    assert np.mean(shares) > 0.75


def test_an_empty_sky_has_no_foreground(foregrounds: Foregrounds) -> None:
    empty = images.picture(Image.new("RGB", (96, 64), "#87ceeb"))
    assert foregrounds.matte(empty, BUNDLED, Watcher()).max() < 0.5


def test_grey_pictures_are_looked_at_too(foregrounds: Foregrounds) -> None:
    grey = images.picture(scene(3).image.convert("L"))
    assert grey.image.mode == "L"
    assert foregrounds.matte(grey, BUNDLED, Watcher()).shape == (96, 96)


def test_colours_under_transparency_are_not_looked_at(foregrounds: Foregrounds) -> None:
    pixels = np.array(scene(4).image.convert("RGBA"))
    pixels[:, :30, 3] = 0
    one = images.picture(Image.fromarray(pixels))
    pixels[:, :30, :3] = 255 - pixels[:, :30, :3]
    other = images.picture(Image.fromarray(pixels))
    assert one != other
    mattes = [foregrounds.matte(picture, BUNDLED, Watcher()) for picture in (one, other)]
    assert np.array_equal(*mattes)


def test_a_picture_is_looked_at_once(foregrounds: Foregrounds) -> None:
    first, again = Watcher(), Watcher()
    matte = foregrounds.matte(scene(5), BUNDLED, first)
    matte.fill(0.5)  # the caller's own
    assert first.phases[-1] == "looking for the foreground" and not again.phases
    second = foregrounds.matte(scene(5), BUNDLED, again)
    assert not again.phases and not np.array_equal(matte, second)


def test_mattes_are_forgotten_when_they_are_too_many() -> None:
    small = Foregrounds(PRIVATE, mattes_bytes=2 * 96 * 96)
    for seed in (1, 2, 1, 3):
        small.matte(scene(seed), BUNDLED, Watcher())
    kept, forgotten = Watcher(), Watcher()
    small.matte(scene(1), BUNDLED, kept)
    small.matte(scene(2), BUNDLED, forgotten)
    assert not kept.phases and forgotten.phases


def test_a_look_that_was_stopped_can_be_had_again() -> None:
    stopped = Foregrounds(PRIVATE)
    with pytest.raises(Cancelled):
        stopped.matte(scene(6), BUNDLED, Watcher(leave="looking"))
    assert stopped.matte(scene(6), BUNDLED, Watcher()).shape == (96, 96)


# The bundled file.


def bundled_at(file: Path) -> MaskModel:
    return replace(BUNDLED, source=f"assets/{os.path.relpath(file, PROJECT / 'assets')}")


def written(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A message of protobuf, by the numbers of its fields, all below 16."""
    parts = []
    for number, value in fields:
        is_number = isinstance(value, int)
        content = value.encode() if isinstance(value, str) else value
        parts.append(bytes([number << 3 | (0 if is_number else 2)]) + varint(value if is_number else len(content)))
        parts.append(b"" if is_number else content)
    return b"".join(parts)


def varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def number(name: str, value: np.ndarray, kind: int) -> tuple[int, bytes]:
    return 5, written(*[(1, side) for side in value.shape], (2, kind), (8, name), (9, value.tobytes()))


def pixels(name: str, channels: int) -> bytes:
    sides = [(1, written((1, side))) for side in (1, channels, 320, 320)]
    return written((1, name), (2, written((1, written((1, 1), (2, written(*sides)))))))


def red_net() -> bytes:
    """An ONNX net that answers with how red each pixel is."""
    channel = b"\xa0\x01\x02"  # field 20, the attribute's type: a number
    nodes = [
        written((1, "pixels"), (1, "first"), (2, "red"), (4, "Gather"), (5, written((1, "axis"), (3, 1)) + channel)),
        written((1, "red"), (1, "deviation"), (2, "scaled"), (4, "Mul")),
        written((1, "scaled"), (1, "mean"), (2, "foreground"), (4, "Add")),
    ]
    numbers = [
        number("first", np.array([0], np.int64), 7),
        number("deviation", np.array([0.229], np.float32), 1),
        number("mean", np.array([0.485], np.float32), 1),
    ]
    ends = [(11, pixels("pixels", 3)), (12, pixels("foreground", 1))]
    graph = written(*[(1, node) for node in nodes], (2, "red"), *numbers, *ends)
    return written((1, 8), (7, graph), (8, written((1, ""), (2, 13))))


@pytest.mark.parametrize("brightest", [0, 60, 255])
def test_the_net_sees_a_night_as_dark_as_it_is_and_its_answers_are_not_stretched(
    brightest: int, tmp_path: Path
) -> None:
    (tmp_path / "net.onnx").write_bytes(red_net())
    rows, columns = np.mgrid[:320, :320] / 319
    image = np.stack([rows * brightest, columns * brightest, 0 * rows], -1).round().astype(np.uint8)
    foregrounds, model = Foregrounds(PRIVATE), bundled_at(tmp_path / "net.onnx")
    matte = foregrounds.matte(images.picture(Image.fromarray(image)), model, Watcher())
    assert np.abs(matte * 255 - image[..., 0]).max() <= 1
    wide = images.picture(Image.fromarray(image).resize((200, 100)))
    assert np.abs(foregrounds.matte(wide, model, Watcher()) * 255 - wide.image.getchannel("R")).max() <= 3


def test_a_net_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(red_net().replace(b"pixels", b"lexips"))
    with pytest.raises(RunError) as caught:
        Foregrounds(PRIVATE).matte(scene(), bundled_at(tmp_path / "net.onnx"), Watcher())
    assert str(caught.value).startswith("Foreground: Storybook foreground could not look at the picture: ")
    assert str(caught.value).endswith(". Make the picture smaller, or choose another model.")


@pytest.mark.parametrize("content", [None, b"", b"no net", "half"])
def test_a_missing_or_broken_file_is_told_and_works_once_it_is_back(content: object, tmp_path: Path) -> None:
    file, foregrounds = tmp_path / "net.onnx", Foregrounds(PRIVATE)
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else NET.read_bytes()[:500_000])
    message = refusal(foregrounds, bundled_at(file))
    assert message.startswith("Foreground: net.onnx is missing or damaged. Put it back (git checkout ")
    assert message.endswith("), or choose another model.")
    shutil.copy(NET, file)
    assert foregrounds.matte(scene(), bundled_at(file), Watcher()).any()


def test_the_remedy_names_the_folder() -> None:
    message = refusal(Foregrounds(PRIVATE), replace(BUNDLED, source="assets/storybook/none.onnx"))
    assert message == (
        "Foreground: none.onnx is missing or damaged. Put it back (git checkout assets/storybook), or choose another "
        "model."
    )


def test_the_bundled_net_leaves_rembgs_home_alone(home: Path) -> None:
    Foregrounds(PRIVATE).matte(scene(), BUNDLED, Watcher())
    assert not home.exists()


# rembg's own models.


@pytest.mark.parametrize("place", ["models/u2netp/u2netp.onnx", "u2netp.onnx"])
@pytest.mark.parametrize("settings", [PRIVATE, PUBLIC, Settings(offline=True)], ids=["private", "public", "offline"])
def test_a_model_in_rembgs_home_is_used(place: str, settings: Settings, home: Path) -> None:
    (home / place).parent.mkdir(parents=True)
    shutil.copy(NET, home / place)
    matte = Foregrounds(settings).matte(scene(), SMALL, Watcher())
    assert matte.shape == (96, 96) and matte.min() < 0.1 and matte.max() > 0.9  # stretched


def test_a_damaged_model_in_rembgs_home_is_named(home: Path) -> None:
    file = home / "models/u2netp/u2netp.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no net")
    message = f"Foreground: u2netp.onnx is missing or damaged. Delete {file} and look again"
    assert refusal(Foregrounds(PRIVATE), SMALL).startswith(message)
    shutil.copy(NET, file)
    assert Foregrounds(PRIVATE).matte(scene(), SMALL, Watcher()).any()


def test_visitors_fetch_nothing(home: Path) -> None:
    message = refusal(Foregrounds(PUBLIC), SMALL)
    assert message.startswith(
        "Foreground: U²-Net, small (4.6 MB) is not on this machine, and only the owner of a private studio may "
        "download."
    )
    assert not home.exists()


# The tests' own process is in the hub's offline mode, so that it is refused even where the flag is not set.
@pytest.mark.parametrize("settings", [Settings(offline=True), PRIVATE], ids=["flag", "variable"])
def test_nothing_is_fetched_offline(settings: Settings, home: Path) -> None:
    message = refusal(Foregrounds(settings), SMALL)
    assert message == (
        "Foreground: U²-Net, small (4.6 MB) is not on this machine, and Easel was told not to download. Start it "
        f"without --offline and HF_HUB_OFFLINE, put u2netp.onnx into {home}/models/u2netp, or choose another model."
    )
    assert not home.exists()


def test_every_model_is_one_of_rembgs_under_the_same_address_and_digest() -> None:
    import rembg

    for row in registry.models("foreground"):
        if row is not BUNDLED:
            source = Path(sys.modules[rembg.sessions.sessions[row.id].__module__].__file__).read_text()
            assert f'"{row.source}"' in source and f'"md5:{row.md5}"' in source


# Downloads.


class Shelf(BaseHTTPRequestHandler):
    """Gives the server's content: whole, slowly, half and then gone, or half and then silent."""

    def do_GET(self) -> None:
        content, half = self.server.content, len(self.server.content) // 2
        if self.path == "/none.onnx":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.path == "/whole.onnx":
            self.wfile.write(content)
        elif self.path == "/slow.onnx":
            for start in range(0, len(content), half // 4):
                self.wfile.write(content[start : start + half // 4])
                self.server.is_over.wait(0.15)
        else:
            self.wfile.write(content[:half])
            self.wfile.flush()
            if self.path == "/silent.onnx":
                self.server.is_over.wait(20)

    def log_message(self, *values: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shelf) as started:
        started.content = np.random.default_rng(1).bytes(1_000_003)
        started.is_over = threading.Event()
        threading.Thread(target=started.serve_forever, daemon=True).start()
        yield started
        started.is_over.set()
        started.shutdown()


def served(server: ThreadingHTTPServer, name: str) -> MaskModel:
    digest = hashlib.md5(server.content, usedforsecurity=False).hexdigest()
    address = f"http://127.0.0.1:{server.server_port}/{name}.onnx"
    return replace(SMALL, source=address, md5=digest, size_bytes=len(server.content))


def failure(model: MaskModel, folder: Path) -> str:
    with pytest.raises(LoadError) as caught:
        foreground.fetch(model, folder, Watcher())
    return str(caught.value)


def emptied(folder: Path) -> bool:
    """Whether nothing is left in the folder, or will be in a moment."""
    end = time.monotonic() + 3
    while any(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(folder.iterdir())


def test_a_download_comes_whole_and_tells_its_bytes(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    watcher = Watcher()
    file = foreground.fetch(served(server, "slow"), tmp_path / "models/u2netp", watcher)
    assert file == tmp_path / "models/u2netp/u2netp.onnx" and file.read_bytes() == server.content
    assert list(file.parent.iterdir()) == [file]
    steps = [progress.step for progress in watcher.seen]
    assert {*watcher.phases} == {"downloading"} and len({*steps}) > 3
    assert steps == sorted(steps) and steps[-1] == watcher.seen[-1].steps == len(server.content)
    assert watcher.seen[-1].remaining == 0 and watcher.seen[-1].elapsed > 0.5


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("whole", {"md5": "0" * 32}, "came with other bytes than it should have, and was thrown away."),
        ("cut", {}, "could not be fetched: {source} cannot be reached, or the connection broke off."),
        ("none", {}, "could not be fetched: {source} answered with an error (404). Check the network, and try again."),
        ("whole", {"source": "http://127.0.0.1:9/u2netp.onnx"}, "could not be fetched: {source} cannot be reached"),
        ("whole", {"size_bytes": 10**18}, "needs 1000000000.0 GB in {folder}, which has "),
    ],
    ids=["other bytes", "cut", "not found", "nobody there", "no room"],
)
def test_what_fails_is_told_and_leaves_no_file(
    name: str, changes: dict, message: str, server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    model = replace(served(server, name), **changes)
    told = message.format(source=model.source, folder=tmp_path)
    assert failure(model, tmp_path).startswith(f"Foreground: U²-Net, small {told}")
    assert emptied(tmp_path)


def test_a_disk_that_fills_up_is_told(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        message = failure(served(server, "whole"), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert message.startswith(f"Foreground: U²-Net, small needs 1.0 MB in {tmp_path}, which has ")
    assert message.endswith(" left. Free some space, or set REMBG_HOME to another folder.")
    assert emptied(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    for folder in (tmp_path / "home", tmp_path / "home/models"):
        message = f"Foreground: U²-Net, small cannot be written into {folder}. Set REMBG_HOME to another folder."
        assert failure(served(server, "whole"), folder) == message


@pytest.mark.parametrize(("name", "after"), [("slow", 200_000), ("silent", 200_000), ("silent", -1)])
def test_a_download_can_be_stopped(name: str, after: int, server: ThreadingHTTPServer, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(Cancelled, match="left"):
        foreground.fetch(served(server, name), tmp_path, Watcher(leave="downloading", after=after))
    assert time.monotonic() - started < 5
    server.is_over.set()  # else the silent one is waited for
    assert emptied(tmp_path)
    assert foreground.fetch(served(server, "whole"), tmp_path, Watcher()).read_bytes() == server.content


def looked_at(model: MaskModel, settings: Settings) -> tuple[np.ndarray, list[str]]:
    """What a studio that may ask the network finds in a scene, and what it reported."""
    watcher = Watcher()
    return Foregrounds(settings).matte(scene(), model, watcher), list(dict.fromkeys(watcher.phases))


def test_a_model_is_fetched_when_it_is_first_used(server: ThreadingHTTPServer, home: Path) -> None:
    server.content = NET.read_bytes()
    with online.process() as pool:
        outcome = Online(pool, "http://127.0.0.1:9").call(looked_at, served(server, "whole"), PRIVATE)
    matte, phases = outcome.value
    assert phases == [foreground.PREPARING, "downloading", "looking for the foreground"]
    assert (home / "models/u2netp/u2netp.onnx").read_bytes() == server.content
    assert np.array_equal(matte, looked_at(SMALL, PRIVATE)[0])


# Cutting out.

UNITS = st.sampled_from([0.0, 0.001, 0.3, 0.5, 0.999, 1.0]) | st.floats(-0.5, 1.5, width=32)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[Picture, np.ndarray]:
    height, width = draw(st.integers(8, 24)), draw(st.integers(8, 24))
    channels = draw(st.sampled_from([1, 3, 4]))
    pixels = draw(arrays.arrays(np.uint8, (height, width, channels)))
    if channels == 4:
        pixels[..., 3] = draw(arrays.arrays(np.uint8, (height, width), elements=st.sampled_from([0, 1, 128, 254, 255])))
    mask = draw(arrays.arrays(np.float32, (height, width), elements=UNITS))
    return images.picture(Image.fromarray(pixels[..., 0] if channels == 1 else pixels)), mask


@tried(deadline=None, max_examples=60)
@given(cut=cuts())
def test_what_is_opaque_stays_to_the_bit_and_what_is_hidden_is_empty(cut: tuple[Picture, np.ndarray]) -> None:
    picture, mask = cut
    before = np.array(picture.image.convert("RGBA"))
    image = Foregrounds(PRIVATE).cut_out(picture, mask, Watcher())
    after = np.array(image)
    assert image.mode == "RGBA" and image.size == picture.size
    wanted = np.rint(np.clip(mask, 0, 1) * 255) * before[..., 3] / 255
    assert np.array_equal(after[..., 3], np.rint(wanted))
    assert np.array_equal(after[after[..., 3] == 255], before[after[..., 3] == 255])
    assert not after[after[..., 3] == 0].any()
    # Where the mask takes nothing away, a picture keeps the soft colours it came with.
    whole = (mask >= 1) & (before[..., 3] > 0)
    assert np.array_equal(after[whole], before[whole])


# The larger one is cleaned in two parts, whose seam goes through the disc.
@pytest.mark.parametrize("side", [128, 1500])
def test_what_shone_through_at_the_edges_is_taken_away(side: int, foregrounds: Foregrounds) -> None:
    mask = Image.new("L", (4 * side, 4 * side))
    ImageDraw.Draw(mask).ellipse((side, 3 * side, 2 * side, 3.9 * side), fill=255)
    mask = mask.reduce(4)
    mixed = Image.composite(Image.new("RGB", mask.size, "red"), Image.new("RGB", mask.size, "lime"), mask)
    soft = np.asarray(mask, np.float32) / 255
    is_edge = (soft > 0.2) & (soft < 0.8)
    cut = np.array(foregrounds.cut_out(images.picture(mixed), soft, Watcher()))
    assert is_edge.sum() > side / 4
    assert np.asarray(mixed)[is_edge][:, 1].mean() > 100
    assert cut[is_edge][:, 1].mean() < 25 and cut[is_edge][:, 0].mean() > 230


def test_hidden_colours_do_not_come_back_at_the_edges(foregrounds: Foregrounds) -> None:
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[:, :32] = (0, 0, 255, 0)  # a secret
    mask = np.full((64, 64), 0.5, np.float32)
    cut = np.array(foregrounds.cut_out(images.picture(Image.fromarray(pixels)), mask, Watcher()))
    assert not cut[:, :32].any()
    assert (cut[:, 32:, :3] >= 250).all()


def test_a_hard_mask_needs_no_cleaning(foregrounds: Foregrounds) -> None:
    mask = np.zeros((96, 96), np.float32)
    mask[20:60, 30:70] = 1
    watcher = Watcher()
    cut = foregrounds.cut_out(scene(), mask, watcher)
    assert not watcher.seen and cut.getchannel("A").getbbox() == (30, 20, 70, 60)


def test_cleaning_can_be_stopped(foregrounds: Foregrounds) -> None:
    with pytest.raises(Cancelled):
        foregrounds.cut_out(scene(), np.full((96, 96), 0.5, np.float32), Watcher(leave="cleaning"))
