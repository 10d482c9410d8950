"""What to change in a picture: the mask of what words name, of what stands in front, or of what was painted."""

import time

import numpy as np
from PIL import Image

from studio import algebra, images, masks
from studio.config import Settings
from studio.errors import InvalidField, LoadError
from studio.images import Picture
from studio.pipelines import networks
from studio.requests import RULES, CutOut, FindMask
from studio.results import Cut, Masked, NothingFound, Report
from studio.units import data_size
from studio.vision import registry
from studio.vision.foreground import Foregrounds
from studio.vision.regions import Regions
from studio.vision.registry import MaskModel

# The most of a picture that a hole in a mask takes up: a larger one is rather a thing before what was found.
LARGEST_HOLE = 0.02
# Nets are never quite sure: below the first of these nothing is left of a cut-out, above the second all of it.
LEVELS = (0.1, 0.9)
LEAST_MATTE = 0.5
LONGEST_SAID = 40


class Nets:
    """The nets that look for masks, each read when it is first asked; for one thread alone.

    They stay on the processor, where they take no memory from what paints.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.regions = Regions()
        self.foregrounds = Foregrounds(settings)


def look(request: FindMask | CutOut, nets: Nets, report: Report) -> Masked | Cut:
    """Do what the request asks, its model named, telling `report` of what takes long; that may raise to stop it."""
    return find_mask(request, nets, report) if isinstance(request, FindMask) else cut_out(request, nets, report)


def cut_out(request: CutOut, nets: Nets, report: Report) -> Cut:
    """The masked part alone, without a mask the foreground, freed of the colours behind it."""
    started = time.monotonic()
    if request.mask_image is None:
        matte = _matte(request, LEAST_MATTE, nets, report)
        matte = ((matte - LEVELS[0]) / (LEVELS[1] - LEVELS[0])).clip(0, 1)
    else:
        matte = masks.read(_fitting("mask_image", request.mask_image, request))
    if not matte.any():
        raise InvalidField("mask_image", "Mask: it is empty, so nothing would be left. Find or paint what is to stay.")
    image = nets.foregrounds.cut_out(request.image, matte, report)
    return Cut(image=images.picture(image), seconds=time.monotonic() - started)


def find_mask(request: FindMask, nets: Nets, report: Report) -> Masked:
    """The mask that a request with its model named asks for; NothingFound if nothing looks like its words.

    InvalidField if a mask is of another size than the picture, or strokes, which are laid over all of it, of another
    shape.
    """
    started = time.monotonic()
    width, height = request.image.size
    mask, score = np.zeros((height, width), np.float32), None
    if request.mask_image is not None:
        mask = masks.read(_fitting("mask_image", request.mask_image, request))
    if request.source != "none":
        found, score = SOURCES[request.source](request, nets, report)
        mask = masks.combined(mask, found, request.combine)
    if request.strokes is not None:
        mask = masks.with_strokes(mask, *masks.strokes(_strokes(request), (width, height)))
    mask = masks.inverted(mask) if request.invert else mask
    mask = masks.feathered(masks.grown(mask, request.grow), request.feather)
    seconds = time.monotonic() - started
    return Masked(mask=masks.picture(mask), coverage=masks.coverage(mask), score=score, seconds=seconds)


def _named(request: FindMask, nets: Nets, report: Report) -> tuple[np.ndarray, float]:
    """What the words name, and how sure the net is of it."""
    terms = algebra.terms(request.words)
    model = _model(request, "words")
    where = {"label": model.label, "revision": model.revision}
    if not request.download:
        _check_here(model, networks.find(model.source, nets.settings, **where) is not None)
    folder = networks.folder(model.source, nets.settings, report, **where)
    scores = nets.regions.scores(request.image, [term.words for term in terms], model, folder, report=report)
    likeliest = np.maximum.reduce([score for term, score in zip(terms, scores, strict=True) if term.sign > 0])
    best, words = float(likeliest.max()), request.words
    words = words if len(words) <= LONGEST_SAID else f"{words[:LONGEST_SAID]}…"
    if best < request.threshold:
        said = f"nothing in the picture looks like '{words}' (best {_below(best)}, threshold {request.threshold:g})"
        guess = masks.picture(masks.thresholded(likeliest, 0.7 * best))
        raise NothingFound(f"Mask: {said}. Use other words, or lower the threshold.", guess)
    mask = algebra.joined(terms, [_marked(score, request) for score in scores])
    if not mask.any():
        guess = masks.picture(masks.thresholded(likeliest, request.threshold))
        raise NothingFound(f"Mask: of '{words}' nothing is left once the rest is taken away. Take away less.", guess)
    return mask, best


def _in_front(request: FindMask, nets: Nets, report: Report) -> tuple[np.ndarray, float]:
    """What stands in front of the background, and how sure the net is of it."""
    matte = _matte(request, request.threshold, nets, report)
    return _marked(matte, request), float(matte.max())


def _matte(request: FindMask | CutOut, threshold: float, nets: Nets, report: Report) -> np.ndarray:
    """The foreground, whose best pixel reaches the threshold; NothingFound if none does."""
    model = _model(request, "foreground")
    if isinstance(request, FindMask) and not request.download:
        _check_here(model, nets.foregrounds.has(model, report))
    matte = nets.foregrounds.matte(request.image, model, report)
    best = float(matte.max())
    if best < threshold:
        said = f"nothing stands out from the background (best {_below(best)}, threshold {threshold:g})"
        raise NothingFound(f"Mask: {said}. Find it by words, or paint it.", masks.picture(matte))
    return matte


def _check_here(model: MaskModel, is_here: bool) -> None:
    if not is_here:
        size = data_size(model.size_bytes)
        raise LoadError(f"Mask model: {model.label} ({size}) is not on this machine yet. Press Find to download it.")


def _marked(scores: np.ndarray, request: FindMask) -> np.ndarray:
    """What is sure enough, with the small holes in it if they are to be filled."""
    mask = masks.thresholded(scores, request.threshold)
    return masks.without_holes(mask, LARGEST_HOLE) if request.fill_holes else mask


def _below(score: float) -> str:
    """A score that missed, never rounded up to what it missed."""
    return f"{int(score * 100) / 100:.2f}"


SOURCES = {"words": _named, "foreground": _in_front}


def _model(request: FindMask | CutOut, finds: str) -> MaskModel:
    model = registry.model(request.mask_model)
    if model.finds != finds:
        fitting = ", ".join(row.id for row in registry.models(finds))
        message = f"Mask model: {model.id} does not find by {finds}. Choose one of {fitting}."
        raise InvalidField("mask_model", message)
    return model


def _strokes(request: FindMask) -> Image.Image:
    """What was painted, which may be smaller or larger than the picture; InvalidField if it cannot lie over it."""
    layer, (width, height) = request.strokes.image, request.image.size
    if layer.mode != "RGBA":
        message = "Strokes: the layer is not transparent anywhere, so it would cover the whole picture."
        raise InvalidField("strokes", f"{message} Send one that is transparent where nothing was painted.")
    if abs(layer.width * height - layer.height * width) > max(width, height):  # more than a pixel of the layer
        message = f"Strokes: {layer.width}×{layer.height} pixels are of another shape than the picture's"
        raise InvalidField("strokes", f"{message} {width}×{height}. Paint them over this picture.")
    return layer


def _fitting(name: str, picture: Picture, request: FindMask | CutOut) -> Picture:
    if picture.size == request.image.size:
        return picture
    (width, height), (wide, high) = picture.size, request.image.size
    message = f"{RULES[name].label}: {width}×{height} pixels where the picture has {wide}×{high}."
    raise InvalidField(name, f"{message} Make it of the picture's size.")
