"""What an embedding file is, told from its header: how many vectors it has, how wide they are, and whose it is."""

from dataclasses import dataclass

from studio import catalog
from studio.pipelines.headers import Header
from studio.pipelines.tokens import ROOM

# What is said of the text encoders one by one, as trainers for SDXL write it: the narrow one first.
PAIRS = (("clip_l", "clip_g"), ("text_encoders_0", "text_encoders_1"))
# What SD3's third text encoder hears.
FOREIGN = "t5xxl"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a header says. `tensors` are the names of the vectors, one for each text encoder, `widths` how wide each is.

    `family` is "" where no family here has words so wide; `problem` is why the file cannot be used.
    """

    family: str = ""
    tensors: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    vectors: int = 0
    problem: str = ""


def tell(header: Header) -> Told:
    """What the file is."""
    shapes = header.shapes
    if FOREIGN in shapes:
        return Told(problem="is for Stable Diffusion 3, which takes none here. Choose one for another family")
    names = next((pair for pair in PAIRS if set(pair) == set(shapes)), tuple(shapes))
    if len(names) > 1 and names not in PAIRS:
        return Told(problem=f"is no embedding: it holds {len(names)} tensors, not one word. Choose another file")
    rows = [_row(shapes[name]) for name in names]
    if not rows or None in rows:
        return Told(problem="is no embedding: it holds no list of vectors. Choose another file")
    counts = {count for count, _ in rows}
    if len(counts) > 1:
        return Told(problem="is damaged: its text encoders have different numbers of vectors. Fetch it again")
    told = Told(tensors=names, widths=tuple(width for _, width in rows), vectors=counts.pop())
    return Told(**vars(told) | {"family": _family(told.widths), "problem": _problem(told)})


def widths(numbers: tuple[int | None, ...]) -> str:
    """How wide words are, "768" or, of two text encoders, "768 + 1280"."""
    return " + ".join(str(number) for number in numbers if number is not None)


def _row(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """How many vectors of which width are of that shape; None if there are none."""
    shape = (1, *shape) if len(shape) == 1 else shape
    return shape if len(shape) == 2 and all(shape) else None


def _family(widths: tuple[int, ...]) -> str:
    return next((family.name for family in catalog.FAMILIES if family.text_widths == widths), "")


def _problem(told: Told) -> str:
    if told.vectors > ROOM:
        return f"has {told.vectors} vectors, but only {ROOM} are read at once. Choose one of fewer"
    return ""
