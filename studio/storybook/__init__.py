"""Storybook: a procedural picture-book world and the tiny diffusion family trained on it."""
