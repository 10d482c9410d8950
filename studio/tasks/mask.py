"""What to change in a picture: the mask of what words name, of what stands in front, or of what was painted."""

import time

import numpy as np

from studio import algebra, images, masks
from studio.config import Settings
from studio.errors import InvalidField
from studio.images import Picture
from studio.pipelines import networks
from studio.requests import RULES, CutOut, FindMask
from studio.results import Cut, Masked, NothingFound, Report
from studio.vision import registry
from studio.vision.foreground import Foregrounds
from studio.vision.regions import Regions
from studio.vision.registry import MaskModel


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
        matte = nets.foregrounds.matte(request.image, _model(request, "foreground"), report)
    else:
        matte = masks.read(_fitting("mask_image", request.mask_image, request))
    if not matte.any():
        raise InvalidField("mask_image", "Mask: it is empty, so nothing would be left. Find or paint what is to stay.")
    image = nets.foregrounds.cut_out(request.image, matte, report)
    return Cut(image=images.picture(image), seconds=time.monotonic() - started)


def find_mask(request: FindMask, nets: Nets, report: Report) -> Masked:
    """The mask that a request with its model named asks for; NothingFound if nothing looks like its words.

    InvalidField if a mask is of another size than the picture; strokes are laid over all of it.
    """
    started = time.monotonic()
    width, height = request.image.size
    mask, score = np.zeros((height, width), np.float32), None
    if request.mask_image is not None:
        mask = masks.read(_fitting("mask_image", request.mask_image, request))
    if request.source != "none":
        found, score = SOURCES[request.source](request, nets, report)
        mask = masks.combined(mask, masks.without_holes(found) if request.fill_holes else found, request.combine)
    if request.strokes is not None:
        painted = request.strokes.image.convert("RGBA")
        mask = masks.with_strokes(mask, *masks.strokes(painted, (width, height)))
    mask = masks.inverted(mask) if request.invert else mask
    mask = masks.feathered(masks.grown(mask, request.grow), request.feather)
    seconds = time.monotonic() - started
    return Masked(mask=masks.picture(mask), coverage=masks.coverage(mask), score=score, seconds=seconds)


def _named(request: FindMask, nets: Nets, report: Report) -> tuple[np.ndarray, float]:
    """What the words name, and how sure the net is of it."""
    terms = algebra.terms(request.words)
    model = _model(request, "words")
    folder = networks.folder(model.source, nets.settings, report, label=model.label, revision=model.revision)
    words = [term.words for term in terms]
    scores = nets.regions.scores(request.image, words, model, folder, report=report)
    joined = algebra.joined(terms, scores)
    best = float(joined.max())
    if best < request.threshold:
        said = f"nothing in the picture looks like '{request.words}' (best {best:.2f}, threshold {request.threshold:g})"
        guess = masks.picture(masks.thresholded(joined, 0.7 * best))
        raise NothingFound(f"Mask: {said}. Use other words, or lower the threshold.", guess)
    return masks.thresholded(joined, request.threshold), best


def _in_front(request: FindMask, nets: Nets, report: Report) -> tuple[np.ndarray, float]:
    """What stands in front of the background, and how sure the net is of it."""
    matte = nets.foregrounds.matte(request.image, _model(request, "foreground"), report)
    best = float(matte.max())
    if best < request.threshold:
        said = f"nothing stands out from the background (best {best:.2f}, threshold {request.threshold:g})"
        raise NothingFound(f"Mask: {said}. Find it by words, or paint it.", masks.picture(matte))
    return masks.thresholded(matte, request.threshold), best


SOURCES = {"words": _named, "foreground": _in_front}


def _model(request: FindMask | CutOut, finds: str) -> MaskModel:
    model = registry.model(request.mask_model)
    if model.finds != finds:
        fitting = ", ".join(row.id for row in registry.models(finds))
        message = f"Mask model: {model.id} does not find by {finds}. Choose one of {fitting}."
        raise InvalidField("mask_model", message)
    return model


def _fitting(name: str, picture: Picture, request: FindMask | CutOut) -> Picture:
    if picture.size == request.image.size:
        return picture
    (width, height), (wide, high) = picture.size, request.image.size
    message = f"{RULES[name].label}: {width}×{height} pixels where the picture has {wide}×{high}."
    raise InvalidField(name, f"{message} Make it of the picture's size.")
