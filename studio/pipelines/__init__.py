"""Checkpoints to pixels: the only room that imports diffusers."""
