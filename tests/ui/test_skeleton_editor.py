"""What the skeleton editor is told: whom a text holds, what lies below, how it is labelled."""

import base64
import io
import json
import re

import gradio as gr
import pytest
from PIL import Image

from studio import images, skeletons
from studio.skeletons import JOINTS, Skeleton
from studio.ui import skeleton_editor

STANDING = Skeleton(joints={"nose": (0.5, 0.25), "neck": (0.5, 0.5)})
NUMBERS = [320.0, 120.0, 0.9, 320.0, 240.0, 0.8] + [0.0] * 48
# As OpenPose's own program writes it: it names no canvas.
PLAIN = json.dumps({"version": 1.3, "people": [{"pose_keypoints_2d": NUMBERS}]})


def test_people_keep_the_canvas_they_name() -> None:
    text = skeletons.to_json([STANDING], (640, 480))
    assert skeleton_editor.read_json([text, None]) == (text, "")
    assert skeleton_editor.read_json([f"[{text}]", [100, 100]]) == (text, "")


def test_people_without_a_canvas_are_in_pixels_of_the_picture_below() -> None:
    read, wrong = skeleton_editor.read_json([PLAIN, [640, 480]])
    assert (skeletons.from_json(read), wrong) == ([STANDING], "")
    assert "Add both" in skeleton_editor.read_json([PLAIN, None])[1]


def test_shares_need_neither() -> None:
    numbers = [0.5, 0.25, 1.0, 0.5, 0.5, 1.0] + [0.0] * 48
    read, wrong = skeleton_editor.read_json([json.dumps({"people": [{"pose_keypoints_2d": numbers}]}), None])
    assert (skeletons.from_json(read), wrong) == ([STANDING], "")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (['{"people": [}', None], "no JSON (line 1, column 13)"),
        (["[]", [640, 480]], 'no list "people"'),
        (['{"people": []}', None], "nobody in it"),
        (['{"people": [{"pose_keypoints_2d": [1]}]}', None], "person 1"),
        ([PLAIN, [0, -1]], "no text came"),
        ([PLAIN], "no text came"),
        ({"text": PLAIN}, "no text came"),
        (None, "no text came"),
    ],
)
def test_what_is_no_skeleton_is_named(asked: object, said: str) -> None:
    read, wrong = skeleton_editor.read_json(asked)
    assert read == "" and wrong.startswith("Skeleton: ") and said in wrong


@pytest.mark.parametrize("sides", [(0.2, 0.2), (1e5, 1), (512.4, 512)])
def test_a_strange_canvas_has_whole_sides(sides: tuple[float, float]) -> None:
    text = json.dumps({"people": [{"pose_keypoints_2d": NUMBERS}], "canvas_width": sides[0], "canvas_height": sides[1]})
    read = json.loads(skeleton_editor.read_json([text, None])[0])
    assert read["canvas_width"] == max(1, round(sides[0])) and read["canvas_height"] == max(1, round(sides[1]))


def test_a_picture_is_laid_below_no_larger_than_seen() -> None:
    update = skeleton_editor.showing(images.picture(Image.new("RGBA", (2000, 1000), "red")))
    kind, _, data = update["picture"].partition(",")
    assert kind == "data:image/jpeg;base64" and update["canvas"] == (2000, 1000)
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (768, 384)
    assert "value" not in update


def test_plain_paper_has_the_size_asked() -> None:
    update = skeleton_editor.showing(None, size=(512, 768), value="")
    assert (update["picture"], update["canvas"], update["value"]) == ("", (512, 768), "")


def test_who_is_added_stands_within_its_height() -> None:
    assert skeleton_editor.STANDING.keys() == set(JOINTS)
    assert max(y for _, y in skeleton_editor.STANDING.values()) == 1
    assert all(y >= 0 and abs(x) <= 0.17 for x, y in skeleton_editor.STANDING.values())
    # Left is the person's own, who looks at us.
    assert skeleton_editor.STANDING["left_wrist"][0] > 0 > skeleton_editor.STANDING["right_wrist"][0]


def test_bones_lead_from_joint_to_joint() -> None:
    facts = skeleton_editor.facts()
    named = {tuple(facts["joints"][end] for end in bone) for bone in facts["bones"]}
    assert ("left elbow", "left wrist") in named and len(named) == len(skeletons.BONES)


def test_labels_have_two_words_at_most_and_the_value_stays_as_given() -> None:
    text = skeletons.to_json([STANDING], (640, 480))
    with gr.Blocks():
        editor = skeleton_editor.build(text)
    labels = re.findall(r"<button[^>]*>([^<]*)<", editor.html_template)
    assert len(labels) == 9 and all(1 <= len(label.split()) <= 2 for label in labels)
    assert editor.value == text
