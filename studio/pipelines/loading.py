"""A checkpoint into memory part by part, so that a load can be watched, and stopped between two parts."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import diffusers
import torch
from torch import nn

from studio.catalog import Family
from studio.errors import LoadError
from studio.pipelines import folders, layouts, memory, single_file
from studio.pipelines.sources import Place

# Where diffusers keeps the classes of parts that are in no library by their own name.
MODULES = MappingProxyType({"stable_diffusion": "diffusers.pipelines.stable_diffusion.safety_checker"})

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
        return sum(map(memory.weight_bytes, self.modules.values()))


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
        _check_whole(module, name, place.path.name)
        made[name] = module.to(device).requires_grad_(False).eval()
        _check_numbers(module, name, place.path.name)
    on_part(len(makers), len(makers))
    return _completed(place.configs, family, made)


def _makers(place: Place, family: Family, dtype: torch.dtype) -> Iterator[tuple[str, Maker]]:
    """Each part with weights, and what makes it; the pipeline itself makes the others."""
    weights = single_file.weights(place.file) if place.file else {}
    for name, row in folders.parts(place.configs, family.left_out).items():
        made_by = _class(*row)
        if place.vae and name == "vae" and dtype == torch.float16:
            yield name, _from_folder(made_by, name, place.vae, dtype)
        elif weights and name in layouts.PARTS and single_file.holds(weights, name):
            yield name, single_file.maker(made_by, name, weights, configs=place.configs, dtype=dtype)
        elif folders.has_weights(place.configs / name):
            yield name, _from_folder(made_by, name, place.configs / name, dtype)


def _from_folder(made_by: type, part: str, folder: Path, dtype: torch.dtype) -> Maker:
    variant = folders.variant(folder, is_half=dtype != torch.float32)

    def make() -> nn.Module:
        how = {"dtype": dtype, "variant": variant, "local_files_only": True, "use_safetensors": True}
        module, told = made_by.from_pretrained(folder, output_loading_info=True, **how)
        if told["missing_keys"]:  # made up by chance
            raise _lacking(part, folder.parent.name, sorted(told["missing_keys"]))
        return module

    return make


def _class(library: str, name: str) -> type:
    if library not in folders.LIBRARIES:
        raise LoadError(f"Checkpoint: it wants {library}.{name}, which is no part of diffusers or transformers.")
    return getattr(importlib.import_module(MODULES.get(library, library)), name)


def _completed(configs: Path, family: Family, made: dict[str, object]) -> Loaded:
    """The parts with the tokenizers and whatever else has no weights, as diffusers reads them."""
    pipeline = getattr(diffusers, _named(configs, family))
    expected, optional = pipeline._get_signature_keys(pipeline)
    made |= {name: None for name in folders.OPTIONAL if name in expected and not (configs / name).is_dir()}
    pipe = pipeline.from_pretrained(configs, **made, **_unchecked(made), local_files_only=True, use_safetensors=True)
    # Left open, SDXL's pipelines mark every picture if a package that does so happens to be installed.
    options = {"add_watermarker": False, **pipe.config}
    return Loaded(
        components={name: part for name, part in pipe.components.items() if name != "scheduler"},
        options={name: value for name, value in options.items() if name in optional},
    )


def _named(configs: Path, family: Family) -> str:
    """The class that the model index names, which knows all its options, if the family uses it."""
    named = folders.text(configs, folders.INDEX).get("_class_name")
    return named if named in family.pipelines.values() else family.pipeline


def _unchecked(made: Mapping[str, object]) -> dict[str, bool]:
    """No warning for a checkpoint that carries no safety checker."""
    return {"requires_safety_checker": False} if made.get("safety_checker", "") is None else {}


def _check_whole(module: nn.Module, part: str, named: str) -> None:
    if missing := [key for key, weight in module.named_parameters() if weight.is_meta]:
        raise _lacking(part, named, missing)


def _check_numbers(module: nn.Module, part: str, named: str) -> None:
    """LoadError if a weight is infinite or no number: every picture would be black.

    A sum is no number as soon as one of its terms is none; so a thousand million take a third of a second on a
    processor, and only one answer has to come back from a graphics card.
    """
    sums = [weight.sum(dtype=torch.float32) for weight in module.parameters() if weight.is_floating_point()]
    if sums and not torch.stack(sums).isfinite().all():
        raise LoadError(
            f"Checkpoint: the part '{part}' of {named} holds numbers that are none (NaN) or infinite, so nothing can "
            "be painted with it. Fetch the checkpoint again or choose another."
        )


def _lacking(part: str, named: str, missing: list[str]) -> LoadError:
    return LoadError(
        f"Checkpoint: the part '{part}' of {named} lacks {len(missing)} of its weights, such as {missing[0]}. Fetch "
        "the checkpoint again or choose another."
    )
