"""One training loop for every part: a budget of minutes, state saved often, resumed where it stopped."""

import logging
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from studio.storybook import bundled

log = logging.getLogger(__name__)

STATE = Path("build/storybook")
SAVE_EVERY = 120.0
LOG_EVERY = 30.0
# Of the time, while the learning rate rises.
WARM_UP = 0.05

Losses = dict[str, Tensor]


@dataclass(kw_only=True)
class Run:
    """A part in training; `losses(step)` gives named losses of a fresh batch, whose sum is minimised."""

    name: str
    model: nn.Module
    losses: Callable[[int], Losses]
    device: torch.device
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    ema_decay: float = 0.999
    folder: Path = STATE
    step: int = 0
    seconds: float = 0.0
    averages: dict[str, Tensor] = field(default_factory=dict)

    def fit(self, minutes: float) -> nn.Module:
        """Train for `minutes` from the saved state if there is one; returns the model with its averaged weights."""
        # Steps get several times slower without, once activations shrink. It is the whole process's, so given back.
        torch.set_flush_denormal(True)
        try:
            self._train(minutes)
        finally:
            torch.set_flush_denormal(False)
        return self.averaged()

    def averaged(self) -> nn.Module:
        """The model carrying the exponential moving average of its weights, in evaluation mode."""
        self.model.load_state_dict(self.averages or self.model.state_dict())
        return self.model.eval()

    def _train(self, minutes: float) -> None:
        self.model.to(self.device).train()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=self.learning_rate, weight_decay=self.weight_decay, betas=(0.9, 0.98))
        self._resume(optimizer)
        for tensor in self.model.state_dict().values() if workers() > 1 else ():
            dist.broadcast(tensor, 0)
        started = saved = logged = time.monotonic()
        before, share = self.seconds, 0.0 if minutes else 1.0
        while share < 1:
            warm = min(1.0, share / WARM_UP)
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))
            named, share = self._step(optimizer, trained, (time.monotonic() - started) / (minutes * 60))
            self.seconds = before + time.monotonic() - started
            if time.monotonic() - logged > LOG_EVERY:
                logged = time.monotonic()
                figures = " ".join(f"{name} {loss.item():.4f}" for name, loss in named.items())
                log.info("%s step %d, %.1f min: %s", self.name, self.step, self.seconds / 60, figures)
            if time.monotonic() - saved > SAVE_EVERY:
                saved = time.monotonic()
                self._save(optimizer)
        self._save(optimizer)

    def _step(
        self, optimizer: torch.optim.Optimizer, trained: list[nn.Parameter], share: float
    ) -> tuple[Losses, float]:
        """One step; returns its losses and the share of the time that is gone, as all workers agree on it."""
        with autocast(self.device):
            named = self.losses(self.step)
        optimizer.zero_grad(set_to_none=True)
        sum(named.values()).backward()
        share = _agreed(trained, share)
        if torch.isfinite(nn.utils.clip_grad_norm_(trained, 1.0)):
            optimizer.step()
        self.step += 1
        self._average()
        return named, share

    @torch.no_grad()
    def _average(self) -> None:
        state = self.model.state_dict()
        if not self.averages:
            self.averages = {name: value.detach().clone() for name, value in state.items()}
            return
        decay = min(self.ema_decay, (1 + self.step) / (10 + self.step))
        floats = [name for name, value in state.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.averages[n] for n in floats], [state[n].detach() for n in floats], 1 - decay)

    def _save(self, optimizer: torch.optim.Optimizer) -> None:
        """Write the state whole or not at all; of several workers, the first does."""
        if dist.is_initialized() and dist.get_rank() > 0:
            return
        path = self.folder / f"{self.name}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self.model.state_dict(),
            "averages": self.averages or self.model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def _resume(self, optimizer: torch.optim.Optimizer) -> None:
        state = load_state(self.name, self.device, folder=self.folder)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        self.averages, self.step, self.seconds = state["averages"], state["step"], state["seconds"]
        log.info("%s resumes at step %d, after %.1f min", self.name, self.step, self.seconds / 60)


def workers() -> int:
    """How many processes train this part together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def _agreed(trained: list[nn.Parameter], share: float) -> float:
    """Average the gradients and the progress of all workers, so that they stay in step."""
    if workers() == 1:
        return share
    for p in trained:  # what one worker did not ask in this step, another may have
        p.grad = torch.zeros_like(p) if p.grad is None else p.grad
    flat = torch.cat([*(p.grad.flatten() for p in trained), torch.tensor([share], device=trained[0].device)])
    dist.all_reduce(flat)
    flat /= workers()
    for p, part in zip(trained, flat[:-1].split([p.numel() for p in trained]), strict=True):
        p.grad.copy_(part.view_as(p))
    return float(flat[-1])


def autocast(device: torch.device) -> torch.autocast | nullcontext:
    """bfloat16 where the device computes in it; emulated it takes ten times as long as float32."""
    is_quicker = device.type == "cuda"
    if device.type == "cpu":
        able = getattr(torch.cpu, "get_capabilities", dict)()  # newer than the oldest torch we take
        is_quicker = able.get("avx512_bf16") or able.get("amx_bf16")
    return torch.autocast(device.type, torch.bfloat16) if is_quicker else nullcontext()


def newest(
    name: str, make: Callable[[], bundled.Model], kind: type[bundled.Model], folder: Path, device: torch.device
) -> bundled.Model | None:
    """A part of a published class: averaged from its saved state, else as bundled; in evaluation mode, or None."""
    state = load_state(name, device)
    if state is None:
        return bundled.part(kind, folder, device)
    model = make().to(device)
    model.load_state_dict(state["averages"])
    return model.eval()


def load_state(name: str, device: torch.device, *, folder: Path = STATE) -> dict | None:
    """The saved state of a part, or None if it was never trained here."""
    path = folder / f"{name}.pt"
    return torch.load(path, map_location=device, weights_only=True) if path.exists() else None
