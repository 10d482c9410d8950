"""LoRAs lent to the checkpoints in memory: a pipeline finds just those it is to have, and the others do nothing."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from diffusers import DiffusionPipeline
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from studio.errors import LoadError, StudioError
from studio.imports import READING
from studio.pipelines import lora_weights
from studio.pipelines.lora_weights import Matched
from studio.pipelines.loras import LoraFile
from studio.pipelines.shelf import Stamp

# The parts that LoRAs change, of a pipeline that has them.
PARTS = ("unet", "transformer", "text_encoder", "text_encoder_2")
# Of the files of LoRAs that stand by, put on and not used.
KEPT_BYTES = 512 * 2**20

Wanted = Sequence[tuple[LoraFile, float]]
Key = tuple[Path, Stamp]


class Lent(NamedTuple):
    """A LoRA that was put on: what the library calls it, its file, and what is to be said of it."""

    adapter: str
    file: LoraFile
    note: str


class Leases:
    """The LoRAs that are put on each checkpoint in memory, by its id, and which of them are heard how strongly.

    Those not wanted any more stand by, so that one can be changed for another in a moment. A picture without any takes
    them all off: then the checkpoint's layers are the very ones it was loaded with.
    """

    def __init__(self) -> None:
        self._lent: dict[str, dict[Key, Lent]] = {}
        self._active: dict[str, tuple[tuple[Lent, float], ...]] = {}
        self._numbers = itertools.count()

    def fit(self, pipe: DiffusionPipeline, checkpoint: str, label: str, wanted: Wanted) -> None:
        """Let these LoRAs, and no others, change the checkpoint `label` that the pipeline is made of.

        LoadError if one cannot be read, or does not fit; then none does.
        """
        keys = {(file.path, file.stamp): file for file, _ in wanted}
        standing = self._lent.get(checkpoint, {})
        idle_bytes = sum(lent.file.size_bytes for key, lent in standing.items() if key not in keys)
        if standing and (not wanted or idle_bytes > KEPT_BYTES):
            pipe.unload_lora_weights()
            self.forget(checkpoint)
        missing = {key: file for key, file in keys.items() if key not in self._lent.get(checkpoint, {})}
        if missing:
            try:
                self._put_on(pipe, checkpoint, label, missing)
            except Exception as error:
                pipe.unload_lora_weights()
                self.forget(checkpoint)
                told = _told(error)
                raise told from (None if told is error else error)
        active = tuple((self._lent[checkpoint][key], scale) for key, (_, scale) in zip(keys, wanted, strict=True))
        if active != self._active.get(checkpoint, ()):
            pipe.set_adapters([lent.adapter for lent, _ in active], [scale for _, scale in active])
            self._active[checkpoint] = active

    def stand(self, checkpoint: str) -> bool:
        """Whether any is put on the checkpoint."""
        return checkpoint in self._lent

    def heard(self, checkpoint: str) -> tuple[object, ...]:
        """What changes when the LoRAs do that text encoders hear."""
        return tuple((lent.adapter, scale) for lent, scale in self._active.get(checkpoint, ()) if lent.file.hears)

    def notes(self, checkpoint: str) -> list[str]:
        """What is to be said of the LoRAs that change it now."""
        return [lent.note for lent, _ in self._active.get(checkpoint, ()) if lent.note]

    def forget(self, checkpoint: str) -> None:
        """Nothing stands there any more."""
        self._lent.pop(checkpoint, None)
        self._active.pop(checkpoint, None)

    def _put_on(self, pipe: DiffusionPipeline, checkpoint: str, label: str, files: Mapping[Key, LoraFile]) -> None:
        """Put them on once all are read and found to fit."""
        named = {name: getattr(pipe, name, None) for name in PARTS}
        parts = {name: part for name, part in named.items() if part is not None}
        all_matched = {key: lora_weights.matched(file, parts, label) for key, file in files.items()}
        for key, matched in all_matched.items():
            # A file's own name might hold a dot, which the library refuses.
            adapter = f"easel_{next(self._numbers)}"
            with READING:
                for part, weights in matched.weights.items():
                    _load(pipe, part, weights, adapter)
            _check_applied(matched, parts, files[key], adapter)
            lent = Lent(adapter, files[key], _note(files[key], matched, label))
            self._lent.setdefault(checkpoint, {})[key] = lent


def _load(pipe: DiffusionPipeline, part: str, weights: Mapping[str, Tensor], adapter: str) -> None:
    how = {"adapter_name": adapter, "low_cpu_mem_usage": True}
    if part in ("unet", "transformer"):
        getattr(pipe, part).load_lora_adapter(dict(weights), prefix=None, **how)
    else:
        prefixed = {f"{part}.{key}": weight for key, weight in weights.items()}
        pipe.load_lora_into_text_encoder(prefixed, None, getattr(pipe, part), prefix=part, **how)


def _check_applied(matched: Matched, parts: Mapping[str, nn.Module], file: LoraFile, adapter: str) -> None:
    """LoadError if the library has put on fewer layers than were found."""
    wanted = sum(len(of_part) // 2 for of_part in matched.weights.values())
    layers = [layer for part in parts.values() for layer in part.modules() if isinstance(layer, BaseTunerLayer)]
    applied = sum(adapter in layer.lora_A for layer in layers)
    if applied != wanted:
        raise LoadError(f"LoRA: only {applied} of {wanted} layers of {file.name} were applied. Choose another.")


def _note(file: LoraFile, matched: Matched, label: str) -> str:
    missed = matched.count - matched.found
    return f"LoRA: {missed} of {matched.count} layers of {file.name} have no place in {label}." if missed else ""


def _told(error: Exception) -> StudioError:
    if isinstance(error, StudioError):
        return error
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
    return LoadError(f"LoRA: it could not be loaded: {first_line}. Choose another.")
