"""The endpoints of what steers a picture: for now the control image of another picture."""

from collections.abc import Iterator

import gradio as gr

from studio.requests import Preprocess
from studio.ui import masking
from studio.ui.api import DETAILS, PICTURE, Parameter, endpoint, given, parameters
from studio.ui.page import Page


def publish(page: Page) -> None:
    """All of them."""

    def preprocess(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[dict, dict]]:
        owner = page.owner(request)
        asked = Preprocess(**masking.read(page, values, owner, ("image",)))
        made = masking.end_of(masking.looked(page, asked, owner))
        yield given(made.image), {"note": made.note, "seconds": round(made.seconds, 3)}

    told = "The control image that a preprocessor makes of a picture, as large as that. A note tells if it is blank."
    gives = [Parameter("Control image", PICTURE), Parameter("Details", DETAILS)]
    endpoint(page, preprocess, "preprocess", told, parameters=parameters(Preprocess), gives=gives)
