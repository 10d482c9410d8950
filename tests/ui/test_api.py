"""The endpoints, called as a stranger would: named parameters, files back, messages that name the field."""

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from studio import outputs, results
from studio.requests import RULES, ImageToImage
from tests.ui.conftest import Served, wait_until

# As the endpoint has them: a start image may be left out.
DEFAULTS = {
    row.name: None if row.default is MISSING else list(row.default) if row.default == () else row.default
    for row in fields(ImageToImage)
    if row.name not in results.PARTS
}
QUICK = {"checkpoint": "one", "num_inference_steps": 2, "width": 96, "height": 96}


def called(url: str, values: dict[str, Any]) -> str:
    """What `/call/generate` answers in the end, with values JSON has no words for (NaN) let through."""
    body = json.dumps({"data": list({**DEFAULTS, **values}.values())}).encode()
    headers = {"content-type": "application/json"}
    event = httpx.post(f"{url}gradio_api/call/generate", content=body, headers=headers).json()["event_id"]
    return httpx.get(f"{url}gradio_api/call/generate/{event}", timeout=60).text.strip().splitlines()[-1]


def test_parameters_are_the_fields_of_the_request(client: Client) -> None:
    endpoint = client.view_api(return_format="dict", print_info=False)["named_endpoints"]["/generate"]
    told = {row["parameter_name"]: row["parameter_default"] for row in endpoint["parameters"]}
    assert told == DEFAULTS
    assert all(row["parameter_has_default"] for row in endpoint["parameters"])


def test_parameters_are_told_with_type_limits_and_meaning(client: Client) -> None:
    endpoint = client.view_api(return_format="dict", print_info=False)["named_endpoints"]["/generate"]
    told = {row["parameter_name"]: row["type"] for row in endpoint["parameters"]}
    assert all(row["description"] for row in told.values())
    assert (told["num_inference_steps"]["type"], told["num_inference_steps"]["maximum"]) == ("integer", 150)
    assert told["resize_mode"]["enum"] == ["crop", "fill", "stretch"]


