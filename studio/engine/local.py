"""The engine inside this process: one thread owns the device and imports what it needs once the page is served."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from studio import grids, imports, outputs, prompts
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.engine.checkpoints import ASSETS, described
from studio.engine.embeddings import described as described_embeddings
from studio.engine.jobs import Asked, Job, Jobs, Outcome
from studio.engine.loras import check_cells
from studio.engine.loras import described as described_loras
from studio.errors import RunError, StudioError
from studio.grids import Grid
from studio.images import Picture
from studio.infotext import Hashes
from studio.pipelines import embeddings, loras, sources, tokens
from studio.requests import CutOut, Fetch, FindMask, Preprocess, TextToImage, resolved
from studio.requests.editing import words_of
from studio.results import Event, Fetched, Masked, Progress, Report, Result
from studio.vision import controls, registry

if TYPE_CHECKING:
    from studio.tasks.preprocess import Preprocessing

log = logging.getLogger(__name__)

# Seconds that what was deleted can be had back.
TRASH_KEPT = 30 * 86400
DAY = 86400
WILDCARDS = ASSETS / "wildcards"
# How pictures are looked at: each way has its thread, since the first cut-out on a machine keeps its own for a while.
MASKS = ("words", "foreground")
LOOKS = (*MASKS, "controls")
# A slider makes many.
REMEMBERED_LOOKS = 16

Run = Callable[[Job, Report], Outcome]


class LocalEngine:
    """Runs one job at a time on this machine's device; fetches and looks at pictures beside it; see `studio.engine`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs, self._fetches = Jobs(), Jobs()
        self._looks = {way: Jobs(remembered=REMEMBERED_LOOKS, keeps_requests=False) for way in LOOKS}
        self._index = outputs.opened(settings.outputs)
        self._hashes = outputs.ModelHashes(self._index)
        self._faults: dict = {}  # what loading finds wrong with files
        self._closing, self._is_imported = threading.Event(), threading.Event()
        self._state, self._device, self._memory_bytes = "starting", "", 0
        self._threads = [
            threading.Thread(target=self._work, name="device", daemon=True),
            threading.Thread(target=self._fetch_all, name="fetch", daemon=True),
            threading.Thread(target=self._tidy, name="tidy", daemon=True),
            *(threading.Thread(target=self._look_all, args=(way,), name=way, daemon=True) for way in LOOKS),
        ]

    def start(self) -> "LocalEngine":
        """Begin to import and to work; jobs may be submitted before."""
        for thread in self._threads:
            thread.start()
        return self

    def submit(self, request: TextToImage | Grid, owner: str, *, find: FindMask | None = None) -> Job:
        if find is not None:
            row = self._here(request.checkpoint)
            # Tags wait for the mask: which of them are meant, choices among the words may decide.
            loras.resolved(replace(request, prompt="", prompt_per_line=False), row, self._settings)
        else:
            request = self._resolved(request)
            if not _is_to_be_made_ready(request):
                return self._jobs.add(request, owner)
        job = self._jobs.hold(request, owner)
        try:
            if find is not None:
                self._queue_look(find, owner, edit=job)
            else:
                self._looks["controls"].add(request, owner, edit=job)
        except StudioError as error:
            self._jobs.end(job, error)
            raise
        return job

    def fetch(self, request: Fetch, owner: str) -> Job:
        from studio.engine import fetching

        fetching.check(request, self._settings)
        return self._fetches.add(request, owner)

    def look(self, request: FindMask | CutOut | Preprocess, owner: str) -> Job:
        if isinstance(request, Preprocess):
            return self._looks["controls"].add(request, owner)
        return self._queue_look(request, owner)

    def events(self, job_id: str, owner: str, *, pace: float = 0.0) -> Iterator[Event]:
        return self._table(job_id, owner).watch(job_id, owner, pace=pace)

    def cancel(self, job_id: str, owner: str) -> None:
        self._table(job_id, owner).cancel(job_id, owner)

    def jobs(self, owner: str) -> list[Job]:
        return self._jobs.of(owner)

    def fetches(self, owner: str) -> list[Job]:
        return self._fetches.of(owner)

    def checkpoints(self) -> list[dict[str, object]]:
        return [
            described(row, folder, self._settings) for row, folder in sources.available(self._settings, self._faults)
        ]

    def checkpoint(self, id: str, *, ask_hub: bool = False) -> dict[str, object]:
        from studio.engine import fetching

        row = (fetching.found if ask_hub else sources.find)(id, self._settings)
        return described(*sources.examined(row, self._settings, self._faults), self._settings)

    def loras(self, checkpoint: str) -> list[dict[str, object]]:
        return described_loras(sources.find(checkpoint, self._settings), self._settings)

    def embeddings(self, checkpoint: str) -> list[dict[str, object]]:
        return described_embeddings(sources.find(checkpoint, self._settings), self._settings)

    def tokens(self, prompt: str, checkpoint: str) -> dict[str, object] | None:
        row = sources.find(checkpoint, self._settings)
        folder = sources.folder_of(row, self._settings)
        if folder is None:
            return None
        counted = tokens.count(folder, prompt, embeddings.counts(row, self._settings))
        return {**counted._asdict(), "most": tokens.ROOM}

    def find_picture(self, reference: str, owner: str, *, label: str = "Start image") -> Picture:
        return outputs.find_picture(reference, self._settings.outputs, owner=owner, label=label)

    def gallery(self, owner: str) -> outputs.Gallery:
        return outputs.Gallery(self._index, owner)

    def status(self) -> dict[str, object]:
        return {
            "state": self._state,
            "device": self._device,
            "memory": f"{self._memory_bytes / 1e9:.1f} GB in use" if self._memory_bytes else "",
            "waiting": self._jobs.waiting(),
        }

    def close(self) -> None:
        self._closing.set()
        self._is_imported.set()
        for table in self._tables:
            table.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=30)
        self._index.close()

    def _resolved(self, request: TextToImage | Grid) -> TextToImage | Grid:
        own = [self._settings.wildcards] if self._settings.wildcards else []
        wildcards = prompts.wildcards(WILDCARDS, *own)
        if isinstance(request, Grid):
            grid = grids.resolved(request, self._here, wildcards)
            check_cells(grid, self._here, self._settings)
            return grid
        row = self._here(request.checkpoint)
        request = loras.resolved(resolved(request, row, wildcards), row, self._settings)
        embeddings.check(request, row, self._settings)
        return controls.resolved(request, row.family)

    def _queue_look(self, request: FindMask | CutOut, owner: str, *, edit: Job | None = None) -> Job:
        """Queue a look by the net that fits; `edit` is the held job that goes on with the mask."""
        way = request.source if isinstance(request, FindMask) else "foreground"
        if request.mask_model is None and way in MASKS:
            family = sources.find(request.checkpoint, self._settings).family
            request = replace(request, mask_model=registry.default(way, family).id)
        return self._looks.get(way, self._looks["words"]).add(request, owner, edit=edit)

    @cached_property
    def _preprocessing(self) -> "Preprocessing":
        """What makes control images, to be seen and to be followed, and keeps those made lately."""
        from studio.tasks.preprocess import Preprocessing

        return Preprocessing(self._settings)

    @property
    def _tables(self) -> tuple[Jobs, ...]:
        return self._fetches, *self._looks.values(), self._jobs

    def _table(self, job_id: str, owner: str) -> Jobs:
        """The table with the job; that of painting for a job that none has."""
        return next((table for table in self._tables if table.has(job_id, owner)), self._jobs)

    def _work(self) -> None:
        run = self._prepared()
        self._is_imported.set()
        while (job := self._jobs.take()) is not None:
            self._jobs.end(job, _outcome(job, run, partial(self._jobs.tell, job)))

    def _tidy(self) -> None:
        """Let the index and the files agree, and empty the trash now and daily; nobody waits for it."""
        outputs.sweep(self._index)
        outputs.purge(self._index, older_than=TRASH_KEPT)
        while not self._closing.wait(DAY):
            outputs.purge(self._index, older_than=TRASH_KEPT)

    def _here(self, id: str) -> Checkpoint:
        """The row of a checkpoint that lies on this machine; NotFound or LoadError if it does not."""
        row = sources.find(id, self._settings)
        sources.located(row, self._settings, self._faults)
        return row

    def _hashes_of(self, request: TextToImage) -> Hashes:
        """What A1111 knows the files by that a picture was painted with, as far as it is worked out."""
        return Hashes(
            model=self._hash(request.checkpoint),
            loras=_known({lora.name: self._lora_hash(lora.name) for lora in request.loras}),
            embeddings=_known(self._embedding_hashes(request)),
        )

    def _hash(self, id: str) -> str | None:
        try:
            place = sources.path_of(sources.find(id, self._settings), self._settings)
        except StudioError:  # taken away while it painted: its pictures are kept all the same
            return None
        return self._hashes.of(place) if place else None

    def _lora_hash(self, name: str) -> str | None:
        try:
            return self._hashes.of_lora(loras.find(name, loras.available(self._settings)).path)
        except StudioError:
            return None

    def _embedding_hashes(self, request: TextToImage) -> dict[str, str | None]:
        try:
            files = embeddings.used(request, sources.find(request.checkpoint, self._settings), self._settings)
        except StudioError:
            return {}
        return {file.name: self._hashes.of_embedding(file.path) for file in files}

    def _fetch_all(self) -> None:
        def run(job: Job, report: Report) -> Fetched:
            from studio.engine import fetching

            return fetching.fetch(job.request, self._settings, report)

        while (job := self._fetches.take()) is not None:
            self._fetches.end(job, _outcome(job, run, partial(self._fetches.tell, job)))

    def _look_all(self, way: str) -> None:
        """Look in one way; nothing is imported beside the device's thread, which imports faster alone."""
        self._is_imported.wait()
        table, run = self._looks[way], None

        def look(job: Job, report: Report) -> Outcome:
            nonlocal run
            # Here, so that where its imports fail the job says so, and the next one tries again.
            run = run or self._looking(way)
            return run(job.request, report)

        while (job := table.take()) is not None:
            if job.edit is None:
                table.end(job, _outcome(job, look, partial(table.tell, job)))
            else:
                table.end(job, self._looked_for(job, job.edit, look))

    def _looking(self, way: str) -> Callable[[Asked, Report], Outcome]:
        """What looks in one way, with what it holds."""
        from studio.tasks import control, mask

        if way == "controls":
            return partial(control.made_ready, settings=self._settings, preprocessing=self._preprocessing)
        nets = mask.Nets(self._settings)
        return lambda request, report: mask.look(request, nets, report)

    def _looked_for(self, look: Job, edit: Job, run: Run) -> Outcome | StudioError:
        """What a job waits for, the mask of an edit and then its controls; with all of it, it waits its turn.

        What stands in its way ends both, and its Stop the look.
        """

        def go_on(look: Job, report: Report) -> Outcome:
            report(Progress(phase="looking"))
            find, found = look.request, run(look, report)
            if not isinstance(found, Masked):
                self._jobs.go_on(edit, edit.request)
                return found
            words = words_of(find, edit.request.verb)
            request = self._resolved(replace(edit.request, mask_image=found.mask, words=words))
            is_ready = not _is_to_be_made_ready(request)
            self._jobs.go_on(edit, request, found, is_ready=is_ready)
            if not is_ready:
                self._looks["controls"].add(request, edit.owner, edit=edit)
            return found

        outcome = _outcome(look, go_on, partial(self._jobs.tell, edit))
        if isinstance(outcome, StudioError):
            self._jobs.end(edit, outcome)
        return outcome

    def _prepared(self) -> Run:
        """Import what computes; if that fails every job says so, and the page stays up to show it."""
        try:
            with imports.quickly():
                from studio import tasks
                from studio.pipelines.manager import PipelineManager

            manager, preprocessing = PipelineManager(self._settings, self._faults), self._preprocessing
        except Exception as error:
            log.exception("the device cannot be used")
            self._state, why = "failed", f"Studio: the device cannot be used ({error}). Start with --device cpu."
            return lambda job, report: _refuse(why)
        self._state, self._device, self._memory_bytes = "ready", str(manager.device), manager.used_bytes()

        def run(job: Job, report: Report) -> Result:
            try:
                result = tasks.run(job.request, manager, report, preprocessing)
            finally:
                self._memory_bytes = manager.used_bytes()
            return outputs.saved(result, self._index, owner=job.owner, job=job.id, hashes_of=self._hashes_of)

        return run


def _known(hashes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: digest for name, digest in hashes.items() if digest}


def _is_to_be_made_ready(request: TextToImage | Grid) -> bool:
    """Whether nets are to be fetched or control images made before it is painted."""
    return bool(request.controls or request.references)


def _outcome(job: Job, run: Run, report: Report) -> Outcome | StudioError:
    """What comes of a job: nothing that happens inside may end the thread it runs on."""
    try:
        return run(job, report)
    except StudioError as error:
        return error
    except BaseException:  # a library that calls sys.exit() must not end the thread
        log.exception("job %s failed", job.id)
        return RunError("Studio: something went wrong inside; the log has the details. Try again.")


def _refuse(why: str) -> Result:
    raise RunError(why)
