"""A picture to what stands in front: a matte by rembg's nets or the bundled one, and the cut-out without fringes."""

import errno
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from studio import images, imports
from studio.config import Settings
from studio.errors import Cancelled, LoadError, RunError
from studio.images import Picture
from studio.results import Progress, Report
from studio.units import data_size
from studio.vision.registry import MaskModel

if TYPE_CHECKING:
    from rembg.sessions.base import BaseSession

PROJECT = Path(__file__).resolve().parents[2]
MATTES_BYTES = 64 * 2**20
SESSIONS_BYTES = 512 * 2**20
# How often a caller is asked whether to go on, whatever the network does.
BEAT_SECONDS = 0.2
CHUNK_BYTES = 2**15
STALL_SECONDS = 30
# Left free on the disk: a full one stops more than Easel.
MARGIN_BYTES = 2**26
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
PREPARING = "preparing the cut-out tool; the first time on a machine takes up to half a minute"
PROVIDERS = ("CPUExecutionProvider",)
# Pixels cleaned at once, and the rows beyond them that are looked at too.
BAND_PIXELS = 2**21
AROUND = 64
# What the bundled net was trained to see.
SEES = 320
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)


class Foregrounds:
    """Holds the nets, and what they said lately: the same picture runs a net once; for one thread alone."""

    def __init__(self, settings: Settings, mattes_bytes: int = MATTES_BYTES) -> None:
        self._settings, self._mattes_bytes = settings, mattes_bytes
        self._sessions: OrderedDict[MaskModel, BaseSession] = OrderedDict()
        self._mattes: OrderedDict[tuple[str, str], np.ndarray] = OrderedDict()  # of 8 bits, as the nets give them

    def matte(self, picture: Picture, model: MaskModel, report: Report) -> np.ndarray:
        """How much of each pixel is foreground: float32 (height, width) of the picture, 0 to 1, in steps of 1/255.

        `report` is told what takes long, and may raise to stop it. LoadError if the model is not to be had, RunError if
        it fails.
        """
        key = picture.sha256, model.id
        if key not in self._mattes:
            self._mattes[key] = self._looked(picture, model, report)
        self._mattes.move_to_end(key)
        while sum(matte.nbytes for matte in self._mattes.values()) > self._mattes_bytes and len(self._mattes) > 1:
            self._mattes.popitem(last=False)
        return self._mattes[key].astype(np.float32) / 255

    def has(self, model: MaskModel, report: Report) -> bool:
        """Whether the model's file is here. LoadError if rembg cannot be used; its first import is told to `report`."""
        return _here(model, _rembg(report)) is not None

    def cut_out(self, picture: Picture, mask: np.ndarray, report: Report) -> Image.Image:
        """The picture as RGBA with the mask (height, width), 0 to 1, for its alpha, times the alpha it has already.

        What is opaque keeps its colours to the bit, and what is hidden has none. In between, colours lose what
        shone through from behind.
        """
        pixels = np.array(picture.image.convert("RGBA"))
        kept = np.rint(np.clip(mask, 0, 1) * 255)
        alpha = np.rint(kept * pixels[..., 3] / 255).astype(np.uint8)
        is_mixed = (kept < 255) & (alpha > 0)
        if is_mixed.any():
            clean = _decontaminated(images.flattened(picture), alpha, is_mixed, report)
            pixels[is_mixed, :3] = clean[is_mixed]
        pixels[..., 3] = alpha
        pixels[alpha == 0] = 0
        return Image.fromarray(pixels)

    def _looked(self, picture: Picture, model: MaskModel, report: Report) -> np.ndarray:
        session = self._session(model, report)
        report(Progress(phase="looking for the foreground"))
        try:
            return np.array(session.predict(images.flattened(picture))[0])
        except Exception as error:  # onnxruntime raises kinds of its own, which share no base
            message = f"Foreground: {model.label} could not look at the picture: {_first_line(error)}"
            raise RunError(f"{message}. Make the picture smaller, or choose another model.") from error

    def _session(self, model: MaskModel, report: Report) -> "BaseSession":
        if model not in self._sessions:
            rembg = _rembg(report)
            file = _file(model, rembg, self._settings, report)
            self._sessions[model] = _loaded(model, file, rembg)
        self._sessions.move_to_end(model)
        while sum(row.size_bytes for row in self._sessions) > SESSIONS_BYTES and len(self._sessions) > 1:
            self._sessions.popitem(last=False)
        return self._sessions[model]


