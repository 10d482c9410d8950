"""Text on a picture in Pillow's own font: spelled with the letters it has, and wrapped or cut to a width."""

import re
import unicodedata

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

# What the font lacks and Unicode does not take apart into what it has.
_SPELLINGS = str.maketrans(
    {
        "×": "x",
        "−": "-",
        "–": "-",
        "—": "-",
        "→": ">",
        "←": "<",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "€": "EUR",
        "•": "·",
    }
)
# Drawn as the font's own box for a letter that it lacks.
_BOX = "□"
_MISSING = "\uffff"
_LONGEST = 600
# A line may end at a space, and behind these signs inside a word.
_WORDS = re.compile(r"\s+|[^\s/_\-]+[/_\-]+|[/_\-]*[^\s/_\-]+|[/_\-]+")


def font(size: int) -> FreeTypeFont:
    """Pillow's own font at this height in pixels: no file of ours, and the same on every machine."""
    return ImageFont.load_default(size=size)


def height(size: int, lines: int = 1) -> int:
    """The pixels that so many lines take."""
    return round(size * 1.3) * lines


def legible(text: str) -> str:
    """The text in letters of the font and on one line: accents dropped, a box for each letter that has no spelling."""
    letters = font(16)
    missing = bytes(letters.getmask(_MISSING))

    def spelled(letter: str) -> str:
        if letter.isspace():
            return " "
        if letter.isascii() and letter.isprintable():
            return letter
        if bytes(letters.getmask(letter)) != missing:
            return letter
        if unicodedata.category(letter) in ("Mn", "Me", "Cf", "Cc"):
            return ""
        parts = unicodedata.normalize("NFKD", letter)
        kept = "".join(part for part in parts if bytes(letters.getmask(part)) != missing)
        return kept.strip() or _BOX

    text = unicodedata.normalize("NFC", text[:_LONGEST]).translate(_SPELLINGS)
    return " ".join("".join(map(spelled, text)).split())


def is_spelled(text: str) -> bool:
    """False if a letter of it can only be shown as a box."""
    return _BOX not in legible(text)


def wrapped(text: str, letters: FreeTypeFont, width: int, most: int) -> list[str]:
    """The legible text in at most so many lines, none wider than `width`; what is left out shows as an ellipsis."""
    lines = [""]
    words = [part for word in _WORDS.findall(legible(text)) for part in _parts(word, letters, width)]
    for word in words:
        if letters.getlength((lines[-1] + word).rstrip()) <= width:
            lines[-1] += word
        elif word.strip():
            lines.append(word)
    lines = [line.strip() for line in lines if line.strip()]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _cut(lines[most - 1], letters, width)]


def _parts(word: str, letters: FreeTypeFont, width: int) -> list[str]:
    """A word, in pieces if it is wider than a line."""
    parts = [""]
    for letter in word:
        if parts[-1] and letters.getlength(parts[-1] + letter) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def _cut(line: str, letters: FreeTypeFont, width: int) -> str:
    """The line with an ellipsis behind it, as much of it as there is room for."""
    while line and letters.getlength(f"{line}…") > width:
        line = line[:-1]
    return f"{line.rstrip()}…"
