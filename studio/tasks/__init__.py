"""What a user wants done: one function a task, from request to result."""

from collections.abc import Callable

from studio.grids import Grid
from studio.pipelines.manager import PipelineManager
from studio.requests import ImageToImage, Inpaint, TextToImage
from studio.results import Report, Result
from studio.tasks.edit import edit
from studio.tasks.generate import generate
from studio.tasks.grid import compare
from studio.tasks.preprocess import Preprocessing

Asked = TextToImage | Grid

TASKS: dict[type, Callable[[Asked, PipelineManager, Report, Preprocessing | None], Result]] = {
    TextToImage: generate,
    ImageToImage: generate,
    Inpaint: edit,
    Grid: compare,
}


def run(request: Asked, manager: PipelineManager, report: Report, preprocessing: Preprocessing | None = None) -> Result:
    """Do what the request asks, telling `report` of every step; `preprocessing` makes and keeps control images.

    `report` may raise to stop the run: nothing is computed after it but the cleaning up.
    """
    return TASKS[type(request)](request, manager, report, preprocessing)
