"""Parts out of a single file of weights in the original layout, through diffusers' own conversion."""

from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import pipelines
from diffusers.loaders.single_file import load_single_file_sub_model
from safetensors.torch import load_file
from torch import Tensor, nn

from studio.errors import LoadError
from studio.pipelines import layouts

Weights = dict[str, Tensor]


def weights(file: Path) -> Weights:
    """The weights as they lie in the file; none is read before it is used."""
    return load_file(file)


def holds(weights: Weights, part: str) -> bool:
    """Whether the part's weights are among these."""
    return any(name.startswith(layouts.PARTS[part]) for name in weights)


def maker(made_by: type, part: str, weights: Weights, *, configs: Path, dtype: torch.dtype) -> Callable[[], nn.Module]:
    """What makes the part out of the weights, after its config in that folder; a denoiser takes the channels that its
    weights take, since the configs of a family do for its checkpoints for inpainting too.

    Making it raises LoadError if the file lacks some of its weights.
    """

    def make() -> nn.Module:
        try:
            return load_single_file_sub_model(
                library_name=made_by.__module__.partition(".")[0],
                class_name=made_by.__name__,
                name=part,
                # The conversion takes the weights out of what it is given.
                checkpoint=dict(weights),
                pipelines=pipelines,
                is_pipeline_module=False,
                cached_model_config_path=str(configs),
                torch_dtype=dtype,
                local_files_only=True,
                **_channels(part, weights),
            )
        except NotImplementedError:  # of torch, for a weight that is nowhere
            message = f"Checkpoint: the file lacks weights of the part '{part}'. Fetch it again or choose another."
            raise LoadError(message) from None

    return make


def _channels(part: str, weights: Weights) -> dict[str, int]:
    if part not in layouts.DENOISERS:
        return {}
    taken = layouts.channels({name: tuple(weight.shape) for name, weight in weights.items()})
    return {} if taken is None else {"in_channels": taken}
