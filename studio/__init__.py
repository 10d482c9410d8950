"""Easel: a browser studio for diffusion pictures."""
