"""A checkpoint into memory part by part, so that a load can be watched, and stopped between two parts."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import diffusers
import torch
from torch import nn

from studio.catalog import Family
from studio.errors import LoadError
from studio.pipelines import folders, layouts, single_file
from studio.pipelines.sources import Place

# A model_index.json may name any module; only parts of these libraries are made from it here.
LIBRARIES = ("diffusers", "transformers")
CHECKER = ("stable_diffusion", "StableDiffusionSafetyChecker")

OnPart = Callable[[int, int], None]
Maker = Callable[[], nn.Module]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The parts of a checkpoint but for its scheduler, and what its model index says beside them."""

    components: Mapping[str, object]
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """The parts that have weights."""
        return {name: part for name, part in self.components.items() if isinstance(part, nn.Module)}

    @property
    def size_bytes(self) -> int:
        """Bytes that the weights take."""
        weights = (weight for module in self.modules.values() for weight in module.parameters())
        return sum(weight.numel() * weight.element_size() for weight in weights)


def load(place: Place, family: Family, *, dtype: torch.dtype, device: torch.device, on_part: OnPart) -> Loaded:
    """Everything of the checkpoint but its scheduler and what its family leaves out, frozen and on the device.

    `on_part(done, parts)` is called before each part; what it raises ends the load. LoadError if a part holds numbers
    that are none.
    """
    made: dict[str, object] = dict.fromkeys(family.left_out)
    makers = dict(_makers(place, family, dtype))
    for done, (name, make) in enumerate(makers.items()):
        on_part(done, len(makers))
        module = make()
        _check_weights(module, name, place.path)
        made[name] = module.to(device).requires_grad_(False).eval()
    on_part(len(makers), len(makers))
    return _completed(place.configs, family, made)


def _makers(place: Place, family: Family, dtype: torch.dtype) -> Iterator[tuple[str, Maker]]:
    """Each part with weights, and what makes it; the pipeline itself makes the others."""
    weights = single_file.weights(place.file) if place.file else {}
    for name, row in folders.parts(place.configs, family.left_out).items():
        made_by = _class(*row)
        if place.vae and name == "vae" and dtype == torch.float16:
            yield name, _from_folder(made_by, place.vae, dtype)
        elif weights and name in layouts.PARTS and single_file.holds(weights, name):
            yield name, single_file.maker(made_by, name, weights, configs=place.configs, dtype=dtype)
        elif made_by and folders.has_weights(place.configs / name):
            yield name, _from_folder(made_by, place.configs / name, dtype)


def _from_folder(made_by: type, folder: Path, dtype: torch.dtype) -> Maker:
    how = {"dtype": dtype, "local_files_only": True, "use_safetensors": True}
    variant = folders.variant(folder, is_half=dtype != torch.float32)
    return lambda: made_by.from_pretrained(folder, variant=variant, **how)


def _class(library: str, name: str) -> type | None:
    if (library, name) == CHECKER:
        return getattr(_module("diffusers.pipelines.stable_diffusion.safety_checker"), name)
    return getattr(_module(library), name, None) if library in LIBRARIES else None


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


def _completed(configs: Path, family: Family, made: dict[str, object]) -> Loaded:
    """The parts with the tokenizers and whatever else has no weights, as diffusers reads them."""
    pipeline = getattr(diffusers, family.pipeline)
    expected, optional = pipeline._get_signature_keys(pipeline)
    made |= {name: None for name in folders.OPTIONAL if name in expected and not (configs / name).is_dir()}
    pipe = pipeline.from_pretrained(configs, **made, **_unchecked(made), local_files_only=True, use_safetensors=True)
    # Left open, SDXL's pipelines mark every picture if a package that does so happens to be installed.
    options = {"add_watermarker": False, **pipe.config}
    return Loaded(
        components={name: part for name, part in pipe.components.items() if name != "scheduler"},
        options={name: value for name, value in options.items() if name in optional},
    )


def _unchecked(made: Mapping[str, object]) -> dict[str, bool]:
    """No warning for a checkpoint that carries no safety checker."""
    return {"requires_safety_checker": False} if made.get("safety_checker", "") is None else {}


def _check_weights(module: nn.Module, name: str, path: Path) -> None:
    """LoadError if a weight is missing, infinite or no number: every picture would be black or noise."""
    weights = dict(module.named_parameters())
    missing = [key for key, weight in weights.items() if weight.is_meta]
    if missing:
        raise LoadError(
            f"Checkpoint: the part '{name}' of {path.name} lacks {len(missing)} of its weights, such as {missing[0]}. "
            "Fetch the checkpoint again or choose another."
        )
    # A sum is no number as soon as one of its terms is none; only one answer has to come back from a graphics card.
    sums = [weight.sum(dtype=torch.float32) for weight in weights.values() if weight.is_floating_point()]
    if sums and not torch.stack(sums).isfinite().all():
        raise LoadError(
            f"Checkpoint: the part '{name}' of {path.name} holds numbers that are none (NaN) or infinite, so nothing "
            "can be painted with it. Fetch the checkpoint again or choose another."
        )
