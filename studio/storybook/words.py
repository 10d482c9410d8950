"""Every word of the Storybook world: what can be drawn, in which colours, and how people say it."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 38, 40),
    "orange": (246, 130, 24),
    "yellow": (252, 210, 40),
    "green": (38, 146, 66),
    "blue": (36, 92, 216),
    "purple": (128, 52, 178),
    "pink": (248, 140, 188),
    "white": (246, 246, 246),
    "black": (44, 42, 48),
    "brown": (132, 80, 44),
}

OBJECTS: tuple[str, ...] = (
    "house",
    "tree",
    "car",
    "ball",
    "person",
    "boat",
    "cat",
    "flower",
    "mushroom",
    "rocket",
)
PLACES: tuple[str, ...] = ("on the grass", "in the snow", "on the sand", "on the sea")
TIMES: tuple[str, ...] = ("sunny day", "sunset", "night")
LOOKS: tuple[str, ...] = ("plain", "watercolor", "pencil sketch", "neon")
MOUNTAINS = "mountains"

# The first way of saying each word is the one shown on screen; the others let people's own phrasing work.
SAID: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange",),
    "yellow": ("yellow", "golden"),
    "green": ("green", "emerald"),
    "blue": ("blue", "azure"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rosy"),
    "white": ("white", "snow-white"),
    "black": ("black",),
    "brown": ("brown", "chestnut"),
    "house": ("house", "cottage", "home", "hut"),
    "tree": ("tree",),
    "car": ("car", "automobile"),
    "ball": ("ball", "beach ball"),
    "person": ("person", "child", "man", "woman", "girl", "boy"),
    "boat": ("boat", "sailboat", "ship", "sailing boat"),
    "cat": ("cat", "kitten", "kitty"),
    "flower": ("flower", "blossom", "daisy"),
    "mushroom": ("mushroom", "toadstool"),
    "rocket": ("rocket", "spaceship", "rocket ship"),
    "on the grass": ("on the grass", "on grass", "in a meadow", "on a lawn", "in a green field"),
    "in the snow": ("in the snow", "on snow", "in winter", "on a snowy field", "snow"),
    "on the sand": ("on the sand", "on the beach", "in the desert", "on a beach", "at the beach"),
    "on the sea": ("on the sea", "on the water", "at sea", "on the ocean", "on a lake"),
    "sunny day": ("sunny day", "by day", "on a sunny day", "daytime", "sunshine", "sunny"),
    "sunset": ("sunset", "at sunset", "at dusk", "in the evening", "sunrise"),
    "night": ("night", "at night", "starry night", "under the stars", "moonlight"),
    "mountains": ("mountains", "with mountains", "mountains behind", "in front of mountains"),
    "plain": ("",),
    "watercolor": ("watercolor", "watercolour", "watercolor painting", "in watercolor"),
    "pencil sketch": ("pencil sketch", "pencil drawing", "sketch", "drawn in pencil"),
    "neon": ("neon", "neon lights", "neon sign", "glowing neon"),
}
