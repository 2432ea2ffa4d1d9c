"""SVG by hand: elements as escaped text, lengths in percent so that a chart bends with its column while letters do not.

Colours are classes of assets/report.css, so that light, dark and print differ in one place. Hatches are patterns of the page.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from reports.formatting import plain

DROP, GOAL = "url(#drop)", "url(#goal)"
"""Hatched ends: sessions without a goal, sessions with one."""


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """One element. `class_` is class, `stroke_width` is stroke-width; None leaves an attribute out; floats get two decimals."""
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(shown(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = Markup().join(escape(c) for c in children)
    return Markup(f"<{tag}{given}>{inside}</{tag}>" if children else f"<{tag}{given}/>")


def shown(value: object) -> str:
    """A number at most two decimals wide, so that bytes do not depend on the last bit of a float."""
    if isinstance(value, float):
        text = f"{value:.2f}".rstrip("0").rstrip(".")
        return "0" if text in ("", "-0") else text
    return str(value)


def places(*names: object) -> str:
    """Which touchpoints a mark is about, U+2063 between them (no shown name holds it): choosing one dims the marks of others."""
    return "\u2063".join(dict.fromkeys(plain(n) for n in names))


def percent(value: float) -> str:
    """A share as a length: 0.342 as 34.2%."""
    return shown(100 * value) + "%"


def picture(
    children: Sequence[object], *, height: float, label: str, class_: str | None = None, box: str | None = None
) -> Markup:
    """The <svg>: as wide as its column, or, with a view box, scaled to it. `label` is what a screen reader says."""
    return element(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_label=label,
        class_=class_,
        viewBox=box,
        width=None if box else "100%",
        height=None if box else height,
        focusable="false",
    )
