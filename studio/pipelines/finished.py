"""Pictures that are painted already, so that asking for one again costs no step."""

from collections import OrderedDict
from io import BytesIO

from PIL import Image

MOST_BYTES = 128 * 2**20


class Finished:
    """Finished pictures as PNG by a key that says all that decides their pixels; the longest unused go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes, self._held_bytes = most_bytes, 0
        self._files: OrderedDict[str, bytes] = OrderedDict()

    def find(self, key: str) -> Image.Image | None:
        """The picture of that key, bit for bit; None if it is not held any more."""
        if key not in self._files:
            return None
        self._files.move_to_end(key)
        image = Image.open(BytesIO(self._files[key]), formats=["PNG"])
        image.load()
        return image

    def keep(self, key: str, image: Image.Image) -> None:
        """Hold a picture, and let others go for it; one larger than all the room is not held."""
        file = BytesIO()
        image.save(file, "PNG", compress_level=1)
        self._held_bytes -= len(self._files.pop(key, b""))
        self._files[key] = file.getvalue()
        self._held_bytes += len(self._files[key])
        while self._held_bytes > self._most_bytes:
            _, gone = self._files.popitem(last=False)
            self._held_bytes -= len(gone)