def fetch(model: MaskModel, folder: Path, report: Report) -> Path:
    """Download the model's file into a folder under its id, as rembg would; LoadError says why that failed.

    `report` is told of bytes several times a second, and may raise to stop. What is broken off leaves no file.
    """
    _make_room(model, folder)
    started, bar = time.monotonic(), _Bar(model.size_bytes)
    # In a thread, since a network that is silent would not let `report` be heard.
    helper = ThreadPoolExecutor(1)
    coming = helper.submit(_retrieved, model, folder, bar)
    try:
        while not coming.done():
            wait([coming], BEAT_SECONDS)
            report(bar.progress(time.monotonic() - started))
        return coming.result()
    except ValueError:
        message = f"Foreground: {model.label} came with other bytes than it should have, and was thrown away"
        raise LoadError(f"{message}. A login page of this network may stand between; try another network.") from None
    except OSError as error:
        raise LoadError(_unfetched(model, folder, error)) from None
    finally:
        bar.is_stopped = True
        wait([coming], 1)
        helper.shutdown(wait=False)


class _Bar:
    """What pooch counts with while it downloads; ends that once it is stopped."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.is_stopped = total, 0, False

    def update(self, count: int) -> None:
        if self.is_stopped:
            raise Cancelled("Foreground: the download was stopped.")
        self.done += count

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """Nothing is shown, so there is nothing to close."""

    def progress(self, elapsed: float) -> Progress:
        # Pooch counts its last, smaller chunk as a whole one; a total of 0 is one that the network does not tell.
        done = min(self.done, self.total) if self.total else self.done
        remaining = elapsed / done * (self.total - done) if done and self.total else None
        return Progress(phase="downloading", step=done, steps=self.total, elapsed=elapsed, remaining=remaining)


def _retrieved(model: MaskModel, folder: Path, bar: _Bar) -> Path:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK_BYTES, timeout=STALL_SECONDS)
    how = {"fname": f"{model.id}.onnx", "path": folder, "downloader": downloader}
    return Path(pooch.retrieve(model.source, f"md5:{model.md5}", **how))


def _make_room(model: MaskModel, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoadError(_unfetched(model, folder, error)) from None
    if shutil.disk_usage(folder).free < model.size_bytes + MARGIN_BYTES:
        raise LoadError(_no_room(model, folder))


def _unfetched(model: MaskModel, folder: Path, error: OSError) -> str:
    if error.errno in FULL:
        return _no_room(model, folder)
    if error.errno is not None:  # those of the network have none
        return f"Foreground: {model.label} cannot be written into {folder}. Set REMBG_HOME to another folder."
    response = getattr(error, "response", None)
    if response is not None:
        said = f"{model.source} answered with an error ({response.status_code})"
    else:
        said = f"{model.source} cannot be reached, or the connection broke off"
    return f"Foreground: {model.label} could not be fetched: {said}. Check the network, and try again."


def _no_room(model: MaskModel, folder: Path) -> str:
    free = shutil.disk_usage(folder).free
    message = f"Foreground: {model.label} needs {data_size(model.size_bytes)} in {folder}"
    return f"{message}, which has {data_size(free)} left. Free some space, or set REMBG_HOME to another folder."


def _file(model: MaskModel, rembg: ModuleType, settings: Settings, report: Report) -> Path:
    """The model's file, fetched if need be; LoadError if it is not here and may not be fetched."""
    here = _here(model, rembg)
    if here:
        return here
    missing = f"Foreground: {model.label} ({data_size(model.size_bytes)}) is not on this machine"
    if settings.is_public:
        remedy = "Choose another model, or fetch it with Easel started without --share and on a loopback address."
        raise LoadError(f"{missing}, and only the owner of a private studio may download. {remedy}")
    folder = Path(rembg.sessions.sessions[model.id].model_dir())
    if _is_offline(settings):
        remedy = f"Start it without --offline and HF_HUB_OFFLINE, put {model.id}.onnx into {folder}"
        raise LoadError(f"{missing}, and Easel was told not to download. {remedy}, or choose another model.")
    return fetch(model, folder, report)


def _here(model: MaskModel, rembg: ModuleType) -> Path | None:
    """The model's file of this project, or where rembg looks for its own."""
    if model.source.startswith("assets/"):
        return PROJECT / model.source
    existing = rembg.sessions.sessions[model.id].resolve_existing(f"{model.id}.onnx")
    return Path(existing) if existing else None


