"""Words to regions of a picture, by CLIPSeg (Lüddecke & Ecker 2022): how much each pixel looks like what is named."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

from studio import images
from studio.errors import LoadError
from studio.images import Picture
from studio.imports import READING
from studio.results import Progress, Report
from studio.vision.registry import MaskModel

BUDGET_BYTES = 64 * 2**20

# Errors that come of what is in the files.
BROKEN = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)

Net = tuple[CLIPSegForImageSegmentation, CLIPSegProcessor]


class Regions:
    """Holds the nets, and what they said lately: the same words for the same picture run none; for one thread alone."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._nets: dict[str, Net] = {}
        self._said: OrderedDict[tuple[str, str, str], np.ndarray] = OrderedDict()

    def scores(
        self, picture: Picture, words: Sequence[str], model: MaskModel, folder: Path, *, report: Report
    ) -> list[np.ndarray]:
        """For each of the words how sure the net is of each pixel: float32 (height, width) of the picture, 0 to 1.

        `folder` holds the model; LoadError if it cannot be read. `report` hears before it is read and before it looks.
        """
        shown = picture.sha256
        keys = [(model.id, shown, said) for said in words]
        if new := {key: key[2] for key in keys if key not in self._said}:
            net = self._net(model, folder, report)
            report(Progress(phase="looking"))
            found = self._looked(picture, list(new.values()), net)
            self._said.update(zip(new, found, strict=True))
        scores = [_sized(self._said[key], picture.size) for key in keys]
        for key in keys:
            self._said.move_to_end(key)
        while sum(said.nbytes for said in self._said.values()) > self._budget_bytes:
            self._said.popitem(last=False)
        return scores

    def _net(self, model: MaskModel, folder: Path, report: Report) -> Net:
        if model.id not in self._nets:
            report(Progress(phase="reading the mask model"))
            with READING:
                self._nets[model.id] = _read(model, folder)
        return self._nets[model.id]

    @staticmethod
    @torch.inference_mode()
    def _looked(picture: Picture, words: list[str], net: Net) -> list[np.ndarray]:
        """What the model's own call gives, but that sees a picture anew for each of the words."""
        model, processor = net
        pixels = processor(images=images.flattened(picture), return_tensors="pt")["pixel_values"]
        seen = model.clip.get_image_features(pixels, output_hidden_states=True, interpolate_pos_encoding=True)
        meant = model.clip.get_text_features(
            **processor(text=words, padding=True, truncation=True, return_tensors="pt")
        )
        layers = [seen.hidden_states[layer + 1].expand(len(words), -1, -1) for layer in model.extract_layers]
        return list(model.decoder(layers, meant.pooler_output).logits.sigmoid().numpy())


def _read(model: MaskModel, folder: Path) -> Net:
    how = {"local_files_only": True}
    try:
        net = CLIPSegForImageSegmentation.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **how)
        processor = CLIPSegProcessor.from_pretrained(folder, **how)
        if len(processor.tokenizer) < net.config.text_config.vocab_size:  # made of nothing, without an error
            raise ValueError("its vocabulary is missing")
    except BROKEN as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        message = f"Mask model: {model.label} could not be loaded: {first_line}"
        raise LoadError(f"{message}. Fetch it again, or choose another.") from error
    return net.eval(), processor


def _sized(scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(scores).resize(size, Image.Resampling.BILINEAR)).clip(0, 1)
