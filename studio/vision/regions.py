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
from studio.vision.registry import MaskModel

BUDGET_BYTES = 64 * 2**20

# Errors that come of what is in the files.
BROKEN = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)


class Regions:
    """Holds the nets, and what they said lately: the same words for the same picture run none; for one thread alone."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._nets: dict[str, tuple[CLIPSegForImageSegmentation, CLIPSegProcessor]] = {}
        self._said: OrderedDict[tuple[str, str, str], np.ndarray] = OrderedDict()

    def scores(self, picture: Picture, words: Sequence[str], model: MaskModel, folder: Path) -> list[np.ndarray]:
        """For each of the words how sure the net is of each pixel: float32 (height, width) of the picture, 0 to 1.

        `folder` holds the model; LoadError if it cannot be read.
        """
        keys = [(model.id, picture.sha256, said) for said in words]
        if new := {key: key[2] for key in keys if key not in self._said}:
            with READING:
                net = self._net(model, folder)
            found = self._looked(picture, list(new.values()), net)
            self._said.update(zip(new, found, strict=True))
        scores = [_sized(self._said[key], picture.size) for key in keys]
        for key in keys:
            self._said.move_to_end(key)
        while sum(said.nbytes for said in self._said.values()) > self._budget_bytes:
            self._said.popitem(last=False)
        return scores

    def _net(self, model: MaskModel, folder: Path) -> tuple[CLIPSegForImageSegmentation, CLIPSegProcessor]:
        if model.id not in self._nets:
            how = {"local_files_only": True}
            try:
                net = CLIPSegForImageSegmentation.from_pretrained(
                    folder, dtype=torch.float32, use_safetensors=True, **how
                )
                processor = CLIPSegProcessor.from_pretrained(folder, **how)
                if len(processor.tokenizer) < net.config.text_config.vocab_size:  # made of nothing, without an error
                    raise ValueError("its vocabulary is missing")
                self._nets[model.id] = net.eval(), processor
            except BROKEN as error:
                first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
                message = f"Mask model: {model.label} could not be loaded: {first_line}"
                raise LoadError(f"{message}. Fetch it again, or choose another.") from error
        return self._nets[model.id]

    @staticmethod
    @torch.inference_mode()
    def _looked(
        picture: Picture, words: list[str], net: tuple[CLIPSegForImageSegmentation, CLIPSegProcessor]
    ) -> list[np.ndarray]:
        model, processor = net
        seen = [images.flattened(picture)] * len(words)
        inputs = processor(text=words, images=seen, padding=True, truncation=True, return_tensors="pt")
        return list(model(**inputs).logits.sigmoid().numpy())


def _sized(scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(scores).resize(size, Image.Resampling.BILINEAR)).clip(0, 1)
