"""The endpoints, called as a stranger would: named parameters, files back, messages that name the field."""

import json
from dataclasses import asdict, fields
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from studio.requests import RULES, TextToImage
from studio.results import from_metadata
from tests.ui.conftest import Served, wait_until

QUICK = {"checkpoint": "one", "num_inference_steps": 2, "width": 96, "height": 96}


def called(url: str, values: dict[str, Any]) -> str:
    """What `/call/generate` answers in the end, with values JSON has no words for (NaN) let through."""
    row = [values.get(field.name, field.default) for field in fields(TextToImage)]
    body = json.dumps({"data": row}).encode()
    headers = {"content-type": "application/json"}
    event = httpx.post(f"{url}gradio_api/call/generate", content=body, headers=headers).json()["event_id"]
    return httpx.get(f"{url}gradio_api/call/generate/{event}", timeout=60).text.strip().splitlines()[-1]


def test_parameters_are_the_fields_of_the_request(client: Client) -> None:
    endpoint = client.view_api(return_format="dict", print_info=False)["named_endpoints"]["/generate"]
    told = {row["parameter_name"]: row["parameter_default"] for row in endpoint["parameters"]}
    assert told == {field.name: field.default for field in fields(TextToImage)}


def test_only_the_promised_endpoints_are_public(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/generate", "/checkpoints", "/cancel"}


def test_pictures_carry_the_request_the_details_tell(client: Client) -> None:
    files, details = client.predict(prompt="a red house", seed=7, **QUICK, api_name="/generate")
    with Image.open(files[0]) as picture:
        assert picture.format == "PNG" and picture.size == (96, 96)
        assert asdict(from_metadata(picture)) == details["request"]
    assert details["seed"] == 7 and details["seconds"] > 0 and details["job"]


def test_what_is_not_given_takes_the_default_of_the_chosen_family(client: Client) -> None:
    _, details = client.predict(prompt="a cat", checkpoint="one", num_inference_steps=1, api_name="/generate")
    request = details["request"]
    assert (request["width"], request["height"], request["guidance_scale"]) == (128, 128, 4.0)
    assert None not in request.values()


def test_details_can_be_run_again(client: Client) -> None:
    first, details = client.predict(prompt="a cat", **QUICK, api_name="/generate")
    again, _ = client.predict(**details["request"], api_name="/generate")
    with Image.open(first[0]) as one, Image.open(again[0]) as other:
        assert one.tobytes() == other.tobytes()


def test_as_many_pictures_as_asked(client: Client) -> None:
    files, _ = client.predict(**QUICK, num_images_per_prompt=3, api_name="/generate")
    assert len(set(files)) == 3


BAD_VALUES = [
    ("num_inference_steps", float("nan")),
    ("num_inference_steps", float("inf")),
    ("num_inference_steps", 20.5),
    ("num_inference_steps", True),
    ("num_inference_steps", 0),
    ("num_inference_steps", "20"),
    ("num_inference_steps", []),
    ("guidance_scale", 1e30),
    ("guidance_scale", -5),
    ("guidance_scale", {}),
    ("width", 0),
    ("width", 100),
    ("height", -64),
    ("height", 100_000),
    ("seed", None),
    ("seed", 2**64),
    ("seed", "abc"),
    ("num_images_per_prompt", 0),
    ("num_images_per_prompt", 1_000_000),
    ("scheduler", "Eular"),
    ("scheduler", ["Euler"]),
    ("checkpoint", None),
    ("checkpoint", "../one"),
    ("prompt", None),
    ("prompt", ["a cat"]),
    ("prompt", "x" * 10_001),
    ("prompt", "a\0b"),
    ("negative_prompt", "\ud800"),
]


@pytest.mark.parametrize(("field", "value"), BAD_VALUES, ids=lambda value: repr(value)[:20])
def test_a_bad_value_is_refused_by_its_label(served: Served, field: str, value: object) -> None:
    answer = called(served.url, {**QUICK, field: value})
    assert answer.startswith('data: {"error": "' + RULES[field].label + ": ")


def test_a_bad_value_is_refused_by_the_python_client_too(client: Client) -> None:
    with pytest.raises(AppError, match=r"^Steps: needs a whole number from 1 to 150"):
        client.predict(num_inference_steps=151, api_name="/generate")


def test_after_a_refusal_the_next_job_runs(served: Served) -> None:
    assert "error" in called(served.url, {**QUICK, "height": 0})
    assert "error" not in called(served.url, QUICK)


def test_nothing_goes_past_the_queue(served: Served) -> None:
    assert httpx.post(f"{served.url}gradio_api/run/generate", json={"data": []}).status_code == 404


def test_checkpoints_tell_what_can_be_chosen(client: Client) -> None:
    rows = {row["id"]: row for row in client.predict(api_name="/checkpoints")}
    assert rows["one"]["family"] == "storybook" and rows["one"]["on_disk"]
    assert "negative_prompt" in rows["one"]["capabilities"]


def test_a_job_tells_its_id_at_once_and_can_be_stopped(client: Client, served: Served) -> None:
    running = client.submit(**QUICK | {"num_inference_steps": 150}, num_images_per_prompt=8, api_name="/generate")
    wait_until(running.outputs)
    job_id = running.outputs()[0][1]["job"]
    assert client.predict(job_id, api_name="/cancel") == {"job": job_id}
    (job,) = [job for job in served.engine.jobs("local") if job.id == job_id]
    wait_until(lambda: job.is_over)
    assert job.state == "cancelled"


def test_stopping_what_is_not_there_says_so(client: Client) -> None:
    with pytest.raises(AppError, match="Job: there is none"):
        client.predict("nothing", api_name="/cancel")
