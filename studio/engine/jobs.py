"""The table of jobs: a queue fair to every owner, and what each job has to tell."""

import copy
import secrets
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from studio.errors import Cancelled, NotFound, StudioError
from studio.grids import Grid
from studio.requests import CutOut, Fetch, FindMask, Preprocess, TextToImage
from studio.results import Cut, Event, Fetched, Masked, Preprocessed, Preview, Progress, Result

MOST_WAITING = 64
MOST_WAITING_OF_ONE = 16
REMEMBERED = 100
# Seconds.
TOLD_AGAIN = 5
# Of finished pictures that are saved.
MOST_HELD_BYTES = 256 * 2**20
Asked = TextToImage | Grid | Fetch | FindMask | CutOut | Preprocess
Outcome = Result | Fetched | Masked | Cut | Preprocessed

ENDED = ("done", "cancelled", "failed")


@dataclass(kw_only=True, eq=False)
class Job:
    """One request on its way. `state` is waiting, running, done, cancelled or failed.

    `request` is None where it is let go of at the end. `found` is the mask that was looked for before an edit, and
    `edit` on the other side the job that waits for what is looked for.
    """

    id: str
    owner: str
    request: Asked | None
    state: str = "waiting"
    progress: Progress = field(default_factory=lambda: Progress(phase="waiting"))
    preview: Preview | None = None
    result: Outcome | None = None
    error: StudioError | None = None
    is_stopping: bool = False
    found: Masked | None = None
    edit: "Job | None" = None

    @property
    def is_over(self) -> bool:
        return self.state in ENDED


