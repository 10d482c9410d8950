"""What a user wants done: one function a task, from request to result."""

from collections.abc import Callable

from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage
from studio.results import Report, Result
from studio.tasks.generate import text_to_image

TASKS: dict[type, Callable[[TextToImage, PipelineManager, Report], Result]] = {TextToImage: text_to_image}


def run(request: TextToImage, manager: PipelineManager, report: Report) -> Result:
    """Do what the request asks, telling `report` of every step.

    `report` may raise to stop the run: nothing is computed after it but the cleaning up.
    """
    return TASKS[type(request)](request, manager, report)
