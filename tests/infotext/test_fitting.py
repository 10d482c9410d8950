"""What was found is sorted: values that keep to their rules, and everything else by name."""

from studio.infotext import fitted


def test_a_value_out_of_its_limits_is_named_with_the_reason() -> None:
    found = fitted({"width": 4096, "height": 512, "seed": True, "scheduler": "Warp"}, {"ENSD": "31337"})
    assert found.values == {"height": 512}
    assert found.unknown == {"ENSD": "31337", "Width": "4096", "Seed": "True", "Sampler": "Warp"}
    assert found.notes[0] == "Width: needs a whole number from 64 to 2048; 4096 is outside."
    assert len(found.notes) == 3


def test_fields_of_another_release_are_named() -> None:
    assert fitted({"seed": 1, "sparkle": [1, 2]}, {}).unknown == {"sparkle": "[1, 2]"}


def test_a_start_image_is_kept_by_its_reference_only() -> None:
    reference = "sha256:" + "0a" * 32
    assert fitted({"image": reference}, {}).values == {"image": reference}
    for bad in ("sha256:../../etc/passwd", reference.upper(), reference + "0", "/etc/passwd", 7, None):
        assert fitted({"image": bad}, {}).values == {}


def test_what_is_unknown_is_shown_short() -> None:
    assert len(fitted({}, {"workflow": "x" * 1000}).unknown["workflow"]) == 200


def test_a_control_keeps_its_picture_by_reference_only() -> None:
    reference = "sha256:" + "0a" * 32
    for said, kept in ((reference, reference), ("/etc/passwd", None), (None, None)):
        (control,) = fitted({"controls": [{"kind": "depth", "image": said}]}, {}).values["controls"]
        assert (control["kind"], control["image"]) == ("depth", kept)


def test_a_control_out_of_its_limits_is_named_with_the_reason() -> None:
    for said in ([{"controlnet_conditioning_scale": 9}], ["canny"], 7):
        found = fitted({"seed": 1, "controls": said}, {})
        assert found.values == {"seed": 1} and list(found.unknown) == ["Controls"] and len(found.notes) == 1


def test_a_reference_keeps_the_name_of_its_picture_and_its_weight() -> None:
    image = "sha256:" + "0a" * 32
    for said, weight in (({}, 0.7), ({"ip_adapter_scale": 0.3}, 0.3)):
        read = fitted({"references": [{"image": image, **said}]}, {}).values["references"]
        assert read == [{"image": image, "ip_adapter_scale": weight}]


def test_a_reference_without_a_picture_or_out_of_its_limits_is_named_with_the_reason() -> None:
    image = "sha256:" + "0a" * 32
    for said in ([{"image": "/etc/passwd"}], [{"image": image, "ip_adapter_scale": 9}], ["cat"], 7):
        found = fitted({"seed": 1, "references": said}, {})
        assert found.values == {"seed": 1} and list(found.unknown) == ["References"] and len(found.notes) == 1