def _is_offline(settings: Settings) -> bool:
    from huggingface_hub import constants

    return settings.offline or constants.HF_HUB_OFFLINE


def _loaded(model: MaskModel, file: Path, rembg: ModuleType) -> "BaseSession":
    """The model's session; LoadError if the file is missing or cannot be read."""
    try:
        if model.source.startswith("assets/"):
            return _bundled(model, file, rembg)
        return rembg.new_session(model.id, providers=list(PROVIDERS))
    except Exception as error:  # onnxruntime raises kinds of its own, which share no base
        putting = f"Put it back (git checkout {Path(model.source).parent})"
        remedy = putting if model.source.startswith("assets/") else f"Delete {file} and look again, to fetch it anew"
        message = f"Foreground: {file.name} is missing or damaged. {remedy}, or choose another model."
        raise LoadError(message) from error


def _bundled(model: MaskModel, file: Path, rembg: ModuleType) -> "BaseSession":
    """rembg's session for a net of one's own, of a file that is not in rembg's home."""

    class BundledSession(rembg.sessions.U2netCustomSession):
        @classmethod
        def download_models(cls, *args: object, **kwargs: object) -> str:
            return str(file)

        def predict(self, img: Image.Image, *args: object, **kwargs: object) -> list[Image.Image]:
            # rembg divides by the brightest pixel, and stretches each answer to 0 … 1. This net has seen nights as dark
            # as they are, and its answers are probabilities: stretched, a picture of nothing would show something.
            small = img.convert("RGB").resize((SEES, SEES), Image.Resampling.BICUBIC)
            seen = (np.asarray(small, np.float32) / 255 - MEAN) / DEVIATION
            answer = self.inner_session.run(None, {"pixels": seen.transpose(2, 0, 1)[None]})[0][0, 0]
            matte = Image.fromarray(np.rint(answer.clip(0, 1) * 255).astype(np.uint8))
            return [matte.resize(img.size, Image.Resampling.BILINEAR)]

    return BundledSession(model.id, None, model_path=str(file), providers=list(PROVIDERS))


def _decontaminated(image: Image.Image, alpha: np.ndarray, is_mixed: np.ndarray, report: Report) -> np.ndarray:
    """The colours (height, width, 3) of the foreground alone where it is mixed, and about the image's elsewhere.

    By bands, since rembg takes 150 bytes for a pixel.
    """
    rembg, colours = _rembg(report), np.array(image)
    width, height = image.size
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        report(Progress(phase="cleaning the edges", step=top, steps=height))
        bottom = min(top + rows, height)
        if is_mixed[top:bottom].any():
            upper, lower = max(0, top - AROUND), min(height, bottom + AROUND)
            seen = image.crop((0, upper, width, lower))
            clean = rembg.bg.decontaminate_cutout(seen, Image.fromarray(alpha[upper:lower]))
            colours[top:bottom] = np.asarray(clean)[top - upper : bottom - upper, :, :3]
    return colours


def _rembg(report: Report) -> ModuleType:
    """The library, imported when first asked; LoadError if that cannot be done here."""
    if "rembg" not in sys.modules:
        # Without it rembg ends the process.
        for name in ("rembg", "onnxruntime"):
            if find_spec(name) is None:
                raise LoadError(_unusable(f"{name} is not installed"))
        report(Progress(phase=PREPARING))
        _keep_compiled()
    try:
        with warnings.catch_warnings(), imports.directly():
            warnings.simplefilter("ignore")
            import rembg
    except (Exception, SystemExit) as error:
        raise LoadError(_unusable(_first_line(error))) from error
    return rembg


def _unusable(reason: str) -> str:
    remedy = 'Run pip install "rembg[cpu]" and start Easel again, or paint the mask.'
    return f"Foreground: the cut-out tool cannot be used: {reason}. {remedy}"


def _keep_compiled() -> None:
    """Name numba a folder, if it cannot write beside rembg's code: else each start would compile it anew."""
    spec = find_spec("pymatting")
    beside = spec.submodule_search_locations if spec else None
    if "NUMBA_CACHE_DIR" in os.environ or not beside or os.access(beside[0], os.W_OK):
        return
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "easel" / "numba"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    # A folder that others can write to would be none to run code from, so a new one is made if need be.
    os.environ["NUMBA_CACHE_DIR"] = str(folder) if os.access(folder, os.W_OK) else tempfile.mkdtemp()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
