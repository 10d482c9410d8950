"""The one owner of the device: loads, swaps and lends pipelines."""

import json
import logging
import os
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import diffusers
import torch
import transformers
from diffusers import DiffusionPipeline, UNet2DConditionModel
from torch import nn

from studio import catalog
from studio.catalog import Checkpoint, ControlNet, Family, IPAdapter
from studio.config import Settings
from studio.errors import LoadError, StudioError
from studio.images import Picture
from studio.imports import READING
from studio.pipelines import (
    adapters,
    embedding_vectors,
    embeddings,
    headers,
    inpainting,
    layouts,
    loading,
    loras,
    memory,
    references,
    schedulers,
    shelf,
    sources,
)
from studio.pipelines.embedding_vectors import Embedding
from studio.pipelines.encoding import Encodings
from studio.pipelines.finished import Finished
from studio.pipelines.inpainting import Latents
from studio.pipelines.leases import Leases
from studio.pipelines.loading import Loaded, OnPart
from studio.pipelines.loras import LoraFile
from studio.pipelines.shelf import Stamp
from studio.pipelines.sources import Place
from studio.requests import TextToImage, is_steered, way

log = logging.getLogger(__name__)


# Errors that come of what is in the files: another try would end the same way.
LASTING = (LoadError, ValueError, KeyError)


@dataclass(frozen=True, kw_only=True)
class Resident:
    """A checkpoint in memory: its parts, each held once, its scheduler's config as it lies on disk, and the state of
    the files it came from."""

    family: Family
    loaded: Loaded
    scheduler_config: dict
    dtype: torch.dtype
    stamp: Stamp

    @property
    def unet(self) -> UNet2DConditionModel:
        """What paints, of a family that hears references."""
        return self.loaded.components["unet"]


class Pace(NamedTuple):
    """Seconds that a step and the rest of a picture took."""

    step: float
    rest: float


