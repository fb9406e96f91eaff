"""The figures of explore.ipynb. Colours are Okabe and Ito's, which people with a colour vision deficiency tell apart as well."""
import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

LEFT, CAME, GREY = "#0072B2", "#E69F00", "#8A8A8A"
POLL_COLOURS = {"ok": "#009E73", "not_modified": "#56B4E9", "failed": "#D55E00", "skipped": "#CC79A7", "breaker_open": "#000000"}
NET = plt.get_cmap("PuOr")
# Letters of Korean, Chinese and Japanese are in none of matplotlib's own fonts.
EASTERN_FONTS = ("Noto Sans CJK KR", "Noto Sans CJK JP", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo", "Yu Gothic")
LONGEST_LABEL = 28

_known = {font.name for font in font_manager.fontManager.ttflist}
_eastern = [name for name in EASTERN_FONTS if name in _known]
plt.rcParams.update(
    {
        "figure.dpi": 110,
        "figure.constrained_layout.use": True,
        "font.family": ["DejaVu Sans", *_eastern],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "legend.frameon": False,
        "legend.fontsize": 9,
    }
)


def label(station):
    """A station's name where it has one that can be written here, else its id."""
    name = station.name_of_station
    if not isinstance(name, str) or (not _eastern and any(ord(letter) > 0x2E80 for letter in name)):
        name = station.station_id
    return name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"


def movements_by_hour(hours, title):
    """`hours`: local_hour, rentals_min, returns_min, rebalanced_out, rebalanced_in, observed_share."""
    figure, axes = plt.subplots(figsize=(9.5, 3.6))
    for offset, sure, suspected, colour in ((-0.21, "rentals_min", "rebalanced_out", LEFT), (0.21, "returns_min", "rebalanced_in", CAME)):
        axes.bar(hours.local_hour + offset, hours[sure], 0.4, color=colour)
        axes.bar(hours.local_hour + offset, hours[suspected], 0.4, bottom=hours[sure], color="white", edgecolor=colour, hatch="////", linewidth=0.6)
    partly = _mark_partly_observed(axes, hours)
    keys = [
        Patch(color=LEFT, label="left (falls)"),
        Patch(color=CAME, label="came (rises)"),
        Patch(facecolor="white", edgecolor=GREY, hatch="////", label="of these, suspected rebalancing"),
    ]
    _hour_axis(axes)
    axes.set(title=title, ylabel="bikes an hour")
    axes.grid(axis="y", color="#E5E5E5")
    axes.legend(handles=keys + partly, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.16))
    plt.show()


def map_of_movements(stations, parts, title):
    """`stations`: lat, lon, and for each of `parts` (title by prefix) <prefix>_falls and <prefix>_rises."""
    moved = [stations[f"{part}_falls"] + stations[f"{part}_rises"] for part in parts]
    most = max(1, *(int(m.max()) for m in moved))
    furthest = max(1, *(int((stations[f"{part}_rises"] - stations[f"{part}_falls"]).abs().max()) for part in parts))
    figure, all_axes = plt.subplots(1, len(parts), figsize=(9.5, 5.2), sharex=True, sharey=True)
    for axes, (part, part_title), size in zip(all_axes, parts.items(), moved):
        net = stations[f"{part}_rises"] - stations[f"{part}_falls"]
        axes.scatter(stations.lon, stations.lat, s=6, color="#BBBBBB", linewidth=0)
        shown = axes.scatter(stations.lon, stations.lat, s=_area(size, most), c=net, cmap=NET, vmin=-furthest, vmax=furthest, edgecolor="#555555", linewidth=0.4)
        # A degree of longitude is shorter than one of latitude, the more so the further from the equator.
        axes.set_aspect(1 / math.cos(math.radians(stations.lat.mean())))
        axes.set(title=part_title, xlabel="longitude, °")
        axes.tick_params(axis="x", labelrotation=30)
    all_axes[0].set_ylabel("latitude, °")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    figure.colorbar(shown, ax=all_axes, shrink=0.75, label="rises − falls, bikes\n(purple: more came, orange: more left)")
    steps = sorted({max(1, round(most * share)) for share in (0.1, 0.5, 1)})
    keys = [Line2D([], [], linestyle="", marker="o", color="#DDDDDD", markeredgecolor="#555555", markersize=math.sqrt(_area(n, most)), label=str(n)) for n in steps]
    figure.legend(handles=keys, title="falls + rises, bikes", ncols=len(keys), loc="outside lower left", labelspacing=1.2)
    plt.show()


