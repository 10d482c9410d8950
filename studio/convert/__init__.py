"""Pickled weights to safetensors: a process of its own opens the pickle, under limits, and may run none of it."""

from studio.convert.conversions import LIMITS, Conversion, Limits, conversion, converted
from studio.pipelines.headers import is_pickle

__all__ = ["LIMITS", "Conversion", "Limits", "conversion", "converted", "is_pickle"]
