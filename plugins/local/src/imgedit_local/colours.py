"""Names of colours, as people use them."""

from __future__ import annotations

import colorsys

# Plain names; the shades below ("light blue", "dark green") are made from those that have them.
_SHADED = {
    "red": "#e02020",
    "orange": "#f58a1f",
    "yellow": "#f7d622",
    "green": "#2fa83a",
    "teal": "#148f8f",
    "turquoise": "#2cc9be",
    "blue": "#2458d6",
    "purple": "#7d35c4",
    "violet": "#7f45e0",
    "magenta": "#d722b5",
    "pink": "#f582b4",
    "brown": "#7d4a24",
    "gray": "#808080",
    "grey": "#808080",
}
_OTHERS = {
    "white": "#ffffff",
    "black": "#000000",
    "cyan": "#1fc8e8",
    "lime": "#9be01f",
    "gold": "#e0b020",
    "golden": "#e0b020",
    "silver": "#c0c4c8",
    "beige": "#e8dcc0",
    "cream": "#fbf3dc",
    "ivory": "#fffff0",
    "navy": "#14265c",
    "navy blue": "#14265c",
    "sky blue": "#74b8f0",
    "royal blue": "#2f55d4",
    "maroon": "#7a1528",
    "crimson": "#c41436",
    "coral": "#ff7757",
    "salmon": "#f98b78",
    "peach": "#ffc9a3",
    "olive": "#7c7d25",
    "mint": "#a5ecc4",
    "lavender": "#c3aff0",
    "indigo": "#412a9c",
    "off white": "#f7f5ef",
}
_PLURALS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "gray", "grey")


def _shade(colour: str, lightness: float, saturation: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, light, strength = colorsys.rgb_to_hls(red, green, blue)
    light = light + (1 - light) * lightness if lightness > 0 else light * (1 + lightness)
    mixed = colorsys.hls_to_rgb(hue, light, min(1.0, strength * saturation))
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)


def _names() -> dict[str, str]:
    names = {**_SHADED, **_OTHERS}
    for name, colour in _SHADED.items():
        names[f"light {name}"] = _shade(colour, 0.5, 1.0)
        names[f"pale {name}"] = _shade(colour, 0.7, 0.9)
        names[f"dark {name}"] = _shade(colour, -0.45, 1.0)
        names[f"bright {name}"] = _shade(colour, 0.1, 1.3)
    names |= {f"{name}s": _SHADED[name] for name in _PLURALS}
    return names


COLOURS = _names()

TRANSPARENT = "transparent"


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a name in `COLOURS` or of "#rgb" or "#rrggbb"."""
    text = COLOURS.get(colour, colour).removeprefix("#")
    if len(text) == 3:
        text = "".join(2 * digit for digit in text)
    red, green, blue = (int(text[at : at + 2], 16) for at in (0, 2, 4))
    return red, green, blue


def is_grey(colour: str) -> bool:
    """Whether the colour is without a hue, so that it suits a grey picture."""
    return len(set(rgb(colour))) == 1
