"""The page as a whole: sections in their order, with styles, charts and the script that draws them, in one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leadmart.features.errors import LeadmartError
from leadmart.scoring.card import sections
from leadmart.scoring.card.html import text

_DRAW = """
for (const spec of document.querySelectorAll('script[data-chart]')) {
  const place = document.getElementById(spec.dataset.chart);
  vegaEmbed(place, JSON.parse(spec.textContent), {actions: false, renderer: 'svg'});
}
"""


@dataclass(frozen=True)
class Source:
    """A definition that the model rests on: its reference, what it says of itself, and its SQL."""

    ref: str
    kind: str
    words: str
    sql: str


def card(report: Mapping[str, Any], sources: Sequence[Source], project: str) -> str:
    """The page, from the report that `train` stored. It reaches for nothing outside itself.

    Sections whose figures the report lacks are left out; a report without a model says why there is none.
    Raises LeadmartError `extra_missing` where the packages of the extra `report` are not installed.
    """
    script = drawing_library()
    title = sections.title(report)
    body = "".join(part(report) for part in sections.PARTS) + sections.versions(report, sources)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{_css()}</style></head><body><main>"
        f"{sections.head(report, project)}{body}"
        f"</main><script>{script}</script><script>{_DRAW}</script></body></html>\n"
    )


@lru_cache(maxsize=1)
def drawing_library() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script."""
    try:
        import altair
        import vl_convert
    except ImportError as cause:
        raise LeadmartError(
            f"a card wants {cause.name}, which is not installed",
            code="extra_missing",
            hint="pip install 'leadmart[report]'",
        ) from cause
    major, minor, *_ = altair.SCHEMA_VERSION.lstrip("v").split(".")
    # a page's script ends at the first end tag, wherever it stands
    bundle: str = vl_convert.javascript_bundle(vl_version=f"{major}.{minor}")  # type: ignore[call-arg]
    return bundle.replace("</script", "<\\/script")


def _css() -> str:
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
