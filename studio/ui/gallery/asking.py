"""What the page asks of the gallery, checked: a page may send anything."""

from dataclasses import dataclass

from studio.errors import NotFound, StudioError
from studio.outputs import Filter
from studio.rules import Rule

PAGE = 60
MOST_AT_ONCE = 200
SEARCH = Rule(label="Search", maximum=500)
CHECKPOINT = Rule(label="Checkpoint", maximum=500)
SHOW = Rule(label="Show", choices={"all": "All", "starred": "Starred", "deleted": "Deleted"})
OFFSET = Rule(label="Page", kind=int, minimum=0, maximum=2**31 - 1)
# Seconds since 1970; the browser works them out, since only it knows when the visitor's day begins.
MOMENT = Rule(label="Made", kind=float, minimum=-1e11, maximum=1e11, is_optional=True)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A page of the gallery: which pictures, and from the how manieth on."""

    wanted: Filter
    offset: int


def asked(search: object, checkpoint: object, shown: object, span: object, offset: object) -> Asked:
    """The page these values ask for; StudioError if they ask for none."""
    if not isinstance(span, list) or len(span) != 2:
        raise StudioError("Made: needs the first day and the last. Choose them again.")
    since, until = (MOMENT.checked("made", moment) for moment in span)
    what = SHOW.checked("shown", shown)
    wanted = Filter(
        search=SEARCH.checked("search", search),
        checkpoint=CHECKPOINT.checked("checkpoint", checkpoint or "") or None,
        since=since,
        until=until,
        starred=what == "starred",
        deleted=what == "deleted",
    )
    return Asked(wanted=wanted, offset=OFFSET.checked("offset", offset))


def ids(value: object, *, most: int = MOST_AT_ONCE) -> list[str]:
    """The ids of the pictures that are meant; StudioError if they are none, or too many, or no ids."""
    if not isinstance(value, list) or not value:
        raise StudioError("Pictures: none is chosen. Choose one or more first.")
    if len(value) > most:
        raise StudioError(f"Pictures: {len(value):,} at once are too many; choose {most} or fewer.")
    if not all(isinstance(id, str) for id in value):
        raise NotFound("Pictures: what was chosen is none. Reload the page.")
    return value


def one(value: object) -> str:
    """The id of the one picture that is meant."""
    (id,) = ids(value, most=1)
    return id


def two(value: object) -> list[str]:
    """The ids of two pictures; StudioError if they are not two."""
    if not isinstance(value, list) or len(value) != 2:
        raise StudioError("Compare: needs two pictures. Choose exactly two.")
    return ids(value)
