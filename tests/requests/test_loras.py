"""LoRAs in a request: from a list, from JSON and from tags among the words, each refusal with its remedy."""

from dataclasses import replace

import pytest

from studio import catalog
from studio.errors import InvalidField
from studio.requests import MOST_LORAS, Lora, TextToImage, resolved, single
from studio.requests.loras import listed, tags, taken_out
from studio.results import from_json, to_json

ROW = catalog.checkpoint("storybook")
INK, WET = Lora(name="ink", scale=0.8), Lora(name="wet/paper")


def asked(prompt: str = "a cat", **how: object) -> TextToImage:
    return resolved(TextToImage(prompt=prompt, seed=1, **how), ROW)


def refused(*given: object, **how: object) -> str:
    with pytest.raises(InvalidField) as caught:
        asked(*given, **how)
    return str(caught.value)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a cat, <lora:ink:0.8>", "a cat"),
        ("<lora:ink:0.8>, a cat", "a cat"),
        ("a cat <lora:ink:0.8>", "a cat"),
        ("a <lora:ink:.8> cat", "a cat"),
        ("a cat, <lora:ink:0.80>, night", "a cat, night"),
        ("a cat, <lora:ink:0.8> night", "a cat, night"),
        ("a cat,\n<lora: ink : 0.8 >\nnight", "a cat,\n\nnight"),
    ],
)
def test_a_tag_goes_with_what_set_it_apart(prompt: str, words: str) -> None:
    assert taken_out(prompt) == (words, (INK,))


def test_a_tag_without_a_scale_means_all_of_it() -> None:
    assert taken_out("<lora:ink>") == ("", (Lora(name="ink", scale=1.0),))


@pytest.mark.parametrize("prompt", ["a cat", "a <b> cat", "<lora", "a < lora:ink:1 >", "<lora:\n>"])
def test_words_without_a_tag_stay_as_they_are(prompt: str) -> None:
    assert taken_out(prompt) == (prompt, ())


def test_tags_come_back() -> None:
    assert taken_out(tags((INK, WET, Lora(name="a b", scale=-1.25)))) == ("", (INK, WET, Lora(name="a b", scale=-1.25)))


def test_resolving_moves_tags_from_the_words_to_the_loras() -> None:
    request = asked("a cat, <lora:ink:0.8>", loras=(WET,))
    assert (request.prompt, request.loras) == ("a cat", (WET, INK))
    assert resolved(request, ROW) == request


def test_each_line_has_the_loras_it_names_itself() -> None:
    request = asked("a cat <lora:ink:0.8>\na dog", prompt_per_line=True, loras=(WET,))
    assert [(one.prompt, one.loras) for one in (single(request, 0), single(request, 1))] == [
        ("a cat", (WET, INK)),
        ("a dog", (WET,)),
    ]


def test_a_choice_may_choose_among_loras() -> None:
    drawn = {asked("a cat {<lora:ink:0.8>|<lora:wet/paper>}", num_images_per_prompt=8).prompt}
    (lines,) = [text.split("\n") for text in drawn]
    assert {line.split(" ", 2)[2] for line in lines} == {"<lora:ink:0.8>", "<lora:wet/paper>"}


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("<lora:ink:1e9>", "LoRA scale: needs a number from -4 to 4; 1000000000.0 is outside."),
        ("<lora:ink:-4.1>", "LoRA scale: needs a number from -4 to 4; -4.1 is outside."),
        ("<lora:ink:nan>", "LoRA scale: needs a number from -4 to 4, not nan."),
        ("<lora:ink:inf>", "LoRA scale: needs a number from -4 to 4, not inf."),
        ("<lora:ink:>", "LoRA scale: '' in '<lora:ink:>' is no number from -4 to 4. Write <lora:name:0.8>."),
        ("<lora:ink:strong>", "LoRA scale: 'strong' in "),
        ("<lora:>", "LoRA: it has no name. Write <lora:name:0.8>"),
        ("<lora::1>", "LoRA: it has no name. Write <lora:name:0.8>"),
        ("<lora:a> <lora:a:0.5>", "LoRAs: a is named 2 times, at 1 and 0.5. Keep one of them."),
        ("".join(f"<lora:{n}>" for n in range(9)), "LoRAs: 9 are too many at once; use 8 or fewer."),
        ("<lora:a>" * 500, "LoRAs: 500 are too many at once; use 8 or fewer."),
    ],
)
def test_a_tag_that_cannot_be_meant_is_refused(prompt: str, said: str) -> None:
    assert refused(prompt).startswith(said)
    assert refused(f"a cat\n{prompt}", prompt_per_line=True).startswith(said)


def test_a_tag_among_the_negative_words_is_refused() -> None:
    said = refused(negative_prompt="ugly <lora:ink:1>")
    assert said == "Negative prompt: <lora:…> is for the prompt. Move it there; a scale below 0 turns it round."


def test_a_lora_that_is_listed_and_tagged_is_refused() -> None:
    assert refused("a cat <lora:ink:0.5>", loras=(INK,)).startswith("LoRAs: ink is named 2 times, at 0.8 and 0.5.")


def test_tags_and_list_together_are_no_more_than_the_most() -> None:
    many = [Lora(name=str(number)) for number in range(MOST_LORAS)]
    assert refused("a cat <lora:ink>", loras=many).startswith("LoRAs: 9 are too many at once; use 8 or fewer.")


@pytest.mark.parametrize(
    "value",
    [
        [INK, WET],
        [{"name": "ink", "scale": 0.8}, {"name": "wet/paper"}],
        '[{"name": "ink", "scale": 0.8}, {"name": "wet/paper", "scale": 1}]',
    ],
)
def test_a_list_comes_as_it_is_or_as_json(value: object) -> None:
    assert TextToImage(loras=value).loras == (INK, WET)


def test_no_text_is_no_lora() -> None:
    assert listed("") == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, "LoRAs: needs a list, not 5. Send a list such as "),
        (None, "LoRAs: needs a list, not nothing."),
        ({"name": "ink"}, "LoRAs: needs a list, not "),
        ("ink", "LoRAs: 'ink' is no JSON. Send a list such as "),
        (["ink"], "LoRAs: each needs a name and a scale, not 'ink'."),
        ([{"scale": 1}], "LoRAs: each needs a name and a scale, not "),
        ([{"name": "ink", "weight": 1}], "LoRAs: each needs a name and a scale, not "),
        ([{"name": 5}], "LoRA: needs text, not 5."),
        ([{"name": "ink", "scale": "1"}], "LoRA scale: needs a number from -4 to 4, not '1'."),
        ([INK, INK], "LoRAs: ink is named 2 times"),
        ("[" * 9999, "LoRAs: '[[["),
    ],
)
def test_a_list_that_is_none_is_refused(value: object, said: str) -> None:
    with pytest.raises(InvalidField) as caught:
        TextToImage(loras=value)
    assert str(caught.value).startswith(said)


def test_loras_come_back_from_json() -> None:
    request = TextToImage(loras=(INK, WET))
    assert to_json(request)["loras"] == [{"name": "ink", "scale": 0.8}, {"name": "wet/paper", "scale": 1.0}]
    assert from_json(to_json(request), lambda reference: None) == request


def test_what_an_older_release_wrote_has_no_loras() -> None:
    said = to_json(TextToImage())
    del said["loras"]
    assert from_json(said, lambda reference: None) == replace(TextToImage())
