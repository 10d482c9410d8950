"""Style presets: words that are put around a prompt, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from studio.errors import NotFound


@dataclass(frozen=True)
class Style:
    """A look to choose; in `prompt`, `{prompt}` is where the user's words go, `negative_prompt` follows theirs."""

    name: str
    group: str
    prompt: str
    negative_prompt: str = ""


STYLES: tuple[Style, ...] = (
    # The looks that Storybook has learnt, in the words it learnt them by; other checkpoints know them as well.
    Style("Watercolor page", "Storybook", "{prompt}, watercolor"),
    Style("Pencil page", "Storybook", "{prompt}, pencil sketch"),
    Style("Neon page", "Storybook", "{prompt}, neon"),
    Style(
        "Everyday photo",
        "Photo",
        "candid photograph of {prompt}, natural colours, slight grain, available light",
        "drawing, painting, plastic skin",
    ),
    Style(
        "Portrait photo",
        "Photo",
        "head and shoulders photograph of {prompt}, 85 mm lens, soft light from one side, blurred background",
        "drawing, distorted face, crossed eyes",
    ),
    Style(
        "Wide landscape",
        "Photo",
        "wide landscape photograph of {prompt}, sharp from foreground to horizon, tripod, early morning",
        "drawing, tilted horizon, oversaturated",
    ),
    Style(
        "Macro",
        "Photo",
        "extreme close-up photograph of {prompt}, tiny details in focus, the rest melting away",
        "drawing, flat focus",
    ),
    Style(
        "Film still",
        "Photo",
        "still from a feature film of {prompt}, wide screen, motivated light, muted teal and amber",
        "drawing, snapshot, flash",
    ),
    Style(
        "Old film",
        "Photo",
        "faded colour slide of {prompt}, 1970s film stock, light leaks, dust and scratches",
        "digital sharpness, drawing",
    ),
    Style(
        "Black and white",
        "Photo",
        "black and white photograph of {prompt}, deep blacks, silver print, strong shapes",
        "colour, drawing",
    ),
    Style(
        "Street at night",
        "Photo",
        "night photograph of {prompt}, shop windows and wet asphalt, fast lens, grain",
        "daylight, drawing",
    ),
    Style(
        "On white",
        "Photo",
        "catalogue photograph of {prompt}, seamless white background, even studio light, soft shadow below",
        "clutter, text, drawing",
    ),
    Style(
        "From the air",
        "Photo",
        "aerial photograph of {prompt}, seen straight from above, long shadows, clear patterns",
        "drawing, horizon",
    ),
    Style(
        "Food photo",
        "Photo",
        "appetising photograph of {prompt}, window light, linen and wood, shallow focus",
        "drawing, plastic, cold light",
    ),
    Style(
        "Oil",
        "Painting",
        "oil painting of {prompt}, visible brushwork, layered glazes, canvas weave",
        "photograph, smooth digital shading",
    ),
    Style(
        "Palette knife",
        "Painting",
        "thick palette knife painting of {prompt}, ridges of paint, bold slabs of colour",
        "photograph, thin lines",
    ),
    Style(
        "Watercolor",
        "Painting",
        "watercolor painting of {prompt}, wet washes running into each other, white paper left bare",
        "photograph, opaque paint, hard outlines",
    ),
    Style(
        "Gouache",
        "Painting",
        "gouache painting of {prompt}, flat matte colours, simplified shapes, dry brush edges",
        "photograph, gloss",
    ),
    Style(
        "Fleeting light",
        "Painting",
        "outdoor painting of {prompt}, quick dabs of broken colour, trembling light, no outlines",
        "photograph, fine detail, black shadows",
    ),
    Style(
        "Candlelit",
        "Painting",
        "old master painting of {prompt}, one candle in the dark, warm skin tones, cracked varnish",
        "photograph, bright background",
    ),
    Style(
        "Ink wash",
        "Painting",
        "ink wash painting of {prompt}, few brush strokes, mist, much empty paper",
        "photograph, bright colours, clutter",
    ),
    Style(
        "Fresco",
        "Painting",
        "weathered fresco of {prompt}, chalky earth colours on plaster, fine cracks",
        "photograph, neon colours",
    ),
    Style(
        "Digital painting",
        "Painting",
        "digital painting of {prompt}, confident shapes, painted edges both lost and found, rich colour script",
        "photograph, messy lines",
    ),
    Style(
        "Pencil",
        "Drawing",
        "graphite drawing of {prompt}, patient hatching, smudged shadows, cream paper",
        "colour, photograph",
    ),
    Style(
        "Charcoal",
        "Drawing",
        "charcoal drawing of {prompt}, broad dark strokes, kneaded highlights, rough paper",
        "colour, photograph, thin lines",
    ),
    Style(
        "Pen and ink",
        "Drawing",
        "pen and ink drawing of {prompt}, fine crosshatching, crisp black lines on white",
        "colour, grey wash, photograph",
    ),
    Style(
        "Coloured pencils",
        "Drawing",
        "coloured pencil drawing of {prompt}, layered strokes, paper grain showing through",
        "photograph, flat fills",
    ),
    Style(
        "Chalk",
        "Drawing",
        "chalk drawing of {prompt}, dusty bright strokes on a dark board",
        "photograph, white background",
    ),
    Style(
        "Comic",
        "Drawing",
        "comic panel of {prompt}, bold outlines, flat colours, dots for shade",
        "photograph, blurred lines, speech bubbles",
    ),
    Style(
        "Clear line",
        "Drawing",
        "clear line illustration of {prompt}, even outlines, flat cheerful colours, no hatching",
        "photograph, gradients, sketchy lines",
    ),
    Style(
        "Anime",
        "Drawing",
        "hand-drawn animation frame of {prompt}, clean cel shading, painted sky, expressive faces",
        "photograph, extra fingers, muddy colours",
    ),
    Style(
        "Picture book",
        "Drawing",
        "picture book illustration of {prompt}, friendly rounded shapes, warm textured colours",
        "photograph, frightening, fine print",
    ),
    Style(
        "Blueprint",
        "Drawing",
        "technical blueprint of {prompt}, thin white lines on blue, measured views, neat grid",
        "photograph, shading, other colours",
    ),
    Style(
        "Colouring page",
        "Drawing",
        "colouring page of {prompt}, clean black outlines, nothing coloured, white background",
        "colour, grey, shading, photograph",
    ),
    Style(
        "Lino cut",
        "Print",
        "lino print of {prompt}, carved marks, two inks, slightly uneven pressure",
        "photograph, gradients",
    ),
    Style(
        "Woodblock",
        "Print",
        "woodblock print of {prompt}, flowing outlines, graded sky, visible wood grain",
        "photograph, perspective blur",
    ),
    Style(
        "Screen print",
        "Print",
        "screen print poster of {prompt}, three flat inks slightly out of register, big simple shapes",
        "photograph, small detail, text",
    ),
    Style(
        "Travel poster",
        "Print",
        "vintage travel poster of {prompt}, broad sunlit planes, long shadows, inviting distance",
        "photograph, text, clutter",
    ),
    Style(
        "Etching",
        "Print",
        "copper etching of {prompt}, dense fine lines, plate mark, aged paper",
        "colour, photograph",
    ),
    Style(
        "Stained glass",
        "Print",
        "stained glass window of {prompt}, glowing panes, dark leading, light from behind",
        "photograph of a street, pastel colours",
    ),
    Style(
        "Paper collage",
        "Print",
        "collage of {prompt}, torn and cut papers, small shadows under the edges",
        "photograph, smooth gradients",
    ),
    Style(
        "Clay",
        "3D",
        "stop-motion model of {prompt}, plasticine with fingerprints, miniature set, soft lamps",
        "drawing, flat colours",
    ),
    Style(
        "Toy world",
        "3D",
        "miniature scene of {prompt}, like a toy on a table, tilted focus, bright plastic",
        "drawing, life size",
    ),
    Style(
        "Smooth render",
        "3D",
        "3D render of {prompt}, rounded forms, soft global light, pastel materials",
        "drawing, noise, hard edges",
    ),
    Style(
        "Low polygons",
        "3D",
        "low polygon model of {prompt}, large facets, plain colours, isometric view",
        "photograph, fine texture",
    ),
    Style(
        "Building blocks",
        "3D",
        "model of {prompt}, built from small plastic bricks, studs visible, studio light",
        "drawing, smooth surface",
    ),
    Style(
        "Voxels",
        "3D",
        "voxel scene of {prompt}, little cubes, isometric view, crisp shadows",
        "photograph, round shapes",
    ),
    Style(
        "Pixels",
        "3D",
        "pixel art of {prompt}, small grid, limited palette, clean clusters, no blur",
        "photograph, gradients, smooth edges",
    ),
    Style("Golden hour", "Light", "{prompt}, low golden sun, long shadows, warm haze", "noon, grey sky"),
    Style("Blue hour", "Light", "{prompt}, just after sunset, deep blue sky, first lamps lit", "noon, warm sky"),
    Style("Backlit", "Light", "{prompt}, light from behind, glowing outline, face of things in shade", "flat light"),
    Style("Lamplight", "Light", "{prompt}, a single warm lamp, dark surroundings, soft falloff", "daylight"),
    Style("Moonlight", "Light", "{prompt}, cold moonlight, silver edges, quiet shadows", "sunshine, warm light"),
    Style("City neon", "Light", "{prompt}, pink and cyan neon signs, reflections, night air", "daylight, pale colours"),
    Style("Overcast", "Light", "{prompt}, overcast sky, soft even light, gentle colours", "hard shadows, sun"),
    Style("Serene", "Mood", "{prompt}, calm and spacious, few things, gentle colours", "crowded, harsh contrast"),
    Style("Eerie", "Mood", "{prompt}, fog, something slightly wrong, drained colours, silence", "cheerful, bright"),
    Style("Festive", "Mood", "{prompt}, lanterns and garlands, bright joyful colours, movement", "gloomy, empty"),
    Style(
        "Dreamlike", "Mood", "{prompt}, floating, soft edges, impossible scale, pearly light", "ordinary, hard edges"
    ),
    Style("Epic", "Mood", "{prompt}, vast scale, towering clouds, tiny figures, dramatic light", "small, plain, flat"),
    Style("Minimal", "Mood", "{prompt}, one subject, two colours, wide empty space", "clutter, pattern, many things"),
)


