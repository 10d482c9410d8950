"""What every tab gets from the frame around it: the engine, the settings, the checkpoint picker, and who is asking."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from studio import catalog
from studio.config import Settings
from studio.engine import Engine
from studio.ui import guard

ASSETS = Path(__file__).resolve().parents[2] / "assets"
LOCAL_OWNER = "local"


@dataclass(frozen=True, kw_only=True)
class Page:
    """The frame as a tab sees it."""

    blocks: gr.Blocks
    engine: Engine
    settings: Settings
    checkpoint: gr.Dropdown

    @property
    def first_family(self) -> catalog.Family:
        """The family of the checkpoint the page opens with."""
        return catalog.family(self.families()[self.checkpoint.value])

    def families(self) -> dict[str, str]:
        """The family of each checkpoint that can be chosen."""
        return {row["id"]: row["family"] for row in self.engine.checkpoints()}

    def owner(self, request: gr.Request) -> str:
        """Who asks: one and the same on a studio only its owner can reach, else the visitor of the cookie."""
        return request.cookies[guard.COOKIE] if self.settings.is_public else LOCAL_OWNER
