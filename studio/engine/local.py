"""The engine inside this process: one thread owns the device and imports what it needs once the page is served."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from studio import catalog, imports, outputs
from studio.config import Settings
from studio.engine.jobs import Job, Jobs
from studio.errors import RunError, StudioError
from studio.pipelines import sources
from studio.requests import TextToImage, resolved
from studio.results import Event, Preview, Progress, Report, Result

log = logging.getLogger(__name__)

Run = Callable[[TextToImage, Report], Result]


class LocalEngine:
    """Runs one job at a time on this machine's device; see `studio.engine.Engine`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs = Jobs()
        self._state, self._device, self._memory_bytes = "starting", "", 0
        self._thread = threading.Thread(target=self._work, name="device", daemon=True)

    def start(self) -> "LocalEngine":
        """Begin to import and to work; jobs may be submitted before."""
        self._thread.start()
        return self

    def submit(self, request: TextToImage, owner: str) -> Job:
        row = sources.find(request.checkpoint, self._settings)
        sources.located(row, self._settings)
        return self._jobs.add(resolved(request, catalog.family(row.family)), owner)

    def events(self, job_id: str, owner: str) -> Iterator[Event]:
        return self._jobs.watch(job_id, owner)

    def cancel(self, job_id: str, owner: str) -> None:
        self._jobs.cancel(job_id, owner)

    def jobs(self, owner: str) -> list[Job]:
        return self._jobs.of(owner)

    def checkpoints(self) -> list[dict[str, object]]:
        return [_described(row, folder) for row, folder in sources.available(self._settings)]

    def status(self) -> dict[str, object]:
        return {
            "state": self._state,
            "device": self._device,
            "memory": f"{self._memory_bytes / 1e9:.1f} GB in use" if self._memory_bytes else "",
            "waiting": self._jobs.waiting(),
        }

    def close(self) -> None:
        self._jobs.close()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _work(self) -> None:
        run = self._prepared()
        while (job := self._jobs.take()) is not None:
            self._jobs.end(job, self._outcome(job, run))

    def _prepared(self) -> Run:
        """Import what computes; if that fails every job says so, and the page stays up to show it."""
        try:
            with imports.quickly():
                from studio import tasks
                from studio.pipelines.manager import PipelineManager

            manager = PipelineManager(self._settings)
        except Exception as error:
            log.exception("the device cannot be used")
            self._state, why = "failed", f"Studio: the device cannot be used ({error}). Start with --device cpu."
            return lambda request, report: _refuse(why)
        self._state, self._device, self._memory_bytes = "ready", str(manager.device), manager.used_bytes()

        def run(request: TextToImage, report: Report) -> Result:
            try:
                return tasks.run(request, manager, report)
            finally:
                self._memory_bytes = manager.used_bytes()

        return run

    def _outcome(self, job: Job, run: Run) -> Result | StudioError:
        def report(event: Progress | Preview) -> None:
            self._jobs.tell(job, event)

        try:
            return outputs.saved(run(job.request, report), self._settings.outputs, job.id)
        except StudioError as error:
            return error
        except BaseException:  # a library that calls sys.exit() must not end the device thread
            log.exception("job %s failed", job.id)
            return RunError("Studio: something went wrong inside; the log has the details. Try again.")


def _refuse(why: str) -> Result:
    raise RunError(why)


def _described(row: catalog.Checkpoint, folder: Path | None) -> dict[str, object]:
    family = catalog.family(row.family)
    return {
        "id": row.id,
        "label": row.label,
        "family": family.name,
        "family_label": family.label,
        "licence": row.licence,
        "capabilities": sorted(family.capabilities),
        "size_bytes": row.size_bytes,
        "on_disk": folder is not None,
    }