class Jobs:
    """All jobs of a studio; every method may be called from any thread.

    `keeps_requests` says whether a job that is over still holds what was asked, pictures and all.
    """

    def __init__(
        self, *, told_again: float = TOLD_AGAIN, remembered: int = REMEMBERED, keeps_requests: bool = True
    ) -> None:
        self._told_again, self._remembered, self._keeps_requests = told_again, remembered, keeps_requests
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()
        self._is_closed = False

    def add(self, request: Asked, owner: str, *, edit: Job | None = None) -> Job:
        """Queue a request; StudioError if too many wait already."""
        job = Job(id=secrets.token_hex(16), owner=owner, request=request, edit=edit)
        with self._changed:
            self._enter(job)
            self._queue(job)
        return job

    def hold(self, request: Asked, owner: str) -> Job:
        """A job that waits for a mask or its controls, and is queued by `go_on`; StudioError as `add`."""
        job = Job(id=secrets.token_hex(16), owner=owner, request=request)
        with self._changed:
            self._enter(job)
        return job

    def go_on(self, job: Job, request: Asked, found: Masked | None = None, *, is_ready: bool = True) -> None:
        """Queue a job that was held, with what was looked for in the request; Cancelled if it was stopped meanwhile.

        One that is not ready is held on.
        """
        with self._changed:
            self._check_goes_on(job)
            job.request, job.found, job.progress = request, found or job.found, Progress(phase="waiting")
            if is_ready:
                self._queue(job)

    def take(self) -> Job | None:
        """Wait for the next job, owners taking turns, and mark it running; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            owner, queue = self._waiting.popitem(last=False)
            job = queue.popleft()
            if queue:
                self._waiting[owner] = queue
            job.state, job.progress = "running", Progress(phase="starting")
            self._tell_places()
            self._changed.notify_all()
        return job

    def tell(self, job: Job, event: Progress | Preview) -> None:
        """Pass an event of a job on that runs or is held; raises Cancelled once its owner wants it stopped."""
        with self._changed:
            self._check_goes_on(job)
            if isinstance(event, Preview):
                job.preview = event
            else:
                job.progress = event
            self._changed.notify_all()

    def end(self, job: Job, outcome: Outcome | StudioError) -> None:
        """Close a job with its result or its error; a job that is over stays as it is."""
        with self._changed:
            if job.is_over:
                return
            if not isinstance(outcome, StudioError):
                job.result, job.state = outcome, "cancelled" if job.is_stopping else "done"
            else:
                job.error, job.state = _bare(outcome), "cancelled" if isinstance(outcome, Cancelled) else "failed"
            job.preview = job.edit = None
            if not self._keeps_requests:
                job.request = None
            self._shed()
            self._changed.notify_all()

    def cancel(self, job_id: str, owner: str) -> None:
        """End a waiting job at once, a running one at its next step."""
        with self._changed:
            job = self.find(job_id, owner)
            if job.state == "running":
                job.is_stopping = True
            elif job.state == "waiting":
                queue = self._waiting.get(owner, deque())
                if job in queue:  # else it is held
                    queue.remove(job)
                if not queue:
                    self._waiting.pop(owner, None)
                self.end(job, Cancelled("Stopped before it began."))
                self._tell_places()

    def find(self, job_id: str, owner: str) -> Job:
        """The owner's job of that id; NotFound also for a job of somebody else."""
        with self._changed:
            job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise NotFound("Job: there is none of that id. It may be long over; start a new one.")
        return job

    def has(self, job_id: str, owner: str) -> bool:
        """Whether the owner has a job of that id here."""
        with self._changed:
            return job_id in self._jobs and self._jobs[job_id].owner == owner

    def of(self, owner: str) -> list[Job]:
        """The owner's jobs, oldest first."""
        with self._changed:
            return [job for job in self._jobs.values() if job.owner == owner]

    def watch(self, job_id: str, owner: str, *, pace: float = 0.0) -> Iterator[Event]:
        """What changes about a job, beginning with how it stands, ending with its Result or its error.

        A new Preview comes before the Progress made with it. After either at least `pace` seconds pass, and what is
        overtaken by then is left out; the end does not wait. How a job stands is told again after a while without a
        change, so that a watcher who left is noticed.
        """
        job = self.find(job_id, owner)
        progress, preview, earliest = None, None, 0.0
        while True:
            with self._changed:
                again = time.monotonic() + self._told_again
                while not job.is_over:
                    is_new = job.progress is not progress or job.preview is not preview
                    left = (earliest if is_new else again) - time.monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
                is_rough = job.preview is not None and job.preview is not preview
                progress, preview, is_over = job.progress, job.preview, job.is_over
            if is_over:
                break
            yield from (preview, progress) if is_rough else (progress,)
            earliest = time.monotonic() + pace
        if job.error is not None:
            raise copy.copy(job.error)
        yield job.result

    def waiting(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return sum(len(queue) for queue in self._waiting.values())

    def close(self) -> None:
        """Cancel every job, and end the one who takes them."""
        with self._changed:
            self._is_closed = True
            for job in [job for job in self._jobs.values() if job.state == "waiting"]:
                self.end(job, Cancelled("Stopped: the studio was closed before it began."))
            self._waiting.clear()
            self._changed.notify_all()

    def _enter(self, job: Job) -> None:
        self._check_room(job.owner)
        self._jobs[job.id] = job
        self._forget()

    def _queue(self, job: Job) -> None:
        self._waiting.setdefault(job.owner, deque()).append(job)
        self._tell_places()
        self._changed.notify_all()

    def _check_goes_on(self, job: Job) -> None:
        if job.is_stopping or job.is_over or self._is_closed:
            raise Cancelled("Stopped.")

    def _check_room(self, owner: str) -> None:
        if self._is_closed:
            raise StudioError("Queue: the studio is closing. Start it again.")
        owners = [job.owner for job in self._jobs.values() if job.state == "waiting"]
        if owners.count(owner) >= MOST_WAITING_OF_ONE:
            raise StudioError(f"Queue: {MOST_WAITING_OF_ONE} of your jobs wait already. Stop one or wait for one.")
        if len(owners) >= MOST_WAITING:
            raise StudioError("Queue: the studio is full. Try again in a minute.")

    def _forget(self) -> None:
        """Drop jobs that are over, the oldest of the busiest owner first; their pictures lie in the output folder."""
        while len(self._jobs) > self._remembered:
            over = [job for job in self._jobs.values() if job.is_over]
            if not over:
                return
            (busiest, _), *_ = Counter(job.owner for job in over).most_common(1)
            del self._jobs[next(job.id for job in over if job.owner == busiest)]

    def _shed(self) -> None:
        """Let go of pictures that lie on the disk; those of the newest jobs are kept at hand."""
        held_bytes = 0
        for job in reversed(self._jobs.values()):
            if isinstance(job.result, Result) and len(job.result.paths) == len(job.result.images):
                held_bytes += sum(3 * image.width * image.height for image in job.result.images)
                if held_bytes > MOST_HELD_BYTES:
                    job.result = replace(job.result, images=())

    def _tell_places(self) -> None:
        """Tell each waiting job its place: the order in which owners take turns."""
        queues = [list(queue) for queue in self._waiting.values()]
        longest = max((len(queue) for queue in queues), default=0)
        order = [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]
        for place, job in enumerate(order, start=1):
            job.progress = replace(job.progress, queue_place=place)


def _bare(error: StudioError) -> StudioError:
    """The error without the frames it came through: they hold pipeline and tensors for as long as it is kept."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