def busiest_stations(stations, title):
    """`stations`: falls, rises, station_id, name_of_station; the first is drawn on top."""
    figure, axes = plt.subplots(figsize=(9.5, 0.28 * len(stations) + 1.3))
    places = np.arange(len(stations))[::-1]
    axes.barh(places, -stations.falls, color=LEFT, label="left (falls)")
    axes.barh(places, stations.rises, color=CAME, label="came (rises)")
    axes.axvline(0, color="#333333", linewidth=0.8)
    axes.set_yticks(places, [label(station) for station in stations.itertuples()])
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.set(title=title, xlabel="bikes that day")
    axes.grid(axis="x", color="#E5E5E5")
    axes.legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    plt.show()


def empty_and_full(hours, title):
    """`hours`: local_hour, empty_share, full_share (null where the feed gives no docks), observed_share; shares of 1."""
    figure, axes = plt.subplots(figsize=(9.5, 3.2))
    for column, colour, marker, name in (("empty_share", LEFT, "o", "no bike available"), ("full_share", CAME, "s", "no dock available")):
        share = hours[column].astype(float)
        if share.notna().any():
            axes.plot(hours.local_hour, 100 * share, color=colour, marker=marker, label=name)
    partly = _mark_partly_observed(axes, hours)
    _hour_axis(axes)
    axes.set(title=title, ylabel="% of observed station time")
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#E5E5E5")
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], *partly], ncols=3, loc="upper left", bbox_to_anchor=(0, -0.18))
    plt.show()


def empty_hours(stations, cells, title):
    """Rows `stations` in their order; `cells`: station_id, local_hour, empty_seconds, observed_seconds."""
    share = np.full((len(stations), 24), np.nan)
    rows = {station_id: i for i, station_id in enumerate(stations.station_id)}
    for cell in cells.itertuples():
        if cell.station_id in rows and cell.observed_seconds > 0:
            share[rows[cell.station_id], cell.local_hour] = 100 * cell.empty_seconds / cell.observed_seconds
    figure, axes = plt.subplots(figsize=(9.5, 0.27 * len(stations) + 1.4))
    colours = plt.get_cmap("Blues").with_extremes(bad="#C4C4C4")
    shown = axes.imshow(np.ma.masked_invalid(share), aspect="auto", cmap=colours, vmin=0, vmax=100, extent=(0, 24, len(stations), 0))
    axes.set_yticks(np.arange(len(stations)) + 0.5, [label(station) for station in stations.itertuples()])
    axes.set_xticks(range(0, 25, 3))
    axes.set(title=title, xlabel="local hour")
    figure.colorbar(shown, ax=axes, label="% of the observed time without a bike\n(grey: not observed)")
    plt.show()


def coverage(polls, gaps, title):
    """`polls`: hour (local, 0 to 24, fractions too), status; `gaps`: pairs of such hours."""
    figure, axes = plt.subplots(figsize=(9.5, 2.2))
    for begin, end in gaps:
        axes.axvspan(begin, end, color="#DDDDDD", linewidth=0)
    statuses = [status for status in POLL_COLOURS if (polls.status == status).any()]
    for place, status in enumerate(statuses):
        own = polls[polls.status == status]
        axes.scatter(own.hour, np.full(len(own), -place), marker="|", s=110, linewidth=0.9, color=POLL_COLOURS[status])
    axes.set_yticks([-place for place in range(len(statuses))], [f"{s} ({(polls.status == s).sum()})" for s in statuses])
    axes.set_ylim(-len(statuses) + 0.4, 0.6)
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 3))
    axes.set(title=title, xlabel="local hour", ylabel="polls")
    if gaps:
        axes.legend(handles=[Patch(color="#DDDDDD", label="gap: nothing is known, nothing is counted")], loc="lower right", bbox_to_anchor=(1, 1))
    plt.show()


def _area(moved, most):
    return 180 * moved / most


def _hour_axis(axes):
    axes.set_xlim(-0.6, 23.6)
    axes.set_xticks(range(0, 24, 2))
    axes.set_xlabel("local hour (of its beginning)")


def _mark_partly_observed(axes, hours):
    """Shades the hours of which less than 95 % is observed, also those without a row; answers with their key for the legend."""
    whole = set(hours.local_hour[hours.observed_share >= 0.95])
    partly = [hour for hour in range(24) if hour not in whole]
    for hour in partly:
        axes.axvspan(hour - 0.5, hour + 0.5, color="#EEEEEE", linewidth=0, zorder=0)
    return [Patch(color="#EEEEEE", label="hour not wholly observed")] if partly else []
