"""What every tab gets from the frame around it: the engine, the settings, the checkpoint picker, and who is asking."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from starlette.requests import Request

from studio import catalog
from studio.config import Settings
from studio.engine import Engine
from studio.errors import StudioError
from studio.images import Picture
from studio.outputs import Gallery
from studio.ui import guard, uploads

ASSETS = Path(__file__).resolve().parents[2] / "assets"
LOCAL_OWNER = "local"
# Where a finished picture can be sent, in the order of the buttons.
PLACES = ("Start image", "Edit", "Style", "Control")
# Seconds between two messages about a job: a page that is drawn beside a model on two cores can follow so many.
PACE = 0.3
# Gradio keeps a loading state for each output, and goes through the whole page for every one of them at each message.
UNMARKED = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
# Small answers skip the queue, so that they come even when it is full. They cannot show a toast.
QUICK = {"queue": False, **UNMARKED}


@dataclass(frozen=True, kw_only=True)
class Page:
    """The frame as a tab sees it.

    What lies in the `drawer` is nowhere to be seen, and there from the start: what stands on a tab is not before that
    is opened.
    """

    blocks: gr.Blocks
    engine: Engine
    settings: Settings
    checkpoint: gr.Dropdown
    tabs: gr.Tabs
    drawer: gr.Column

    @property
    def first_family(self) -> catalog.Family:
        """The family of the checkpoint the page opens with."""
        return catalog.family(self.families()[self.checkpoint.value])

    def row(self, checkpoint: object) -> dict[str, object] | None:
        """What the engine tells of a checkpoint; None if it can paint nothing, or there is none.

        The name may stand in a stranger's file: nothing is asked of a hub.
        """
        try:
            row = self.engine.checkpoint(checkpoint) if isinstance(checkpoint, str) else None
        except StudioError:
            return None
        return row if row and row["family"] else None

    def families(self) -> dict[str, str]:
        """The family of each checkpoint that can be chosen."""
        return {row["id"]: row["family"] for row in self.engine.checkpoints()}

    def owner(self, request: gr.Request) -> str:
        """Who asks: one and the same on a studio only its owner can reach, else the visitor of the cookie."""
        return owner_of(request, self.settings)

    def picture(self, value: object, owner: str, *, label: str) -> Picture | None:
        """A picture that a page or a program sent, or one of the owner's own by its reference; None for none."""
        if isinstance(value, str) and value.startswith("sha256:"):
            return self.engine.find_picture(value, owner, label=label)
        return uploads.picture(value, label=label)

    def gallery(self, owner: str) -> Gallery:
        """The owner's finished pictures."""
        return self.engine.gallery(owner)


def owner_of(request: gr.Request | Request, settings: Settings) -> str:
    """Who asks: one and the same on a studio only its owner can reach, else the visitor of the cookie."""
    return request.cookies[guard.COOKIE] if settings.is_public else LOCAL_OWNER
