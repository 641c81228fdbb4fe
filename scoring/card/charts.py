"""The card's charts as Vega-Lite specifications, from the report's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair

Rows = Sequence[Mapping[str, Any]]
Spec = dict[str, Any]

BLUE, GREY, BAND, ORANGE = "#1f5fa8", "#8a939c", "#c9d9ec", "#c2571a"
_HEIGHT = 240
_CONFIG: Spec = {
    "font": "system-ui, sans-serif",
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#e8eaed", "tickCount": 5,
    },
    "legend": {"orient": "top", "title": None, "labelFontSize": 12},
}  # fmt: skip


def lift_chart(deciles: Rows) -> Spec:
    """Bars of the share with the outcome by tenth of the ranking, against the share among all.

    A row is `{"decile", "rate", "rate_low", "rate_high", "lift", "base_rate"}`; decile 1 is the highest tenth.
    """
    import altair as alt

    base = _over(deciles)
    tenth = alt.X("decile:O", title="tenth of the leads, best first", axis=alt.Axis(labelAngle=0))
    share = _share("rate", "share with the outcome")
    bars = base.mark_bar(color=BLUE).encode(
        x=tenth,
        y=share,
        tooltip=[
            alt.Tooltip("decile:O", title="tenth"),
            alt.Tooltip("rate:Q", title="share", format=".1%"),
            alt.Tooltip("lift:Q", title="times the average", format=".2f"),
        ],
    )
    spread = base.mark_rule(color="#12365f", strokeWidth=2).encode(x=tenth, y="rate_low:Q", y2="rate_high:Q")
    average = base.mark_rule(color=ORANGE, strokeDash=[5, 4], strokeWidth=2).encode(y="mean(base_rate):Q")
    return _spec(alt.layer(bars, spread, average))


def calibration_chart(bins: Rows) -> Spec:
    """Observed shares against what was said, with the band in which a perfectly calibrated model would lie.

    A row is `{"mean_p", "observed", "null_low", "null_high", "rows"}`, of bins of equal size.
    """
    import altair as alt

    base = _over(bins)
    said = _share_x("mean_p", "what the model said")
    band = base.mark_area(color=BAND, opacity=0.8).encode(
        x=said, y=alt.Y("null_low:Q", title="what happened", axis=alt.Axis(format="%")), y2="null_high:Q"
    )
    line = base.mark_line(color=GREY, strokeDash=[4, 4]).encode(x=said, y="mean_p:Q")
    points = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(
        x=said,
        y="observed:Q",
        tooltip=[
            alt.Tooltip("mean_p:Q", title="said", format=".1%"),
            alt.Tooltip("observed:Q", title="happened", format=".1%"),
            alt.Tooltip("rows:Q", title="landmarks", format=","),
        ],
    )
    return _spec(alt.layer(band, line, points))


def capacity_chart(rows: Rows, orders: Sequence[str]) -> Spec:
    """Of the leads that sales would work a week, the share with the outcome: by each order.

    A row is `{"per_week", "who", "precision"}`.
    """
    import altair as alt

    return _spec(
        _over(rows)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X(
                "per_week:Q",
                title="leads worked a week",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(format=",d", values=sorted({each["per_week"] for each in rows})),
            ),
            y=_share("precision", "share of them with the outcome"),
            color=_color("who", orders, [BLUE, ORANGE, GREY][: len(orders)]),
            tooltip=["who:N", "per_week:Q", alt.Tooltip("precision:Q", format=".1%")],
        )
    )


def folds_chart(rows: Rows, candidates: Sequence[str], chosen: str) -> Spec:
    """One point a candidate and past period: how well it would have ranked the leads of that period.

    A row is `{"period", "candidate", "roc_auc"}`.
    """
    import altair as alt

    colors = [
        BLUE if name == chosen else shade for name, shade in zip(candidates, _greys(len(candidates)), strict=True)
    ]
    return _spec(
        _over(rows)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("period:O", title="leads of the period from", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("roc_auc:Q", title="ranking (ROC-AUC)", scale=alt.Scale(zero=False)),
            color=_color("candidate", candidates, colors),
            tooltip=["candidate:N", "period:O", alt.Tooltip("roc_auc:Q", format=".3f")],
        )
    )


def importance_chart(rows: Rows) -> Spec:
    """Bars of the reason groups' shares. A row is `{"group", "share"}`, the largest first."""
    import altair as alt

    return _spec(
        _over(rows)
        .mark_bar(color=BLUE)
        .encode(
            y=alt.Y("group:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
            x=_share_x("share", "share of all that moves the model"),
            tooltip=["group:N", alt.Tooltip("share:Q", format=".1%")],
        ),
        height=max(120, 26 * len(rows)),
    )


def waiting_chart(rows: Rows, horizon_days: float) -> Spec:
    """The share of leads with the outcome by days since creation, with the horizon. A row is `{"day", "share"}`."""
    import altair as alt

    curve = (
        _over(rows)
        .mark_line(interpolate="step-after", color=BLUE, strokeWidth=2)
        .encode(x=alt.X("day:Q", title="days since the lead came"), y=_share("share", "share of all outcomes"))
    )
    until = _over([{"day": horizon_days}]).mark_rule(color=ORANGE, strokeDash=[5, 4], strokeWidth=2).encode(x="day:Q")
    return _spec(alt.layer(curve, until))


def _over(rows: Rows) -> altair.Chart:
    import altair as alt

    return alt.Chart(alt.Data(values=list(rows)))  # type: ignore[no-untyped-call]


def _spec(chart: Any, height: int = _HEIGHT) -> Spec:
    spec: Spec = chart.properties(width="container", height=height).to_dict()
    spec.pop("$schema", None)  # an address nobody needs to reach
    return {**spec, "config": _CONFIG, "autosize": {"type": "fit-x", "contains": "padding"}}


def _share(name: str, title: str) -> altair.Y:
    import altair as alt

    return alt.Y(f"{name}:Q", title=title, axis=alt.Axis(format="%"))


def _share_x(name: str, title: str) -> altair.X:
    import altair as alt

    return alt.X(f"{name}:Q", title=title, axis=alt.Axis(format="%"))


def _color(name: str, domain: Sequence[str], colors: Sequence[str]) -> altair.Color:
    import altair as alt

    return alt.Color(
        f"{name}:N", scale=alt.Scale(domain=list(domain), range=list(colors)), legend=alt.Legend(columns=2)
    )


def _greys(count: int) -> list[str]:
    shades = ["#c7ccd1", "#a5adb5", "#838d97", ORANGE, "#5f6973"]
    return [shades[number % len(shades)] for number in range(count)]