def style(name: str) -> Style:
    """The style of that name; NotFound names the nearest ones."""
    rows = {row.name: row for row in STYLES}
    if name in rows:
        return rows[name]
    near = ", ".join(get_close_matches(name[:80], rows, n=3, cutoff=0))
    raise NotFound(f"Style: there is no '{name[:80]}'. Choose one of the list, such as {near}.")


def applied(names: Sequence[str], prompt: str, negative_prompt: str) -> tuple[str, str]:
    """Both prompts with the styles around them, each around what the ones before it made; NotFound as in `style`.

    Commas and spaces at the ends of the user's words give way where a style joins them. Without words, what is left
    of a style is a prompt of its own. What a style would rather not see is added to the negative prompt once.
    """
    for row in [style(name) for name in names]:
        prompt = _around(row.prompt, _bare(prompt))
        known = {part.strip() for part in negative_prompt.split(",")}
        unwanted = [part for part in row.negative_prompt.split(", ") if part and part not in known]
        negative_prompt = ", ".join(filter(None, [_bare(negative_prompt), *unwanted])) if unwanted else negative_prompt
    return prompt, negative_prompt


def _around(template: str, words: str) -> str:
    if words:
        return template.replace("{prompt}", words)
    left = template.replace(" of {prompt}", "").replace("{prompt}", "")
    return ", ".join(part for part in left.split(", ") if part)


def _bare(words: str) -> str:
    return words.strip(" \t\n,")
