"""Checkpoints as diffusers folders: which family one is, whether it is whole, and which of its weights are meant."""

import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from studio import catalog
from studio.catalog import Family
from studio.errors import LoadError
from studio.pipelines import headers, layouts

INDEX = "model_index.json"
# Weights as diffusers and transformers write them: plain or of a variant, whole or in shards, with the variant's name
# in its place of today (model.fp16-00001-of-00002) or where it was before (model-00001-of-00002.fp16).
WEIGHTS = re.compile(r"(?:diffusion_pytorch_model|model)(?:\.(\w+))?(?:-\d{5}-of-\d{5})?(?:\.(\w+))?\.safetensors")
# A model index may name any module; only parts of these libraries are made from it here.
LIBRARIES = frozenset({"diffusers", "transformers", "stable_diffusion"})
# Parts that a pipeline does without where they are not there.
OPTIONAL = frozenset({"safety_checker", "feature_extractor", "image_encoder"})


def is_checkpoint(folder: Path) -> bool:
    """Whether the folder is laid out as diffusers writes a pipeline."""
    try:
        return (folder / INDEX).is_file()
    except OSError:  # a name too long for any file system
        return False


def family_of(config: Callable[[str], dict], named: str) -> Family | None:
    """The family that the texts of a folder tell of; `config` gives one by its name, {} if it is not there.

    LoadError, calling the folder by `named`, if the denoiser takes what no pipeline of the family gives it.
    """
    vae, unet = config("vae/config.json"), config("unet/config.json")
    scale = 2 ** (len(vae.get("block_out_channels", ())) - 1)
    told = (scale, bool(unet.get("use_linear_projection", False)))
    for family in catalog.FAMILIES:
        if config(INDEX).get("_class_name") in family.pipelines.values() and told == (
            family.latent_scale,
            family.has_linear_projection,
        ):
            layouts.check_channels(channels(config), family, named)
            return family
    return None


def channels(config: Callable[[str], dict]) -> int | None:
    """How many channels the denoiser takes by the texts of a folder; None if they leave it open."""
    return (config("unet/config.json") or config("transformer/config.json")).get("in_channels")


def text(folder: Path, name: str) -> dict:
    """One of the folder's texts, {} if it is not there; LoadError if it is no text of names and values."""
    path = folder / name
    if not path.exists():
        return {}
    return _json(path)


def parts(folder: Path, left_out: Collection[str] = ()) -> dict[str, list[str]]:
    """Library and class of each part that the model index names; parts left out, and optional ones that are not
    there, are not among them."""
    index = _json(folder / INDEX)
    named = {
        part: row
        for part, row in index.items()
        if isinstance(row, list) and len(row) == 2 and row[0] and part not in left_out
    }
    return {part: row for part, row in named.items() if part not in OPTIONAL or (folder / part).is_dir()}


def check(folder: Path, left_out: Collection[str] = ()) -> None:
    """LoadError naming the file if a part is missing, cut off or not what it says."""
    check_texts(folder, left_out)
    for part in parts(folder, left_out):
        _check_shards(folder / part)
        found = [path for path in (folder / part).iterdir() if WEIGHTS.fullmatch(path.name)]
        if part in layouts.PARTS and not found:
            raise LoadError(_without_weights(folder, part))
        for path in found:
            headers.read(path, f"{folder.name}/{part}/{path.name}")


def check_texts(folder: Path, left_out: Collection[str] = ()) -> None:
    """LoadError naming the part whose texts are missing or cannot be read, or that is of no library used here."""
    for part, (library, name) in parts(folder, left_out).items():
        if library not in LIBRARIES:
            raise LoadError(
                f"Checkpoint: {folder.name} needs {library}.{name} as '{part}', which is no part of diffusers "
                "or transformers. Choose another checkpoint."
            )
        if not (folder / part).is_dir():
            raise LoadError(f"Checkpoint: the part '{part}' is missing from {folder.name}. Fetch the checkpoint again.")
        needs_config = part in layouts.PARTS or part == "scheduler"
        found = list((folder / part).glob("*config.json"))
        if needs_config and not found:
            raise LoadError(f"Checkpoint: {folder.name}/{part} has no config. Fetch the checkpoint again.")
        for path in found:
            _json(path)


def variant(part: Path, *, is_half: bool) -> str | None:
    """The variant of a part's weights to load, None for the plain ones: in half precision rather the halved."""
    found = {_variant(path) for path in part.iterdir() if WEIGHTS.fullmatch(path.name)}
    wanted = ("fp16", "") if is_half else ("", "fp16")
    return next((name for name in (*wanted, *sorted(found)) if name in found), "") or None


def has_weights(part: Path) -> bool:
    """Whether the part has weights of its own."""
    return part.is_dir() and any(WEIGHTS.fullmatch(path.name) for path in part.iterdir())


def weight_count(folder: Path, left_out: Collection[str] = (), *, is_half: bool) -> int:
    """How many numbers are loaded from the folder; it must have been checked."""
    return sum(
        headers.read(path).count()
        for part in parts(folder, left_out)
        for path in _weights(folder / part, variant(folder / part, is_half=is_half) or "")
    )


def _weights(part: Path, named: str) -> Iterator[Path]:
    for path in part.iterdir():
        if WEIGHTS.fullmatch(path.name) and _variant(path) == named:
            yield path


def _variant(path: Path) -> str:
    return next(filter(None, WEIGHTS.fullmatch(path.name).groups()), "")


def _check_shards(part: Path) -> None:
    for index in part.glob("*.safetensors.index*.json"):
        for name in set(map(str, _json(index).get("weight_map", {}).values())):
            if not (part / name).is_file():
                raise LoadError(f"Checkpoint: {part.name}/{name} is missing. Fetch the checkpoint again.")


def _without_weights(folder: Path, part: str) -> str:
    pickles = [path.name for path in (folder / part).iterdir() if path.suffix in {".bin", ".pt", ".pth", ".ckpt"}]
    if not pickles:
        return f"Checkpoint: {folder.name}/{part} has no weights. Fetch the checkpoint again."
    return (
        f"Checkpoint: {folder.name}/{part} has its weights only as the pickle {pickles[0]}, which is never opened "
        "here. Fetch the checkpoint as safetensors."
    )


def _json(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("no names and values")
        return found
    except (OSError, ValueError, RecursionError) as error:
        named = f"{path.parent.name}/{path.name}"
        raise LoadError(f"Checkpoint: {named} is missing or cannot be read. Fetch the checkpoint again.") from error
