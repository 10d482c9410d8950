"""The queue is fair, jobs belong to their owners, and watchers miss nothing."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import masks
from studio.engine.jobs import MOST_WAITING_OF_ONE, REMEMBERED, Job, Jobs
from studio.errors import Cancelled, NotFound, RunError, StudioError
from studio.requests import TextToImage
from studio.results import Masked, Preview, Progress, Result

REQUEST = TextToImage(prompt="a cat", seed=1)
FOUND = Masked(mask=masks.picture(np.zeros((8, 8), np.float32)), coverage=0.0, score=None, seconds=0.1)
DONE = Result(images=(), request=REQUEST, seconds=1.0)


def test_owners_take_turns() -> None:
    jobs = Jobs()
    for owner in ("ann", "ann", "ann", "bob", "cem"):
        jobs.add(REQUEST, owner)
    assert [jobs.take().owner for _ in range(5)] == ["ann", "bob", "cem", "ann", "ann"]


def test_places_tell_the_order_to_come() -> None:
    jobs = Jobs()
    first, second = jobs.add(REQUEST, "ann"), jobs.add(REQUEST, "ann")
    newcomer = jobs.add(REQUEST, "bob")
    assert [job.progress.queue_place for job in (first, newcomer, second)] == [1, 2, 3]
    jobs.take()
    assert (newcomer.progress.queue_place, second.progress.queue_place) == (1, 2)


def test_a_foreign_job_is_not_found() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    for attempt in (jobs.find, jobs.cancel):
        with pytest.raises(NotFound):
            attempt(job.id, "bob")
    with pytest.raises(NotFound):
        next(jobs.watch(job.id, "bob"))
    assert jobs.of("bob") == [] and jobs.of("ann") == [job]


def test_a_waiting_job_is_cancelled_at_once_and_never_taken() -> None:
    jobs = Jobs()
    job, other = jobs.add(REQUEST, "ann"), jobs.add(REQUEST, "bob")
    jobs.cancel(job.id, "ann")
    assert job.state == "cancelled" and jobs.waiting() == 1
    assert jobs.take() is other
    with pytest.raises(Cancelled):
        list(jobs.watch(job.id, "ann"))


def test_a_running_job_stops_when_it_next_reports() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    jobs.take()
    jobs.tell(job, Progress(phase="painting", step=1, steps=4))
    jobs.cancel(job.id, "ann")
    with pytest.raises(Cancelled):
        jobs.tell(job, Progress(phase="painting", step=2, steps=4))


def test_a_job_that_is_over_cannot_be_cancelled_any_more() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    jobs.take()
    jobs.end(job, DONE)
    jobs.cancel(job.id, "ann")
    assert job.state == "done" and list(jobs.watch(job.id, "ann"))[-1] is DONE


def test_every_watcher_gets_the_result_however_late() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    with ThreadPoolExecutor(3) as pool:
        early = [pool.submit(lambda: list(jobs.watch(job.id, "ann"))) for _ in range(3)]
        jobs.take()
        jobs.tell(job, Progress(phase="painting", step=1, steps=2))
        jobs.tell(job, Preview(image=Image.new("RGB", (4, 4))))
        jobs.end(job, DONE)
        seen = [watcher.result(timeout=10) for watcher in early]
    assert all(events[-1] is DONE for events in seen)
    assert list(jobs.watch(job.id, "ann"))[-1] is DONE


def test_a_watcher_hears_again_of_a_job_that_does_not_change() -> None:
    table = Jobs(told_again=0.05)
    job = table.add(TextToImage(), "ann")
    watcher = table.watch(job.id, "ann")
    assert next(watcher) is next(watcher) is job.progress


def test_a_watcher_is_told_no_more_often_than_it_asks() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    watcher = jobs.watch(job.id, "ann", pace=0.2)
    next(watcher)
    told = time.monotonic()
    jobs.take()
    assert next(watcher).phase == "starting"
    assert time.monotonic() - told >= 0.2


def test_the_end_is_told_at_any_pace_at_once() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    watcher = jobs.watch(job.id, "ann", pace=1e6)
    next(watcher)
    jobs.take()
    jobs.end(job, DONE)
    assert next(watcher) is DONE


def test_a_preview_comes_with_the_progress_after_it() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    jobs.take()
    watcher = jobs.watch(job.id, "ann")
    starting = next(watcher)
    jobs.tell(job, Preview(image=Image.new("RGB", (4, 4))))
    assert [next(watcher), next(watcher)] == [job.preview, starting]


def test_a_watcher_that_leaves_does_not_stop_the_job() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    watcher = jobs.watch(job.id, "ann")
    next(watcher)
    watcher.close()
    jobs.take()
    jobs.tell(job, Progress(phase="painting", step=1, steps=2))
    assert job.state == "running"


def test_an_error_reaches_the_watcher() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    jobs.take()
    jobs.end(job, RunError("Size: too large."))
    with pytest.raises(RunError, match="Size: too large."):
        list(jobs.watch(job.id, "ann"))


def test_one_owner_cannot_fill_the_queue() -> None:
    jobs = Jobs()
    for _ in range(MOST_WAITING_OF_ONE):
        jobs.add(REQUEST, "ann")
    with pytest.raises(StudioError, match="Queue:"):
        jobs.add(REQUEST, "ann")
    assert jobs.add(REQUEST, "bob").progress.queue_place == 2


def test_old_jobs_of_the_busiest_owner_are_forgotten_first() -> None:
    jobs = Jobs()
    for owner in ("zoe", *["ann"] * (REMEMBERED + 20)):
        job = jobs.add(REQUEST, owner)
        jobs.take()
        jobs.end(job, DONE)
    assert len(jobs.of("zoe")) == 1
    assert len(jobs.of("ann")) == REMEMBERED - 1 and jobs.of("ann")[-1] is job


def test_an_error_that_is_kept_holds_no_frames() -> None:
    """Frames of a stopped run hold its pipeline: weights could never be freed while the job is remembered."""
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    jobs.take()
    try:
        jobs.find("nothing", "ann")
    except NotFound as error:
        jobs.end(job, error)
    for _ in range(2):
        with pytest.raises(NotFound):
            list(jobs.watch(job.id, "ann"))
    assert job.error is not None and job.error.__traceback__ is None and job.error.__context__ is None


def held(jobs: Jobs, owner: str = "ann") -> Job:
    """A job whose mask is still looked for."""
    return jobs.hold(REQUEST, owner)


def test_a_held_job_waits_and_is_not_taken_before_it_goes_on() -> None:
    jobs = Jobs()
    job, other = held(jobs), jobs.add(REQUEST, "bob")
    assert job.state == "waiting" and jobs.of("ann") == [job] and jobs.take() is other
    jobs.tell(job, Progress(phase="looking"))
    assert next(jobs.watch(job.id, "ann")).phase == "looking"
    complete = replace(REQUEST, seed=2)
    jobs.go_on(job, complete, FOUND)
    assert job.progress == Progress(phase="waiting", queue_place=1)
    assert jobs.take() is job and job.request is complete and job.found is FOUND


def test_a_held_job_that_is_stopped_ends_at_once_and_never_goes_on() -> None:
    jobs = Jobs()
    job = held(jobs)
    jobs.cancel(job.id, "ann")
    assert job.state == "cancelled"
    for attempt in (lambda: jobs.tell(job, Progress(phase="looking")), lambda: jobs.go_on(job, REQUEST, FOUND)):
        with pytest.raises(Cancelled):
            attempt()
    assert jobs.waiting() == 0 and job.state == "cancelled"


def test_held_jobs_take_their_owner_s_room() -> None:
    jobs = Jobs()
    for _ in range(MOST_WAITING_OF_ONE):
        held(jobs)
    for attempt in (jobs.add, jobs.hold):
        with pytest.raises(StudioError, match="Queue:"):
            attempt(REQUEST, "ann")
    assert held(jobs, "bob").state == "waiting"


def test_closing_ends_held_jobs() -> None:
    jobs = Jobs()
    job = held(jobs)
    jobs.close()
    with pytest.raises(Cancelled):
        list(jobs.watch(job.id, "ann"))


def test_closing_ends_waiting_jobs_and_takes_no_more() -> None:
    jobs = Jobs()
    job = jobs.add(REQUEST, "ann")
    with ThreadPoolExecutor(1) as pool:
        watcher = pool.submit(lambda: list(jobs.watch(job.id, "ann")))
        jobs.close()
        with pytest.raises(Cancelled):
            watcher.result(timeout=10)
    with pytest.raises(StudioError, match="closing"):
        jobs.add(REQUEST, "ann")


def test_closing_ends_the_one_who_takes() -> None:
    jobs = Jobs()
    with ThreadPoolExecutor(1) as pool:
        taker = pool.submit(jobs.take)
        jobs.close()
        assert taker.result(timeout=10) is None


def test_saved_pictures_of_old_jobs_leave_memory() -> None:
    jobs = Jobs()
    picture = Image.new("RGB", (6000, 6000))
    ended = []
    for paths in ((Path("kept.png"),), (), (Path("kept.png"),), (Path("kept.png"),), (Path("kept.png"),)):
        ended.append(jobs.add(REQUEST, "ann"))
        jobs.take()
        jobs.end(ended[-1], Result(images=(picture,), request=REQUEST, seconds=1.0, paths=paths))
    # 108 MB each: two are kept at hand, and one that lies nowhere else.
    assert [len(job.result.images) for job in ended] == [0, 1, 0, 1, 1]
    assert all(len(job.result.requests) == 1 for job in ended)
