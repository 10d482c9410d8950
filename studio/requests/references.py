"""What a picture takes after beside words: reference pictures, and the IP-Adapter by which they are heard."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace

from studio import catalog, rules
from studio.catalog import Checkpoint
from studio.errors import InvalidField, NotFound
from studio.images import Picture

MOST_REFERENCES = 4


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A picture whose style or composition is taken, and how strongly."""

    image: Picture = rules.row(MISSING, label="Reference picture", info="The picture to take after.", kind=Picture)
    ip_adapter_scale: float = rules.row(
        0.7,
        label="Reference weight",
        info="How strongly it counts; 0 not at all.",
        kind=float,
        minimum=0,
        maximum=1,
        step=0.05,
    )

    def __post_init__(self) -> None:
        for name, rule in rules.of(Reference).items():
            object.__setattr__(self, name, rule.checked(name, getattr(self, name)))


def to_json(reference: Reference) -> dict[str, object]:
    """A reference as JSON: its picture is named by its content."""
    return {"image": reference.image.reference, "ip_adapter_scale": reference.ip_adapter_scale}


def from_json(values: object, find_picture: Callable[[str], Picture | None]) -> Reference:
    """The reference of `to_json`; unknown fields are left out, a missing weight takes its default.

    InvalidField if a value is out of its limits; what `find_picture` raises for a picture is raised.
    """
    if not isinstance(values, Mapping):
        raise InvalidField("references", "References: each needs its picture and weight by name. Set them up again.")
    given = {"image": None} | {field.name: values[field.name] for field in fields(Reference) if field.name in values}
    if isinstance(given["image"], str):
        given["image"] = find_picture(given["image"])
    return Reference(**given)


def weights(references: tuple[Reference, ...]) -> tuple[float, ...]:
    """How strongly each is heard: together as strongly as the strongest alone, each by its share.

    Of weights w it is `max(w) · w_i / Σ w`: a picture given twice counts as once, and one without weight not at all.
    """
    given = [reference.ip_adapter_scale for reference in references]
    whole = sum(given)
    return tuple(max(given) * (weight / whole) if whole else 0.0 for weight in given)


def weighed(references: tuple[Reference, ...], scale: float) -> tuple[Reference, ...]:
    """The references with weights in the same proportion, the largest of which is this one."""
    largest = max(reference.ip_adapter_scale for reference in references)
    return tuple(
        replace(reference, ip_adapter_scale=reference.ip_adapter_scale / largest * scale if largest else scale)
        for reference in references
    )


def adapter(references: tuple[Reference, ...], named: str, row: Checkpoint) -> str:
    """The id of the IP-Adapter that references are heard by: the one named, or the family's usual; "" without any.

    InvalidField if the checkpoint's family has none, or it is of another family.
    """
    if not references:
        return named
    fitting = catalog.ip_adapters(row.family)
    if not fitting:
        raise InvalidField("references", none_for(catalog.family(row.family)))
    if not named:
        return fitting[0].id
    try:
        chosen = catalog.ip_adapter(named)
    except NotFound as error:
        raise InvalidField("ip_adapter", str(error)) from None
    if chosen not in fitting:
        theirs, ours = catalog.family(chosen.family).label, catalog.family(row.family).label
        offered = ", ".join(one.label for one in fitting)
        message = f"IP-Adapter: {chosen.label} is for {theirs}, but {row.label} is {ours}."
        raise InvalidField("ip_adapter", f"{message} What fits: {offered}.")
    return chosen.id


def none_for(family: catalog.Family) -> str:
    """What is said of a family without any: who has one."""
    able = ", ".join(one.label for one in catalog.FAMILIES if catalog.ip_adapters(one.name))
    message = f"IP-Adapter: there is none for {family.label}, so it cannot take after pictures; {able} can."
    return f"{message} Choose a checkpoint of these, or leave the references out."
