"""Jobs: who asked, what waits, what runs, what is done."""

from collections.abc import Iterator
from typing import Protocol

from studio.engine.jobs import Job
from studio.grids import Grid
from studio.images import Picture
from studio.outputs import Gallery
from studio.requests import CutOut, Fetch, FindMask, Preprocess, TextToImage
from studio.results import Event


class Engine(Protocol):
    """What the page and the API need of an engine, wherever it computes; a foreign owner's job is NotFound."""

    def submit(self, request: TextToImage | Grid, owner: str, *, find: FindMask | None = None) -> Job:
        """Put a request in the queue; StudioError if it can never run or the queue is full.

        `find` is for an edit whose mask has yet to be found: the job is there at once, and waits for the mask. What
        stands in the way then ends it. A Stop before it is painted means that it never is.
        """

    def fetch(self, request: Fetch, owner: str) -> Job:
        """Begin to bring a checkpoint onto this machine; LoadError if the one who asks may not."""

    def look(self, request: FindMask | CutOut | Preprocess, owner: str) -> Job:
        """Begin to look at a picture, whatever is being painted; StudioError if too many wait."""

    def events(self, job_id: str, owner: str, *, pace: float = 0.0) -> Iterator[Event]:
        """What happens to a job from now on, to its Result or StudioError; leaving early does not stop the job.

        Told at most every `pace` seconds, and then as it stands; each new Preview right before a Progress.
        """

    def cancel(self, job_id: str, owner: str) -> None:
        """Stop a job within a step; a job that is over stays as it is."""

    def jobs(self, owner: str) -> list[Job]:
        """The owner's jobs still remembered, oldest first."""

    def fetches(self, owner: str) -> list[Job]:
        """The owner's fetches still remembered, oldest first."""

    def checkpoints(self) -> list[dict[str, object]]:
        """What can be chosen: id, label, family, licence, capabilities, size in bytes, on disk or not."""

    def checkpoint(self, id: str, *, ask_hub: bool = False) -> dict[str, object]:
        """The same of one, also of a folder, a file or a cached repository in no list; NotFound if it is none.

        Only with `ask_hub` a hub is asked for what is not here.
        """

    def loras(self, checkpoint: str) -> list[dict[str, object]]:
        """The LoRAs that are here now: name, family, rank, alpha, words, size in bytes; and whether each fits the
        checkpoint, or its problem. NotFound if there is no such checkpoint."""

    def embeddings(self, checkpoint: str) -> list[dict[str, object]]:
        """The embeddings that are here now: name, the word that names it in a prompt, family, vectors, size in bytes;
        and whether each fits the checkpoint, or its problem. NotFound if there is no such checkpoint."""

    def tokens(self, prompt: str, checkpoint: str) -> dict[str, object] | None:
        """How long the prompt is for the checkpoint: tokens, chunks, the places where they end, the most of one."""

    def find_picture(self, reference: str, owner: str, *, label: str = "Start image") -> Picture:
        """A picture the owner gave before; NotFound, which begins with `label`, if it is not to be had any more."""

    def gallery(self, owner: str) -> Gallery:
        """The owner's finished pictures."""

    def status(self) -> dict[str, object]:
        """State of the device, its name, its memory in use and how many jobs wait."""

    def close(self) -> None:
        """Stop what runs, and the device thread."""
