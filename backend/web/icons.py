"""The application's icons as PNG, drawn from the same shapes as static/img/saegim.svg: installers want pixels.

Build output, like the vendored files; `make setup` draws them. The maskable icon fills its square, its drawing inside
the middle four fifths that every mask leaves visible (W3C Web App Manifest, "safe zone").
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

BRAND: Final = "#0b4f6c"
_FOLD: Final = "#b7d9e8"
_GRID: Final = 64
"""The drawing's own units, as in the SVG's viewBox."""
_SMOOTH: Final = 4
"""Drawn that much larger and scaled down, which smooths the edges."""

ICONS: Final = {"icon-192.png": (192, False), "icon-512.png": (512, False), "maskable-512.png": (512, True)}
"""File → (side in pixels, maskable)."""


def draw(side: int, *, maskable: bool = False) -> Image.Image:
    """The icon at `side` × `side` pixels."""
    large = side * _SMOOTH
    image = Image.new("RGBA", (large, large), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    unit = large / _GRID
    ground = (0, 0, large - 1, large - 1)
    if maskable:
        pen.rectangle(ground, fill=BRAND)
    else:
        pen.rounded_rectangle(ground, radius=14 * unit, fill=BRAND)
    scale = 0.75 if maskable else 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return ((32 + (x - 32) * scale) * unit, (32 + (y - 32) * scale) * unit)

    pen.polygon([at(18, 14), at(38, 14), at(48, 24), at(48, 50), at(18, 50)], fill="#fff")
    pen.polygon([at(38, 14), at(38, 24), at(48, 24)], fill=_FOLD)
    width = round(5 * unit * scale)
    tick = [at(25, 37), at(31, 43), at(42, 30)]
    pen.line(tick, fill=BRAND, width=width, joint="curve")
    for x, y in (tick[0], tick[-1]):
        pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=BRAND)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def build(folder: Path) -> None:
    """Write every icon into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (side, maskable) in ICONS.items():
        draw(side, maskable=maskable).save(folder / name, optimize=True)
