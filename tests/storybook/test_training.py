"""The training loop resumes where it stopped, and averages what it learns."""

from pathlib import Path

import torch
from torch import nn

from studio.storybook.training import Losses, Run, load_state

CPU = torch.device("cpu")


def line(folder: Path) -> Run:
    """Fits y = 3x with one weight."""
    torch.manual_seed(0)
    model = nn.Linear(1, 1, bias=False)

    def losses(step: int) -> Losses:
        x = torch.rand(8, 1)
        return {"error": (model(x).float() - 3 * x).square().mean()}

    return Run(name="line", model=model, losses=losses, device=CPU, learning_rate=0.05, weight_decay=0, folder=folder)


def test_it_learns_and_gives_back_the_average(tmp_path: Path) -> None:
    model = line(tmp_path).fit(minutes=2 / 60)
    assert abs(float(model.weight.detach()) - 3) < 0.2
    assert not model.training


def test_it_resumes_step_time_and_weights(tmp_path: Path) -> None:
    first = line(tmp_path)
    first.fit(minutes=0.5 / 60)
    second = line(tmp_path)
    second.fit(minutes=0)
    assert (second.step, second.seconds) == (first.step, first.seconds)
    third = line(tmp_path)
    third.fit(minutes=0.2 / 60)
    assert third.step > first.step


def test_numbers_of_the_process_are_left_as_they_were(tmp_path: Path) -> None:
    line(tmp_path).fit(minutes=0.1 / 60)
    assert float(torch.tensor(1e-40) * 1) > 0


def test_state_is_loadable_without_pickled_code(tmp_path: Path) -> None:
    line(tmp_path).fit(minutes=0.1 / 60)
    assert set(load_state("line", CPU, folder=tmp_path)) == {"model", "averages", "optimizer", "step", "seconds"}
    assert load_state("never", CPU, folder=tmp_path) is None


def test_a_loss_that_is_not_finite_leaves_the_weights_alone(tmp_path: Path) -> None:
    run = line(tmp_path)
    before = run.model.weight.detach().clone()
    run.losses = lambda step: {"bad": run.model.weight.sum() * float("nan")}
    run.fit(minutes=0.1 / 60)
    assert torch.equal(run.model.weight.detach(), before)
