"""The colours: readable by WCAG AA in light and dark, and nothing fetched from outside."""

import pytest

from studio.ui import theme

# Text or edge, what it stands on, and the ratio WCAG asks: 4.5 for text, 3 for the edges of controls.
PAIRS = [
    ("body_text_color", "body_background_fill", 4.5),
    ("body_text_color_subdued", "body_background_fill", 4.5),
    ("body_text_color_subdued", "background_fill_primary", 4.5),
    ("block_info_text_color", "body_background_fill", 4.5),
    ("input_placeholder_color", "input_background_fill", 4.5),
    ("button_primary_text_color", "button_primary_background_fill", 4.5),
    ("button_primary_text_color", "button_primary_background_fill_hover", 4.5),
    ("button_secondary_text_color", "body_background_fill", 4.5),
    ("button_cancel_text_color", "body_background_fill", 4.5),
    ("checkbox_label_text_color_selected", "checkbox_label_background_fill_selected", 4.5),
    ("body_text_color", "color_accent_soft", 4.5),
    ("link_text_color", "body_background_fill", 4.5),
    ("input_border_color", "body_background_fill", 3),
    ("slider_color", "body_background_fill", 3),
    ("border_color_accent", "body_background_fill", 3),
    ("button_primary_background_fill", "body_background_fill", 3),
]


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(factor * value for factor, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("mode", ["", "_dark"], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "ratio"), PAIRS)
def test_colours_are_told_apart(front: str, back: str, ratio: float, mode: str) -> None:
    made = theme.make()
    lights = sorted(luminance(made._get_computed_value(name + mode)) for name in (front, back))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= ratio


def test_nothing_is_fetched_from_outside() -> None:
    made = theme.make()
    assert made._stylesheets == [] and "http" not in made._get_theme_css().replace("http://www.w3.org/2000/svg", "")
