"""Samplers: from a row of the catalogue to a fresh scheduler for one job."""

import diffusers
from diffusers import SchedulerMixin

from studio import catalog


def make(label: str, config: dict) -> SchedulerMixin:
    """A scheduler nobody else holds, made from the checkpoint's own config as it lies on disk.

    The config a pipeline carries is no substitute: values patched by the pipeline are dropped as if they were defaults.
    """
    row = catalog.sampler(label)
    return getattr(diffusers, row.scheduler).from_config(config, **row.settings)
