"""The one owner of the device: loads, swaps and lends pipelines."""

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import diffusers
import torch
from diffusers import DiffusionPipeline

from studio import catalog
from studio.catalog import Checkpoint, Family
from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import memory, schedulers, sources
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


class PipelineManager:
    """Holds the only strong references to weights; to be used by one thread alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.device = torch.device(_device(settings.device))
        self.dtype = DTYPES[self.device.type] if settings.dtype == "auto" else getattr(torch, settings.dtype)
        self._residents: OrderedDict[str, Resident] = OrderedDict()

    @contextmanager
    def pipeline(
        self, request: TextToImage, *, on_load: Callable[[], None] = lambda: None
    ) -> Iterator[DiffusionPipeline]:
        """Lend a pipeline for a resolved request, its scheduler fresh and its weights shared; it is thrown away after.

        `on_load` is called before weights are read from disk. LoadError leaves every other checkpoint as it was.
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

    def held(self) -> list[str]:
        """Ids of the checkpoints in memory, the most recently used last."""
        return list(self._residents)

    def close(self) -> None:
        """Let go of everything."""
        self._residents.clear()
        memory.release(self.device)

    def _resident(self, checkpoint_id: str, on_load: Callable[[], None]) -> Resident:
        if checkpoint_id not in self._residents:
            on_load()
            row = sources.find(checkpoint_id, self._settings)
            folder = sources.folder_of(row, self._settings)
            if folder is None:
                raise LoadError(
                    f"Checkpoint: {row.label} is not on this machine. Put its diffusers folder into the --models "
                    "folder, or choose another checkpoint."
                )
            sources.check(folder)
            self._make_room(sources.weight_bytes(folder))
            self._residents[checkpoint_id] = self._loaded(row, folder)
        self._residents.move_to_end(checkpoint_id)
        return self._residents[checkpoint_id]

    def _make_room(self, needed_bytes: int) -> None:
        sizes = [(key, resident.size_bytes) for key, resident in self._residents.items()]
        budget = memory.budget_bytes(self.device, sum(size for _, size in sizes))
        for key in memory.to_evict(sizes, needed_bytes, budget):
            log.info("evicting %s", key)
            del self._residents[key]
            memory.release(self.device)

    def _loaded(self, row: Checkpoint, folder: Path) -> Resident:
        """Built aside: what fails here leaves nothing behind."""
        family = catalog.family(row.family)
        try:
            pipe = getattr(diffusers, family.pipeline).from_pretrained(
                folder, dtype=self.dtype, local_files_only=True, use_safetensors=True
            )
            pipe.to(self.device)
        except Exception as error:
            error.__traceback__ = None
            memory.release(self.device)
            raise LoadError(f"Checkpoint: {row.label} could not be loaded: {_first_line(error)}") from error
        components = {name: part for name, part in pipe.components.items() if name != "scheduler"}
        modules = [part for part in components.values() if isinstance(part, torch.nn.Module)]
        for module in modules:
            module.requires_grad_(False).eval()
        config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
        size = sum(p.numel() * p.element_size() for module in modules for p in module.parameters())
        return Resident(family=family, components=components, scheduler_config=config, size_bytes=size)


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
