"""The nets that find masks, as a table: by words, or by what stands in the foreground."""

from dataclasses import dataclass

from studio.catalog import named


@dataclass(frozen=True, kw_only=True)
class MaskModel:
    """A net that finds "words" or the "foreground", one of `finds`.

    `source` is a folder or file of this project, a hub id, or an address whose file has this `md5`. `revision` is the
    hub's commit that is meant. `size_bytes` is what is downloaded. It is made for checkpoints of `family`, "" for
    pictures of any kind.
    """

    id: str
    label: str
    finds: str
    licence: str
    licence_url: str
    size_bytes: int
    info: str
    source: str
    revision: str | None = None
    md5: str = ""
    family: str = ""


RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"
APACHE_LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
U2NET_LICENCE = "https://github.com/xuebinqin/U-2-Net/blob/master/LICENSE"
BIREFNET_LICENCE = "https://github.com/ZhengPeng7/BiRefNet/blob/main/LICENSE"
# What people know, so that a row that is new here does not become the choice.
USUAL = {"words": "clipseg", "foreground": "isnet-general-use"}

# Addresses, digests and ids of the foreground's are rembg's own. Its bria-rmbg is left out on purpose, since its
# licence forbids to earn money with it; withoutbg and atlascloud too, since they send pictures to paid services.
MASK_MODELS: tuple[MaskModel, ...] = (
    MaskModel(
        id="storybook-words",
        label="Storybook words",
        finds="words",
        licence="Apache-2.0",
        licence_url=APACHE_LICENCE,
        size_bytes=3_030_000,
        info="For pictures by Storybook; comes along.",
        source="assets/storybook/clipseg",
        family="storybook",
    ),
    MaskModel(
        id="clipseg",
        label="CLIPSeg",
        finds="words",
        licence="Apache-2.0",
        licence_url="https://huggingface.co/CIDAS/clipseg-rd64-refined",
        size_bytes=603_000_000,
        info="For pictures of any kind.",
        source="CIDAS/clipseg-rd64-refined",
    ),
    MaskModel(
        id="storybook-foreground",
        label="Storybook foreground",
        finds="foreground",
        licence="Apache-2.0",
        licence_url=APACHE_LICENCE,
        size_bytes=1_568_876,
        info="For pictures by Storybook; comes along.",
        source="assets/storybook/foreground.onnx",
        family="storybook",
    ),
    MaskModel(
        id="u2net",
        label="U²-Net",
        finds="foreground",
        licence="Apache-2.0",
        licence_url=U2NET_LICENCE,
        size_bytes=175_997_641,
        info="Things of any kind; quick, with soft edges.",
        source=f"{RELEASE}/u2net.onnx",
        md5="60024c5c889badc19c04ad937298a77b",
    ),
    MaskModel(
        id="u2netp",
        label="U²-Net, small",
        finds="foreground",
        licence="Apache-2.0",
        licence_url=U2NET_LICENCE,
        size_bytes=4_574_861,
        info="Things of any kind; the smallest download, with rough edges.",
        source=f"{RELEASE}/u2netp.onnx",
        md5="8e83ca70e441ab06c318d82300c84806",
    ),
    MaskModel(
        id="silueta",
        label="Silueta",
        finds="foreground",
        # Made of U²-Net by somebody else, who names no licence.
        licence="see its page",
        licence_url="https://github.com/xuebinqin/U-2-Net/issues/295",
        size_bytes=44_173_029,
        info="U²-Net at a quarter of its size.",
        source=f"{RELEASE}/silueta.onnx",
        md5="55e59e0d8062d2f5d013f4725ee84782",
    ),
    MaskModel(
        id="isnet-general-use",
        label="IS-Net",
        finds="foreground",
        licence="Apache-2.0",
        licence_url="https://github.com/xuebinqin/DIS",
        size_bytes=178_648_008,
        info="Things of any kind, with fine edges.",
        source=f"{RELEASE}/isnet-general-use.onnx",
        md5="fc16ebd8b0c10d971d3513d564d01e29",
    ),
    MaskModel(
        id="isnet-anime",
        label="IS-Net, anime",
        finds="foreground",
        licence="Apache-2.0",
        licence_url="https://huggingface.co/skytnt/anime-seg",
        size_bytes=176_069_933,
        info="Drawn people.",
        source=f"{RELEASE}/isnet-anime.onnx",
        md5="6f184e756bb3bd901c8849220a83e38e",
    ),
    MaskModel(
        id="birefnet-general-lite",
        label="BiRefNet, lite",
        finds="foreground",
        licence="MIT",
        licence_url=BIREFNET_LICENCE,
        size_bytes=224_005_088,
        info="Things of any kind, with very fine edges; takes its time.",
        source=f"{RELEASE}/BiRefNet-general-bb_swin_v1_tiny-epoch_232.onnx",
        md5="4fab47adc4ff364be1713e97b7e66334",
    ),
    MaskModel(
        id="birefnet-general",
        label="BiRefNet",
        finds="foreground",
        licence="MIT",
        licence_url=BIREFNET_LICENCE,
        size_bytes=972_666_916,
        info="Things of any kind, with the finest edges; slow, and needs several GB of memory.",
        source=f"{RELEASE}/BiRefNet-general-epoch_244.onnx",
        md5="7a35a0141cbbc80de11d9c9a28f52697",
    ),
    MaskModel(
        id="birefnet-portrait",
        label="BiRefNet, portraits",
        finds="foreground",
        licence="MIT",
        licence_url=BIREFNET_LICENCE,
        size_bytes=972_666_916,
        info="People, hair included; slow, and needs several GB of memory.",
        source=f"{RELEASE}/BiRefNet-portrait-epoch_150.onnx",
        md5="c3a64a6abf20250d090cd055f12a3b67",
    ),
    MaskModel(
        id="u2net_human_seg",
        label="U²-Net, people",
        finds="foreground",
        licence="Apache-2.0",
        licence_url=U2NET_LICENCE,
        size_bytes=175_997_641,
        info="People; quick, with soft edges.",
        source=f"{RELEASE}/u2net_human_seg.onnx",
        md5="c09ddc2e0104f800e3e1bb4652583d1f",
    ),
)


def model(id: str) -> MaskModel:
    """The model of that id; NotFound names the nearest ones."""
    return named(id, {row.id: row for row in MASK_MODELS}, "Mask model")


def models(finds: str) -> tuple[MaskModel, ...]:
    """The models that find by "words" or the "foreground", in the order of the table."""
    return tuple(row for row in MASK_MODELS if row.finds == finds)


def default(finds: str, family: str) -> MaskModel:
    """The model to begin with for pictures by a family's checkpoints: the one made for it, else the usual one."""
    return next((row for row in models(finds) if family and row.family == family), model(USUAL[finds]))
