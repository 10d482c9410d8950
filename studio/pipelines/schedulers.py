"""Samplers: from a row of the catalogue to a fresh scheduler for one job."""

from collections.abc import Mapping
from types import MappingProxyType

import diffusers
from diffusers import DPMSolverMultistepScheduler, SchedulerMixin, UniPCMultistepScheduler
from torch import Tensor

from studio import catalog
from studio.errors import InvalidField

# The label says how the steps are spaced, whatever the checkpoint's config prefers.
SPACINGS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")

# Every class a sampler may want, so that a missing one is known at the start.
CLASSES: Mapping[str, type[SchedulerMixin]] = MappingProxyType(
    {name: getattr(diffusers, name) for row in catalog.SAMPLERS for name in (row.scheduler, row.flow) if name}
)


class FlowDPMSolverMultistepScheduler(DPMSolverMultistepScheduler):
    """The solver for flow matching, with the name that its pipelines know adding noise by."""

    def scale_noise(self, sample: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
        """The sample with the noise of that timestep."""
        return self.add_noise(sample, noise, timestep)


class FlowUniPCMultistepScheduler(UniPCMultistepScheduler):
    """The solver for flow matching, with the name that its pipelines know adding noise by."""

    def scale_noise(self, sample: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
        """The sample with the noise of that timestep."""
        return self.add_noise(sample, noise, timestep)


SOLVERS: Mapping[str, type[SchedulerMixin]] = MappingProxyType(
    {
        "DPMSolverMultistepScheduler": FlowDPMSolverMultistepScheduler,
        "UniPCMultistepScheduler": FlowUniPCMultistepScheduler,
    }
)


def make(label: str, config: Mapping[str, object]) -> SchedulerMixin:
    """A scheduler nobody else holds, made from the checkpoint's own config as it lies on disk.

    The config a pipeline carries is no substitute: values patched by the pipeline are dropped as if they were defaults.
    InvalidField if the checkpoint was trained by flow matching and the sampler has no form for that.
    """
    row = catalog.sampler(label)
    if is_flow(config):
        return _flow(row, config)
    plain = {name: value for name, value in config.items() if name not in SPACINGS}
    return CLASSES[row.scheduler].from_config(plain, **row.settings)


def is_flow(config: Mapping[str, object]) -> bool:
    """Whether the checkpoint of that scheduler config was trained by flow matching."""
    return str(config.get("_class_name")).startswith("FlowMatch") or config.get("prediction_type") == "flow_prediction"


def _flow(row: catalog.Sampler, config: Mapping[str, object]) -> SchedulerMixin:
    if row.flow is None:
        message = (
            f"Sampler: {row.label} has no form for checkpoints trained by flow matching, as this one is. Use Euler."
        )
        raise InvalidField("scheduler", message)
    if row.flow not in SOLVERS:
        plain = {name: value for name, value in config.items() if name not in SPACINGS}
        return CLASSES[row.flow].from_config(plain)
    return SOLVERS[row.flow](
        num_train_timesteps=config.get("num_train_timesteps", 1000),
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        flow_shift=config.get("shift", config.get("flow_shift", 1.0)),
    )
