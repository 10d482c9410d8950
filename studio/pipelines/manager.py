"""The one owner of the device: loads, swaps and lends pipelines."""

import json
import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import diffusers
import torch
import transformers
from diffusers import DiffusionPipeline

from studio import catalog
from studio.catalog import Checkpoint, Family
from studio.config import Settings
from studio.errors import LoadError, StudioError
from studio.pipelines import loading, memory, schedulers, sources
from studio.pipelines.loading import OnPart
from studio.requests import TextToImage

log = logging.getLogger(__name__)

DTYPES = {"cpu": torch.float32, "cuda": torch.float16, "mps": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Resident:
    """A checkpoint in memory: its parts, each held once, and its scheduler's config as it lies on disk."""

    family: Family
    components: dict[str, object]
    scheduler_config: dict
    size_bytes: int


class Pace(NamedTuple):
    """Seconds that a step and the rest of a picture took."""

    step: float
    rest: float


class PipelineManager:
    """Holds the only strong references to weights; to be used by one thread alone.

    `paces` is what pictures took last time, by what decides it (`pace_key`): the task writes and reads it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.device = torch.device(_device(settings.device))
        self.dtype = DTYPES[self.device.type] if settings.dtype == "auto" else getattr(torch, settings.dtype)
        self._residents: OrderedDict[str, Resident] = OrderedDict()
        self.paces: dict[tuple, Pace] = {}
        for library in (diffusers, transformers):
            library.utils.logging.disable_progress_bar()

    @contextmanager
    def pipeline(
        self, request: TextToImage, *, on_load: OnPart = lambda done, parts: None
    ) -> Iterator[DiffusionPipeline]:
        """Lend a pipeline for a resolved request, its scheduler fresh and its weights shared; it is thrown away after.

        `on_load(done, parts)` is called before each part is read from disk, and may raise to stop that. LoadError
        leaves every other checkpoint as it was.
        """
        resident = self._resident(request.checkpoint, on_load)
        scheduler = schedulers.make(request.scheduler, resident.scheduler_config)
        make = getattr(diffusers, resident.family.pipeline)
        pipe = make(**resident.components, scheduler=scheduler, **_unsafe(resident.components))
        pipe.set_progress_bar_config(disable=True)
        yield pipe

    def family(self, checkpoint_id: str) -> Family:
        """The family of a checkpoint, without loading it; NotFound if there is no such checkpoint."""
        return catalog.family(sources.find(checkpoint_id, self._settings).family)

    def used_bytes(self) -> int:
        """Bytes of the device's memory in use."""
        return memory.used_bytes(self.device)

    def held(self) -> list[str]:
        """Ids of the checkpoints in memory, the most recently used last."""
        return list(self._residents)

    def close(self) -> None:
        """Let go of everything."""
        self._residents.clear()
        memory.release(self.device)

    def _resident(self, checkpoint_id: str, on_load: OnPart) -> Resident:
        if checkpoint_id not in self._residents:
            row = sources.find(checkpoint_id, self._settings)
            folder = sources.located(row, self._settings)
            sources.check(folder)
            self._make_room(sources.weight_count(folder) * self.dtype.itemsize)
            self._residents[checkpoint_id] = self._loaded(row, folder, on_load)
        self._residents.move_to_end(checkpoint_id)
        return self._residents[checkpoint_id]

    def _make_room(self, needed_bytes: int) -> None:
        sizes = [(key, resident.size_bytes) for key, resident in self._residents.items()]
        budget = memory.budget_bytes(self.device, sum(size for _, size in sizes))
        for key in memory.to_evict(sizes, needed_bytes, budget):
            log.info("evicting %s", key)
            del self._residents[key]
            memory.release(self.device)

    def _loaded(self, row: Checkpoint, folder: Path, on_load: OnPart) -> Resident:
        """Built aside: what fails here leaves nothing behind."""
        family = catalog.family(row.family)
        try:
            made = loading.components(folder, family.pipeline, dtype=self.dtype, device=self.device, on_part=on_load)
        except Exception as error:
            # The frames hold the parts made so far.
            error.__traceback__ = None
            memory.release(self.device)
            if isinstance(error, StudioError):
                raise
            raise LoadError(f"Checkpoint: {row.label} could not be loaded: {_first_line(error)}") from error
        config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
        size = loading.parameter_bytes(made)
        return Resident(family=family, components=made, scheduler_config=config, size_bytes=size)


def pace_key(request: TextToImage) -> tuple:
    """What decides how long a step takes."""
    return request.checkpoint, request.width, request.height, request.scheduler, request.guidance_scale > 1


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _unsafe(components: dict[str, object]) -> dict[str, bool]:
    """No warning at every job for a checkpoint that carries no safety checker."""
    has_slot = "safety_checker" in components
    return {"requires_safety_checker": components["safety_checker"] is not None} if has_slot else {}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
