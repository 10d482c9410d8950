"""The Gallery tab of a shared studio: whatever a visitor asks, of nobody else's pictures comes a single byte."""

import inspect
import io
import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import httpx
import pytest
from PIL import Image

from studio import outputs
from studio.config import Settings
from studio.engine.local import LocalEngine
from studio.outputs import Filter, Gallery
from studio.requests import TextToImage
from studio.results import Result
from studio.ui import shell
from studio.ui.gallery import serving, zips
from studio.ui.guard import COOKIE

VISITORS = 20
AUTH = ("easel", "a password")
ANYWHERE = [None, None]


@dataclass(frozen=True)
class Studio:
    """A shared studio with one picture of each visitor, and a client that has signed in."""

    blocks: gr.Blocks
    engine: LocalEngine
    client: httpx.Client
    folder: Path
    ids: dict[str, str]

    def get(self, place: str, id: str, visitor: str) -> httpx.Response:
        """What a visitor gets at an address."""
        return self.client.get(f"/{place}/{id}", headers=self._headers(visitor))

    def call(self, function: Callable, data: list[object], visitor: str) -> tuple[bool, str]:
        """Whether an event ended well, and all that a visitor gets from it."""
        session = secrets.token_hex(8)
        body = {"data": data, "fn_index": self.events()[function], "session_hash": session}
        headers = {**self._headers(visitor), "content-type": "application/json"}
        # As bytes: httpx would not send half a character.
        self.client.post("/gradio_api/queue/join", content=json.dumps(body), headers=headers).raise_for_status()
        with self.client.stream("GET", f"/gradio_api/queue/data?session_hash={session}", headers=headers) as stream:
            told = []
            for line in stream.iter_lines():
                told.append(line)
                if '"process_completed"' in line:
                    break
        return '"success":true' in told[-1].replace(" ", ""), "\n".join(told)

    def call_all(self, asked: list[tuple[Callable, list[object], str]]) -> list[tuple[bool, str]]:
        """As `call`, several at once, in the order asked."""
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda one: self.call(*one), asked))

    def events(self) -> dict[Callable, int]:
        """The functions behind the tab's events, each once."""
        own = "studio.ui.gallery."
        mine = {fn.fn: id for id, fn in self.blocks.fns.items() if fn.fn and fn.fn.__module__.startswith(own)}
        assert len(mine) >= 8
        return mine

    def _headers(self, visitor: str) -> dict[str, str]:
        said = [f"{name}={value}" for name, value in self.client.cookies.items() if name != COOKIE]
        return {"cookie": "; ".join([*said, f"{COOKIE}={visitor}"])}