def test_only_the_promised_endpoints_are_public(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    painting, looking = {"/generate", "/grid", "/edit", "/style", "/control"}, {"/mask", "/cut_out", "/preprocess"}
    assert set(endpoints) == painting | looking | {"/checkpoints", "/loras", "/embeddings", "/cancel", "/fetch"}


def test_pictures_carry_the_request_the_details_tell(client: Client) -> None:
    files, details = client.predict(prompt="a red house", seed=7, **QUICK, api_name="/generate")
    with Image.open(files[0]) as picture:
        assert picture.format == "PNG" and picture.size == (96, 96)
    assert outputs.found(Path(files[0])).request == details["request"]
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


def test_a_grid_gives_its_sheet_and_its_cells_and_can_be_run_again(client: Client) -> None:
    axes = {"x_field": "num_inference_steps", "x_values": "1-2", "y_field": "seed", "y_values": "7, 8"}
    files, details = client.predict(prompt="a red house", **QUICK, **axes, api_name="/grid")
    assert len(files) == 5 and details["seeds"][1:] == [7, 7, 8, 8]
    again, _ = client.predict(**details["request"], api_name="/grid")
    assert [Path(path).read_bytes() for path in files] == [Path(path).read_bytes() for path in again]


def test_an_axis_written_wrong_is_named(client: Client) -> None:
    with pytest.raises(AppError, match=r"^X axis: "):
        client.predict(**QUICK, x_field="seed", x_values="1-", api_name="/grid")


def test_a_start_image_can_be_sent_and_named_again(client: Client) -> None:
    start, _ = client.predict(prompt="a red house", **QUICK, api_name="/generate")
    again, details = client.predict(**QUICK, image=handle_file(start[0]), strength=0.5, seed=7, api_name="/generate")
    assert details["request"]["image"].startswith("sha256:")
    once_more, _ = client.predict(**details["request"], api_name="/generate")
    assert Path(again[0]).read_bytes() == Path(once_more[0]).read_bytes()


PICTURES_NOT_SENT = [
    "/etc/passwd",
    "sha256:" + "0" * 64,
    "sha256:../../x",
    "https://elsewhere.example/cat.png",
    "data:image/png;base64,AAAA",
    {"path": "/etc/passwd"},
    {"path": "https://elsewhere.example/cat.png"},
    {"path": str(Path(__file__))},
    5,
    ["x"],
]


@pytest.mark.parametrize("image", PICTURES_NOT_SENT, ids=lambda value: repr(value)[:30])
def test_only_a_picture_that_was_sent_here_is_opened(served: Served, image: object) -> None:
    assert called(served.url, {**QUICK, "image": image}).startswith('data: {"error": "Start image: ')


@pytest.mark.parametrize("path", ["/etc/passwd", str(Path(__file__)), ""])
def test_a_file_that_was_never_sent_is_said_to_be_missing(served: Served, path: str) -> None:
    image = {"path": path, "meta": {"_type": "gradio.FileData"}}
    assert "the file is not here, or not any more. Choose it again." in called(served.url, {**QUICK, "image": image})


def test_an_address_is_not_fetched_even_in_the_form_of_a_file(served: Served) -> None:
    image = {"path": "http://127.0.0.1:9/cat.png", "meta": {"_type": "gradio.FileData"}}
    assert "send the file itself, not its address" in called(served.url, {**QUICK, "image": image})


BAD_VALUES = [
    ("strength", 2),
    ("resize_mode", "upside down"),
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
    ("clip_skip", -1),
    ("prompt_per_line", "no"),
    ("prompt_per_line", 7),
    ("embed_metadata", []),
    ("second_pass_scale", 5),
    ("second_pass_strength", float("nan")),
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


@pytest.mark.parametrize("loras", [[{"name": "ink", "scale": 0.5}], '[{"name": "ink", "scale": 0.5}]'])
def test_loras_come_as_a_list_or_as_its_json_and_can_be_run_again(client: Client, loras: object) -> None:
    files, details = client.predict(prompt="a cat", seed=7, **QUICK, loras=loras, api_name="/generate")
    assert details["request"]["loras"] == [{"name": "ink", "scale": 0.5}]
    again, _ = client.predict(**details["request"], api_name="/generate")
    tagged, _ = client.predict(prompt="a cat <lora:ink:0.5>", seed=7, **QUICK, api_name="/generate")
    plain, _ = client.predict(prompt="a cat", seed=7, **QUICK, api_name="/generate")
    pixels = [Image.open(one[0]).tobytes() for one in (files, again, tagged, plain)]
    assert pixels[0] == pixels[1] == pixels[2] != pixels[3]


@pytest.mark.parametrize("endpoint", ["/generate", "/grid", "/edit", "/control"])
def test_every_endpoint_that_paints_takes_loras(client: Client, endpoint: str) -> None:
    told = client.view_api(return_format="dict", print_info=False)["named_endpoints"][endpoint]["parameters"]
    assert next(row for row in told if row["parameter_name"] == "loras")["parameter_default"] == []


@pytest.mark.parametrize("named", [{"loras": [{"name": "inky"}]}, {"prompt": "a cat <lora:inky>"}])
def test_a_lora_that_is_not_here_is_refused_before_it_waits(client: Client, served: Served, named: dict) -> None:
    before = len(served.engine.jobs("local"))
    with pytest.raises(AppError, match="^LoRAs: there is no 'inky' here. The nearest are ink"):
        client.predict(**QUICK, **named, api_name="/generate")
    assert len(served.engine.jobs("local")) == before


def test_loras_are_listed_with_what_they_are(client: Client) -> None:
    found = client.predict(checkpoint="one", api_name="/loras")
    row = next(row for row in found if row["name"] == "ink")
    assert (row["family"], row["rank"], row["alpha"], row["words"]) == ("storybook", 4, 2.0, ["inkdrop", "a house"])
    assert row["fits"] and not row["problem"]
    other = next(row for row in client.predict(checkpoint="sdxl", api_name="/loras") if row["name"] == "ink")
    assert not other["fits"] and other["problem"].startswith("LoRA: ink is for Storybook, but ")


def test_embeddings_are_listed_with_what_they_are(client: Client) -> None:
    found = client.predict(checkpoint="one", api_name="/embeddings")
    row = next(row for row in found if row["name"] == "inkish")
    assert (row["word"], row["vectors"], row["fits"], row["problem"]) == ("inkish", 2, True, "")
    other = next(row for row in client.predict(checkpoint="sdxl", api_name="/embeddings") if row["name"] == "inkish")
    assert not other["fits"] and other["problem"].startswith("Embedding: inkish is 32 wide, but words of ")


def test_a_prompt_may_name_an_embedding(client: Client) -> None:
    asked = {"prompt": "an inkish cat", "negative_prompt": "inkish", "seed": 7, **QUICK}
    files, details = client.predict(**asked, api_name="/generate")
    again, _ = client.predict(**details["request"], api_name="/generate")
    assert Image.open(files[0]).tobytes() == Image.open(again[0]).tobytes()
    assert 'TI hashes: "inkish: ' in Image.open(files[0]).text["parameters"]


def test_an_embedding_that_does_not_fit_is_refused_before_it_waits(client: Client, served: Served) -> None:
    before = len(served.engine.jobs("local"))
    with pytest.raises(AppError, match="^Prompt: the embedding inkish is 32 wide, but words of Storybook are 128 wide"):
        client.predict(**QUICK | {"checkpoint": "storybook"}, prompt="an inkish cat", api_name="/generate")
    assert len(served.engine.jobs("local")) == before