class PipelineManager:
    """Holds the only strong references to weights; to be used by one thread alone.

    `settings` are the studio's. `paces` is what pictures took last time, by what decides it (`pace_key`): the task
    writes and reads it. `faults` is what loading found wrong with files, for `sources` to know. `encodings` are
    prompts, `latents` pictures and `seen` references encoded lately, and `finished` pictures painted lately, for a grid
    that holds them again. `leases` are the LoRAs that stand on checkpoints now.
    """

    def __init__(self, settings: Settings, faults: dict[Path, tuple[Stamp, str]] | None = None) -> None:
        # Intel's library else sums in an order that depends on where in memory, and so where in a file, a weight lies.
        os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
        self.settings = settings
        self.device = torch.device(_device(settings.device))
        self._residents: OrderedDict[str, Resident] = OrderedDict()
        self._nets: OrderedDict[tuple, nn.Module] = OrderedDict()
        self.paces: dict[tuple, Pace] = {}
        self.faults = {} if faults is None else faults
        self.encodings, self.latents, self.seen = Encodings(), Latents(), references.Seen()
        self.finished, self.leases = Finished(), Leases()
        for library in (diffusers, transformers):
            library.utils.logging.disable_progress_bar()
        for room in ("diffusers.models.modeling_utils", "transformers.integrations.peft"):
            logging.getLogger(room).addFilter(_is_news)
        warnings.filterwarnings("ignore", "Already found a `peft_config`")  # several LoRAs are meant

    @contextmanager
    def pipeline(
        self, request: TextToImage, *, kind: str | None = None, on_load: OnPart = lambda done, parts: None
    ) -> Iterator[DiffusionPipeline]:
        """Lend a pipeline for a resolved request, its scheduler fresh and its weights shared; it is thrown away after.

        `kind` is what it is to do, by default what the request is. The nets that its controls are followed by stand
        beside the checkpoint, which is left as it is; a request's own LoRAs alone stand on it. It hears the request's
        references as long as it is lent, if it is called with what `heard` gives.
        `on_load(done, parts)` is called before each part is read from disk, and may raise to stop that. LoadError
        leaves every other checkpoint as it was, and if a LoRA is at fault this one too.
        """
        row = self.row(request.checkpoint)
        wanted = loras.files(request, row, self.settings)
        resident = self._resident(request.checkpoint, on_load)
        family, kind = resident.family, kind or request.kind
        if wanted or self.leases.stand(row.id):
            self._fit(resident, row, kind, wanted)
        beside = adapters.fitted(request, self._nets_of(request, resident)) if is_steered(request) else {}
        make = _class((family.controlled[way(request)] if beside else family.pipelines)[kind])
        scheduler = schedulers.make(request.scheduler, resident.scheduler_config)
        pipe = _made(make, resident, beside | {"scheduler": scheduler})
        pipe.set_progress_bar_config(disable=True)
        hearing = (
            references.worn(resident.unet, self._adapter(request), request, family.name)
            if request.references
            else nullcontext()
        )
        try:
            with hearing:
                yield pipe
        finally:
            # SDXL's pipelines widen a VAE that overflows and, if stopped on the way, leave it so.
            if next(pipe.vae.parameters()).dtype != resident.dtype:
                nn.Module.to(pipe.vae, resident.dtype)

    def heard(self, request: TextToImage) -> dict[str, object]:
        """What a pipeline lent for a request with references is called with to hear them; nothing without any.

        The image encoder looks at new pictures alone. LoadError if it is needed and cannot be loaded.
        """
        row = references.row(request)
        if row is None:
            return {}
        resident, patches = self._residents[request.checkpoint], self._adapter(request).sees_patches

        def see(picture: Picture | None) -> torch.Tensor:
            key = (row.source, row.encoder, resident.dtype, patches, picture and picture.sha256)
            return self.seen.of(key, lambda: references.look(self._encoder(request), picture, patches=patches))

        return references.arguments(resident.unet, request, see)

    def embeddings(self, request: TextToImage) -> list[Embedding]:
        """Those that the words of a request for one picture name; InvalidField or LoadError if one cannot be used."""
        files = embeddings.used(request, self.row(request.checkpoint), self.settings)
        return [embedding_vectors.read(file) for file in files]

    def row(self, checkpoint_id: str) -> Checkpoint:
        """What is known of a checkpoint, without loading it; NotFound if there is none, LoadError if it is damaged."""
        row = sources.find(checkpoint_id, self.settings)
        if row.problem:
            raise LoadError(row.problem)
        return row

    def stamp(self, checkpoint_id: str) -> Stamp:
        """What changes when the files of a checkpoint do; LoadError if they are not here."""
        return sources.place(self.row(checkpoint_id), self.settings, self.faults).stamp

    def family(self, checkpoint_id: str) -> Family:
        """The family of a checkpoint, without loading it; as `row`."""
        return catalog.family(self.row(checkpoint_id).family)

    def dtype(self, family: Family) -> torch.dtype:
        """The precision in which checkpoints of a family are held here."""
        if self.settings.dtype != "auto":
            return getattr(torch, self.settings.dtype)
        if self.device.type == "cpu":
            return torch.float32
        if family.half == "bfloat16" and self.device.type == "cuda" and torch.cuda.is_bf16_supported():
            return torch.bfloat16
        return torch.float16

    def weights_bytes(self, request: TextToImage) -> int:
        """Bytes of the weights in memory that paint a resolved request, those of its controls and references too."""
        resident = self._residents[request.checkpoint]
        return resident.loaded.size_bytes + sum(memory.weight_bytes(self._nets[key]) for key in self._net_keys(request))

    def used_bytes(self) -> int:
        """Bytes of the device's memory in use."""
        return memory.used_bytes(self.device)

    def held(self) -> list[str]:
        """Ids of the checkpoints in memory, the most recently used last."""
        return list(self._residents)

    def close(self) -> None:
        """Let go of everything."""
        for checkpoint_id in self.held():
            self._drop(checkpoint_id)
        self._nets.clear()
        memory.release(self.device)

    def _resident(self, checkpoint_id: str, on_load: OnPart) -> Resident:
        row = sources.find(checkpoint_id, self.settings)
        place = sources.place(row, self.settings, self.faults)
        if checkpoint_id in self._residents and self._residents[checkpoint_id].stamp != place.stamp:
            log.info("%s has changed on disk", checkpoint_id)
            self._drop(checkpoint_id)
        if checkpoint_id not in self._residents:
            dtype = self.dtype(catalog.family(row.family))
            count = sources.weight_count(place, row, is_half=dtype != torch.float32)
            self._make_room(count * dtype.itemsize)
            self._residents[checkpoint_id] = self._loaded(row, place, dtype, on_load)
        self._residents.move_to_end(checkpoint_id)
        return self._residents[checkpoint_id]

    def _fit(self, resident: Resident, row: Checkpoint, kind: str, wanted: Sequence[tuple[LoraFile, float]]) -> None:
        """Let the LoRAs stand on a checkpoint; a checkpoint that this leaves in doubt leaves memory."""
        plain = _made(_class(resident.family.pipelines[kind]), resident, {"scheduler": None})
        try:
            self.leases.fit(plain, row.id, row.label, wanted)
        except Exception as error:
            if not isinstance(error, LoadError):
                self._drop(row.id)
            raise
        finally:
            self.encodings.hear(row.id, self.leases.heard(row.id))

    def _nets_of(self, request: TextToImage, resident: Resident) -> list[nn.Module]:
        """The nets that follow the request's controls, one for each."""

        def read(row: ControlNet) -> nn.Module:
            folder = adapters.folder(row, self.settings)
            return adapters.load(row, folder, dtype=resident.dtype, device=self.device)

        return [
            self._net((row.id, resident.dtype), row.size_bytes, partial(read, row), request)
            for row in adapters.rows(request)
        ]

    def _adapter(self, request: TextToImage) -> references.Adapter:
        """The adapter that the request's references are heard by."""
        row, resident = references.row(request), self._residents[request.checkpoint]

        def read() -> references.Adapter:
            file, _ = references.files(row, self.settings)
            return references.load(row, file, resident.unet)

        return self._net(_adapter_key(row, resident), row.size_bytes, read, request)

    def _encoder(self, request: TextToImage) -> nn.Module:
        """What looks at the request's references."""
        row, dtype = references.row(request), self._residents[request.checkpoint].dtype

        def read() -> nn.Module:
            _, folder = references.files(row, self.settings)
            return references.load_encoder(row, folder, dtype=dtype, device=self.device)

        return self._net((row.source, row.encoder, dtype), row.encoder_bytes, read, request)

    def _net(self, key: tuple, size_bytes: int, read: Callable[[], nn.Module], request: TextToImage) -> nn.Module:
        """The net of that key, read if need be while what the request needs stays; those used last stay longest.

        `size_bytes` are those of half precision, as the catalogue tells them.
        """
        if key not in self._nets:
            keep = {request.checkpoint, *self._net_keys(request)}
            self._make_room(size_bytes * self._residents[request.checkpoint].dtype.itemsize // 2, keep=keep)
            with READING:
                self._nets[key] = read()
        self._nets.move_to_end(key)
        return self._nets[key]

    def _net_keys(self, request: TextToImage) -> set[tuple]:
        """The keys of the nets that paint a request beside its checkpoint."""
        resident = self._residents[request.checkpoint]
        row = references.row(request)
        followed = {(net.id, resident.dtype) for net in adapters.rows(request)}
        return followed | ({_adapter_key(row, resident)} if row else set())

    def _make_room(self, needed_bytes: int, keep: Collection[object] = ()) -> None:
        """Let nets and checkpoints go, the nets first, until so many bytes fit; never what is to be kept."""
        sizes = [(key, memory.weight_bytes(net)) for key, net in self._nets.items()]
        sizes += [(key, resident.loaded.size_bytes) for key, resident in self._residents.items()]
        budget = memory.budget_bytes(self.device, sum(size for _, size in sizes))
        free = [(key, size) for key, size in sizes if key not in keep]
        kept_bytes = sum(size for key, size in sizes if key in keep)
        for key in memory.to_evict(free, needed_bytes, budget - kept_bytes):
            log.info("evicting %s", key)
            self._drop(key)
            memory.release(self.device)

    def _drop(self, key: object) -> None:
        if key in self._nets:
            del self._nets[key]
            return
        del self._residents[key]
        self.encodings.forget(key)
        self.latents.forget(key)
        self.leases.forget(key)

    def _loaded(self, row: Checkpoint, place: Place, dtype: torch.dtype, on_load: OnPart) -> Resident:
        """Built aside: what fails here leaves nothing behind."""
        family, stamp = catalog.family(row.family), place.stamp
        try:
            with READING:
                loaded = loading.load(place, family, dtype=dtype, device=self.device, on_part=on_load)
            config = _scheduler_config(place)
        except Exception as error:
            # The frames hold the parts made so far.
            error.__traceback__ = None
            memory.release(self.device)
            told = error if isinstance(error, StudioError) else _unloadable(row, error)
            if isinstance(error, LASTING):
                self.faults[place.path] = shelf.stamp(place.path), str(told)
            raise told from (None if told is error else error)
        return Resident(family=family, loaded=loaded, scheduler_config=config, dtype=dtype, stamp=stamp)


def _made(make: type[DiffusionPipeline], resident: Resident, beside: Mapping[str, object]) -> DiffusionPipeline:
    """A pipeline of that class over a checkpoint's parts and what is to stand beside them."""
    expected, optional = make._get_signature_keys(make)
    parts = {name: part for name, part in resident.loaded.components.items() if name in expected}
    options = {name: value for name, value in resident.loaded.options.items() if name in optional}
    return make(**{**parts, **beside}, **options)


def _class(name: str) -> type[DiffusionPipeline]:
    """The pipeline class of that name: ours where diffusers' own needs mending."""
    return next(filter(None, (getattr(room, name, None) for room in (inpainting, adapters, diffusers))))


def pace_key(request: TextToImage) -> tuple:
    """What decides how long a step takes."""
    size = request.width, request.height
    nets = (*(row.id for row in adapters.rows(request)), *(request.ip_adapter for _ in request.references))
    return request.checkpoint, size, request.scheduler, request.guidance_scale > 1, len(request.loras), *nets


def _adapter_key(row: IPAdapter, resident: Resident) -> tuple:
    return row.id, resident.dtype, *references.layout(resident.unet)


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _is_news(record: logging.LogRecord) -> bool:
    """Not so is diffusers' advice against what its own loaders and SDXL's pipelines do, to cast a part, nor that a LoRA
    is missing from the text encoder it is put on."""
    said = record.getMessage()
    return "should be kept in float32" not in said and "LOAD REPORT" not in said


def _scheduler_config(place: Place) -> dict:
    """As it lies on disk, with what a single file says itself."""
    config = json.loads((place.configs / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8"))
    return config | (layouts.noise(headers.read(place.file)) if place.file else {})


def _unloadable(row: Checkpoint, error: Exception) -> LoadError:
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    return LoadError(f"Checkpoint: {row.label} could not be loaded: {first_line}")