@pytest.fixture(scope="module")
def studio(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("outputs")
    index = outputs.opened(folder)
    visitors = [f"{number:032x}" for number in range(VISITORS)]
    for number, visitor in enumerate(visitors):
        outputs.saved(painted(number), index, owner=visitor, job=f"{number:032x}")
    index.close()
    settings = Settings(models=models, outputs=folder, checkpoint="one", listen="0.0.0.0", auth=AUTH)
    engine = LocalEngine(settings)
    blocks = shell.build(engine, settings)
    shell.launch(blocks, engine, settings)
    ids = {visitor: engine.gallery(visitor).page()[0][0].id for visitor in visitors}
    with httpx.Client(base_url=blocks.local_url, timeout=60) as client:
        client.post("/login", data={"username": AUTH[0], "password": AUTH[1]}).raise_for_status()
        yield Studio(blocks, engine, client, folder, ids)
    blocks.close()
    engine.close()


def painted(number: int) -> Result:
    """A picture that no other visitor has, from words that none has."""
    image = Image.new("RGB", (8, 8), (number, 255 - number, 7))
    request = TextToImage(prompt=secret(number), checkpoint="one", width=64, height=64, seed=number)
    return Result(images=(image,), request=request, seconds=0.1)


def secret(number: int) -> str:
    """The words of a visitor."""
    return f"the secret of visitor {number};"


def asked_with(function: Callable, *lists: object) -> list[list[object]]:
    """Raw values for an event: each list of ids if it takes ids, else filters that leave nothing out."""
    names = list(inspect.signature(function).parameters)
    if "given" in names:
        return [["", "", shown, ANYWHERE, None, 0] for shown in ("all", "starred", "deleted")]
    return [[ids, "one"][: len(names) - 1] for ids in lists]


def asking(function: Callable, data: list[object], visitor: str) -> object:
    """What the function itself answers a visitor."""
    place = list(inspect.signature(function).parameters).index("request")
    return function(*data[:place], gr.Request(cookies={COOKIE: visitor}), *data[place:])


def test_an_owner_gets_picture_and_thumbnail(studio: Studio) -> None:
    visitor, id = next(iter(studio.ids.items()))
    answer = studio.get(serving.PICTURES, id, visitor)
    row = studio.engine.gallery(visitor).get(id)
    assert answer.content == (studio.folder / row.path).read_bytes()
    assert answer.headers["content-type"] == "image/png" and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"].startswith("private")
    small = studio.get(serving.THUMBNAILS, id, visitor)
    assert Image.open(io.BytesIO(small.content)).format == "WEBP"


def test_addresses_give_nobody_elses_bytes(studio: Studio) -> None:
    answers = [
        studio.get(place, id, visitor)
        for visitor in studio.ids
        for owner, id in studio.ids.items()
        for place in (serving.PICTURES, serving.THUMBNAILS, serving.ZIPS)
        if owner != visitor
    ]
    assert len(answers) == VISITORS * (VISITORS - 1) * 3
    assert {(answer.status_code, answer.headers["content-type"].partition(";")[0]) for answer in answers} == {
        (404, "text/plain")
    }
    assert max(len(answer.content) for answer in answers) < 100


def test_events_tell_and_do_nothing_of_nobody_elses(studio: Studio) -> None:
    before = {visitor: studio.engine.gallery(visitor).page() for visitor in studio.ids}
    for number, (visitor, own) in enumerate(studio.ids.items()):
        others = [id for id in studio.ids.values() if id != own]
        for function in studio.events():
            for data in asked_with(function, [own, *others], [own, others[0]], *([id] for id in others)):
                said = str(asking(function, data, visitor))
                assert not [id for id in others if id in said]
                assert not [other for other in range(VISITORS) if other != number and secret(other) in said]
    assert {visitor: studio.engine.gallery(visitor).page() for visitor in studio.ids} == before
    assert not [path for visitor in studio.ids for path in zips_of(visitor)]


def test_nor_do_they_over_the_wire(studio: Studio) -> None:
    visitors, ids = list(studio.ids), list(studio.ids.values())
    for other, visitor in ((1, visitors[0]), (0, visitors[1]), (7, visitors[2])):
        wanted = [(function, data) for function in studio.events() for data in asked_with(function, [ids[other]])]
        for is_well, said in studio.call_all([(*one, visitor) for one in wanted]):
            assert is_well and secret(other) not in said and ids[other] not in said


def zips_of(visitor: str) -> list[Path]:
    return list((Path(gr.utils.get_upload_folder()) / "zips" / outputs.owner_key(visitor)).glob("*/*"))


def test_a_zip_is_its_owners(studio: Studio) -> None:
    (visitor, id), (other, _) = list(studio.ids.items())[:2]
    token = zips.packed(studio.engine.gallery(visitor), visitor, [id])
    assert studio.get(serving.ZIPS, token, other).status_code == 404
    answer = studio.get(serving.ZIPS, token, visitor)
    assert answer.headers["content-disposition"] == f'attachment; filename="{zips.NAME}"'
    assert answer.content.startswith(b"PK")


def test_nothing_is_served_without_the_password(studio: Studio) -> None:
    visitor, id = next(iter(studio.ids.items()))
    for place in (serving.PICTURES, serving.THUMBNAILS, serving.ZIPS):
        answer = httpx.get(f"{studio.blocks.local_url}{place}/{id}", headers={"cookie": f"{COOKIE}={visitor}"})
        assert answer.status_code == 401


ODD = [None, "", 7, {}, [], [None], [[]], [{"a": 1}], ["x"] * 201, ["\ud800"], ["../../etc/passwd"], ["a\0b"]]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_whatever_a_page_sends_is_answered_in_words(studio: Studio, odd: object) -> None:
    visitor = next(iter(studio.ids))
    filters, asked = ["", "", "all", ANYWHERE, None, 0], []
    for function in studio.events():
        (data, *_) = asked_with(function, odd)
        tries = [[*filters[:at], odd, *filters[at + 1 :]] for at in range(6)] if data == filters else [data]
        asked += [(function, one, visitor) for one in tries]
    for is_well, said in studio.call_all(asked):
        assert is_well, said
    assert studio.engine.gallery(visitor).page(Filter(deleted=True))[1] == 0


def test_every_visitors_gallery_is_their_own(studio: Studio) -> None:
    galleries: list[Gallery] = [studio.engine.gallery(visitor) for visitor in studio.ids]
    assert [gallery.page()[1] for gallery in galleries] == [1] * VISITORS
