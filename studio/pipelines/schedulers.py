"""Samplers: from a row of the catalogue to a fresh scheduler for one job."""

import diffusers
from diffusers import SchedulerMixin

from studio import catalog

# The label says how the steps are spaced, whatever the checkpoint's config prefers.
SPACINGS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")


def make(label: str, config: dict) -> SchedulerMixin:
    """A scheduler nobody else holds, made from the checkpoint's own config as it lies on disk.

    The config a pipeline carries is no substitute: values patched by the pipeline are dropped as if they were defaults.
    """
    row = catalog.sampler(label)
    plain = {name: value for name, value in config.items() if name not in SPACINGS}
    return getattr(diffusers, row.scheduler).from_config(plain, **row.settings)
