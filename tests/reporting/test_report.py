from __future__ import annotations

import base64
import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import servqual as sq
from servqual.reporting.words import interval, percent, two
from servqual.results import format_number, format_p

KIOSK = """
id = "kiosk"
title = "Kiosk quality"
scale = [1, 7]
[dimensions]
usefulness = [1, 2, 3]
playfulness = [4, 5, 6]
control = [7, 8, 9]
economy = [10, 11, 12]
personalisation = [13, 14, 15]
convenience = [16, 17, 18]
security = [19, 20, 21]
tangibles = [22, 23, 24]
"""
SMALL = """
id = "small"
scale = [1, 7]
[dimensions]
speed = [1, 2, 3]
people = [4, 5, 6]
"""
ATTACK = "<script>alert(1)</script>"


class _Reader(HTMLParser):
    """Text, tags and attributes of a page; complains of nothing, so the tests do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def _rows(page: str, caption: str) -> dict[str, list[str]]:
    """Cells of the table with this caption, by the head of their row."""
    [table] = [part for part in re.findall(r"<table.*?</table>", page, re.S) if caption in part]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', table, re.S)
    return {
        html.unescape(head): [
            html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells)
        ]
        for head, cells in rows
    }


def _pictures(page: str) -> list[str]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(part).decode("utf-8") for part in found]


def _answers(n: int, n_items: int, seed: int = 3) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    person = generator.normal(size=(n, 1))
    expected = np.clip(np.round(5.8 + 0.5 * person + generator.normal(size=(n, n_items))), 1, 7)
    found = np.clip(np.round(4.9 + 0.9 * person + generator.normal(size=(n, n_items))), 1, 7)
    columns = {f"E{place + 1}": expected[:, place] for place in range(n_items)}
    columns |= {f"P{place + 1}": found[:, place] for place in range(n_items)}
    columns["SAT"] = np.clip(np.round(4.0 + person[:, 0] + generator.normal(size=n)), 1, 7)
    return columns


def _small(n: int = 60, **changes: Any) -> sq.Survey:
    frame = pd.DataFrame({**_answers(n, 6), **changes.pop("columns", {})})
    instrument = changes.pop("instrument", sq.Instrument.from_toml(SMALL))
    return sq.Survey(
        frame, instrument=instrument, **{"outcomes": {"satisfaction": ["SAT"]}, **changes}
    )


def _page(survey: sq.Survey, folder: Path, **options: Any) -> str:
    path = sq.report(survey, folder / "report.html", **{"n_resamples": 200, **options})
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bank() -> sq.Survey:
    return sq.load_example("bank")


@pytest.fixture(scope="module")
def page(bank: sq.Survey, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _page(bank, tmp_path_factory.mktemp("bank"), notice="Taken as servqual-1991.")


# ---- contents ------------------------------------------------------------------------------------


def test_headline_is_the_overall_gap(bank: sq.Survey, page: str) -> None:
    row = sq.gaps(bank).overall.iloc[0]
    assert f'<p class="figure">{two(row["gap"])}</p>' in page
    assert interval(row["conf_low"], row["conf_high"]) in page
    assert "600 respondents" in page


def test_dimension_table_shows_the_rounded_gaps(bank: sq.Survey, page: str) -> None:
    shown = _rows(page, "Gaps of the dimensions")
    for _, row in sq.gaps(bank).dimensions.iterrows():
        cells = shown[row["label"]]
        assert cells[0] == f"{row['n']:,}"
        assert cells[1] == f"{two(row['expectation'])} ({two(row['expectation_sd'])})"
        assert cells[2] == f"{two(row['perception'])} ({two(row['perception_sd'])})"
        assert cells[3] == f"{two(row['gap'])} ({two(row['gap_sd'])})"
        assert cells[4] == interval(row["conf_low"], row["conf_high"])
        assert cells[5:7] == [two(row["effect_size"]), two(row["statistic"])]
        assert cells[7:] == [
            format_p(row[name]) for name in ("p_value", "p_adjusted", "wilcoxon_p")
        ]


def test_item_table_has_every_item(bank: sq.Survey, page: str) -> None:
    shown = _rows(page, "Gaps of the items")
    items = sq.gaps(bank).items
    assert list(shown) == [f"{row['item']} {row['label']}" for _, row in items.iterrows()]
    assert [cells[3].split()[0] for cells in shown.values()] == [two(gap) for gap in items["gap"]]


def test_overall_scores_leave_the_adjusted_p_out(bank: sq.Survey, page: str) -> None:
    shown = _rows(page, "Overall scores by definition")
    overall = sq.gaps(bank).overall
    assert len(shown) == len(overall) == 4
    for cells, (_, row) in zip(shown.values(), overall.iterrows(), strict=True):
        assert cells[5:] == [
            two(row["effect_size"]),
            two(row["statistic"]),
            format_p(row["p_value"]),
            format_p(row["wilcoxon_p"]),
        ]


def test_reliability_and_regression_show_the_rounded_numbers(bank: sq.Survey, page: str) -> None:
    differences = sq.scale_reliability(bank, on="gap").differences
    shown = _rows(page, "Reliability of the difference score")
    for _, row in differences.iterrows():
        assert shown[row["label"]][-2:] == [
            two(row["reliability_difference"]),
            two(row["alpha_difference"]),
        ]
    fit = sq.regression(bank, outcome="loyalty")
    coefficients = _rows(page, "Regression of loyalty")
    for _, row in fit.coefficients.iterrows():
        assert coefficients[row["label"]][:2] == [two(row["estimate"]), two(row["std_error"])]
        assert coefficients[row["label"]][4] == format_p(row["p_value"])


def test_importance_is_that_of_the_analysis(bank: sq.Survey, page: str) -> None:
    result = sq.relative_importance(bank, outcome="satisfaction", n_resamples=200)
    shown = _rows(page, "Relative importance for satisfaction")
    for _, row in result.contributions.iterrows():
        assert shown[row["label"]][2] == format_number(row["estimate"], 3)
        assert shown[row["label"]][3] == interval(row["conf_low"], row["conf_high"], 3)
        assert shown[row["label"]][4] == percent(row["share"])


def test_measures_are_those_of_the_analysis(bank: sq.Survey, page: str) -> None:
    result = sq.compare_measures(bank, outcome="loyalty", n_resamples=200)
    shown = _rows(page, "Measures of quality against loyalty")
    assert list(shown) == result.measures["measure"].tolist()
    for row in result.measures.to_dict("records"):
        cells = shown[row["measure"]]
        assert cells[:2] == [two(row["r"]), two(row["r_squared"])]
        assert cells[2] == interval(row["r_squared_low"], row["r_squared_high"])
        assert cells[4] == percent(row["p_best"])
    pair = result.tests.query("first == 'SERVQUAL' and second == 'SERVPERF'")
    assert shown["SERVQUAL"][5] == "–"
    assert shown["SERVPERF"][5] == format_p(pair["p_adjusted"].item())


def test_surface_and_chain_are_those_of_the_analyses(bank: sq.Survey, page: str) -> None:
    surface = sq.response_surface(bank, outcome="satisfaction", n_resamples=200)
    shown = _rows(page, "Response surface of satisfaction")
    for row in surface.tidy().to_dict("records"):
        assert shown[row["term"]][1:3] == [two(row["estimate"]), two(row["std_error"])]
    effects = sq.mediation(bank, n_resamples=200).tidy().set_index("term")
    shown = _rows(page, "Effects on loyalty")
    through = effects.to_dict(orient="index")["indirect"]
    assert shown["Through satisfaction"] == [
        two(through["estimate"]),
        interval(through["conf_low"], through["conf_high"]),
        format_p(through["p_value"]),
        percent(through["share_of_total"]),
    ]
    assert "Effects on satisfaction" not in page


def test_one_side_has_no_comparison_of_sides(tmp_path: Path) -> None:
    frame = pd.DataFrame(_answers(60, 6))
    survey = sq.Survey(
        frame[[f"P{item}" for item in range(1, 7)] + ["SAT"]],
        instrument=sq.Instrument.from_toml(
            SMALL.replace("[dimensions]", 'sides = ["perception"]\n[dimensions]')
        ),
        outcomes={"satisfaction": ["SAT"]},
    )
    page = _page(survey, tmp_path)
    assert "Regression of satisfaction" in page
    assert "Gaps or perceptions alone" not in page
    assert "From quality through" not in page


def test_priorities_are_ranked_by_the_weighted_shortfall(bank: sq.Survey, page: str) -> None:
    table = sq.gaps(bank).dimensions.sort_values("weighted_gap", kind="stable")
    shown = _rows(page, "Dimensions ranked by priority")
    assert list(shown) == table["label"].tolist()
    assert [cells[3] for cells in shown.values()] == [two(-gap) for gap in table["weighted_gap"]]


def test_priorities_say_how_certain_they_are(bank: sq.Survey, page: str) -> None:
    stated = sq.importance_performance(bank, on="gap", n_resamples=200).tidy()
    derived = sq.importance_performance(bank, on="gap", outcome="loyalty", n_resamples=200).tidy()
    ranked = _rows(page, "Dimensions ranked by priority")
    quadrants = _rows(page, "Quadrants, and how certain they are")
    for own, other in zip(stated.to_dict("records"), derived.to_dict("records"), strict=True):
        low, high = own["priority_rank_low"], own["priority_rank_high"]
        expected = f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
        assert ranked[own["label"]][4] == expected
        assert ranked[own["label"]][8] == percent(other["importance"])
        assert quadrants[own["label"]][:2] == [own["quadrant"], percent(own["p_quadrant"])]
        assert quadrants[own["label"]][4:] == [other["quadrant"], percent(other["p_quadrant"])]


def test_dimensions_are_ranked_by_shortfall_where_importance_is_unknown(tmp_path: Path) -> None:
    survey = _small(outcomes={})
    shown = _rows(_page(survey, tmp_path), "Dimensions ranked by shortfall")
    table = sq.gaps(survey).dimensions.sort_values("gap", kind="stable")
    assert list(shown) == table["label"].tolist()
    assert [cells[1] for cells in shown.values()] == [two(gap) for gap in table["gap"]]


def test_penalties_and_what_if_are_those_of_the_analyses(bank: sq.Survey, page: str) -> None:
    contrasts = sq.penalty_reward(bank, on="gap", n_resamples=200).asymmetry
    shown = _rows(page, "Penalties and rewards for satisfaction")
    for row in contrasts.to_dict("records"):
        cells = shown[row["label"]]
        assert (cells[0], cells[2]) == (two(row["penalty"]), two(row["reward"]))
        assert cells[4] == two(row["impact_asymmetry"])
        assert cells[6:] == [row["class"], percent(row["class_probability"])]
    changes = {part.key: 1.0 for part in bank.instrument.dimensions}
    better = sq.what_if(bank, changes, "loyalty", through="satisfaction", n_resamples=200)
    shown = _rows(page, "One point more of each dimension, and loyalty")
    for row in better.per_point.query("measure == 'mean'").to_dict("records"):
        cells = shown[row["label"]]
        assert cells[:2] == [two(row["effective"]), two(row["change"])]
        assert cells[2] == interval(row["conf_low"], row["conf_high"])
        assert cells[3] == percent(row["p_first"])
    boxes = better.per_point.query("measure == 'top-two-box'").to_dict("records")
    assert [cells[4] for cells in shown.values()] == [
        format_number(row["change"], 1) for row in boxes
    ]


def test_groups_are_compared(bank: sq.Survey, page: str) -> None:
    result = sq.gaps(bank, by="branch")
    omnibus = _rows(page, "Welch's analysis of variance".replace("'", "&#39;"))
    for _, row in result.omnibus.iterrows():
        label = {**result.labels, "dimension mean": "Overall"}[row["term"]]
        assert omnibus[label][0] == two(row["statistic"])
    pairs = _rows(page, "Pairs of groups that differ")
    assert len(pairs) == int((result.pairs["p_adjusted"] < 0.05).sum())
    overall = result.overall[result.overall["score"] == "dimension mean"].set_index("branch")["gap"]
    for head, cells in pairs.items():
        score, contrast = head.split(": ")
        if score == "Overall":
            first, second = contrast.split(" − ")
            assert cells[0] == two(overall[first] - overall[second])


def test_sections_and_contents_agree(page: str) -> None:
    anchors = re.findall(r'<li><a href="#([\w-]+)"', page)
    assert anchors == [
        "headline",
        "data",
        "gaps",
        "priorities",
        "reliability",
        "structure",
        "confirmation",
        "drivers",
        "methods",
    ]
    assert all(page.count(f'<section id="{anchor}"') == 1 for anchor in anchors)


def test_notice_is_the_first_line_of_the_body(page: str) -> None:
    body = _read(page[page.index("<body>") :].replace("</html>", "")).text
    assert next(text for text in body if text.strip()) == "Taken as servqual-1991."


def test_methods_name_the_settings(page: str) -> None:
    for text in (
        "200 resamples, seed 1",
        f"servqual {sq.__version__}",
        f"numpy {np.__version__}",
        "scipy",
        "statsmodels",
        "Python 3.",
    ):
        assert text in page
    assert 'href="https://doi.org/10.1007/BF02310555"' in page


# ---- the page itself -----------------------------------------------------------------------------


def test_page_needs_nothing_else(page: str) -> None:
    reader = _read(page)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(reader.tags)
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), f"{name} of {tag}"
        if name == "src":
            assert value.startswith("data:image/svg+xml;base64,")
        if name == "href":
            assert value.startswith("#") or (tag == "a" and value.startswith("https://doi.org/"))
    assert "url(" not in page
    assert "@import" not in page
    for picture in _pictures(page):
        assert "<script" not in picture
        assert not re.search(r'href="(?!#)', picture)


def test_page_is_accessible(page: str) -> None:
    reader = _read(page)
    assert ("html", "lang", "en") in reader.attributes
    assert "width=device-width" in page
    assert reader.tags.count("img") == sum(
        name == "alt" and len(value) > 30 for _, name, value in reader.attributes
    )
    assert (
        reader.tags.count("figure") == reader.tags.count("figcaption") == reader.tags.count("img")
    )
    assert reader.tags.count("table") == reader.tags.count("caption")
    scopes = [value for tag, name, value in reader.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == reader.tags.count("th")
    identifiers = [value for _, name, value in reader.attributes if name == "id"]
    assert len(identifiers) == len(set(identifiers))
    labels = {value for _, name, value in reader.attributes if name == "aria-labelledby"}
    assert labels <= set(identifiers)


def test_same_survey_gives_the_same_bytes(tmp_path: Path) -> None:
    survey = _small()
    first = sq.report(survey, tmp_path / "a.html", n_resamples=100).read_bytes()
    assert sq.report(_small(), tmp_path / "b.html", n_resamples=100).read_bytes() == first
    assert b"\r" not in first


def test_pyplot_is_left_alone(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    before = (plt.get_fignums(), dict(plt.rcParams))
    _page(_small(), tmp_path)
    assert (plt.get_fignums(), dict(plt.rcParams)) == before


def test_text_of_the_data_stays_text(tmp_path: Path) -> None:
    toml = (
        SMALL.replace('id = "small"', f'id = "small"\ntitle = "{ATTACK}"')
        + f'[[items]]\nnumber = 1\nlabel = "{ATTACK} $x$"\n'
    )
    toml = toml.replace("speed = [1, 2, 3]", f'speed = {{label = "{ATTACK}", items = [1, 2, 3]}}')
    n = 60
    survey = _small(
        n,
        instrument=sq.Instrument.from_toml(toml),
        columns={'"><b>': np.where(np.arange(n) % 2, ATTACK, '"><img src=x onerror=y>')},
        outcomes={f"{ATTACK}": ["SAT"]},
        groups=['"><b>'],
    )
    text = _page(survey, tmp_path, title=ATTACK, notice=f"{ATTACK} -->")
    reader = _read(text)
    assert "script" not in reader.tags
    assert reader.tags.count("img") == len(_pictures(text))
    assert not any(name.startswith("on") for _, name, _ in reader.attributes)
    assert sum(ATTACK in part for part in reader.text) > 10
    assert not any("<script" in picture or "<!--" in picture for picture in _pictures(text))


def test_other_scripts_are_drawn(tmp_path: Path) -> None:
    toml = SMALL.replace("speed = [1, 2, 3]", 'speed = {label = "신속성", items = [1, 2, 3]}')
    text = _page(_small(instrument=sq.Instrument.from_toml(toml)), tmp_path)
    assert "신속성" in text
    assert len(_pictures(text)) > 4


# ---- other surveys -------------------------------------------------------------------------------


def test_perceptions_only_get_means(tmp_path: Path) -> None:
    survey = sq.read_survey(
        sq.example_path("bank"),
        instrument="servperf",
        outcomes={"satisfaction": ["SAT*"]},
        groups=["branch"],
    )
    text = _page(survey, tmp_path)
    shown = _rows(text, "Perception of the dimensions")
    for dimension in survey.instrument.dimensions:
        moments = survey.moments([f"perception:{dimension.key}"])
        assert shown[dimension.label][:3] == [
            str(moments.n_obs),
            two(moments.mean[0]),
            two(moments.standard_deviation()[0]),
        ]
    assert "this survey has perception only" in text
    assert "Regression of satisfaction" in text
    assert "Hotelling" not in text


def test_without_outcomes_the_report_says_so(tmp_path: Path) -> None:
    text = _page(_small(outcomes=None), tmp_path)
    assert "No outcome such as satisfaction or loyalty was declared" in text
    assert "No importance points were given, and no outcome is there" in text
    assert "Gaps of the items" in text


def test_outcomes_can_be_left_out(tmp_path: Path) -> None:
    text = _page(_small(), tmp_path, outcomes=[])
    assert "asked to leave the outcomes out" in text
    assert "Regression of" not in text


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_respondents(n: int, tmp_path: Path) -> None:
    text = _page(_small(n), tmp_path)
    assert "Fewer than ten respondents stand behind these dimension gaps" in text
    assert "The regression of satisfaction is not shown" in text
    assert "Gaps of the items" in text
    assert "nan" not in re.sub(r"base64,[^\"]+", "", text).replace("is nan", "").replace(
        "are nan", ""
    )


def test_a_constant_item(tmp_path: Path) -> None:
    text = _page(_small(columns={"E2": 7.0}), tmp_path)
    assert "have the same answer from everybody" in text
    assert "Gaps of the items" in text
    assert "Regression of satisfaction" in text


def test_everything_constant(tmp_path: Path) -> None:
    columns = {f"{side}{item}": 4.0 for side in "EP" for item in range(1, 7)}
    text = _page(_small(columns=columns), tmp_path)
    assert "is not shown" in text
    assert "Data quality" in text


def test_a_gap_that_is_not_known_is_not_said_to_be_fine(tmp_path: Path) -> None:
    columns: dict[str, Any] = {f"P{item}": 7.0 for item in range(1, 4)}
    columns |= {f"E{item}": 7.0 - (np.arange(60) % 3) for item in range(1, 4)}
    columns |= {f"P{item}": np.nan for item in range(4, 7)}
    text = _page(_small(columns=columns), tmp_path)
    assert "no gap is negative" not in text
    assert "No dimension whose gap is known falls short." in text
    assert "Not known, because nobody answered enough of both sides: the gap of People." in text


def test_no_shortfall_is_said_only_of_gaps_that_are_all_known(tmp_path: Path) -> None:
    columns: dict[str, Any] = {f"P{item}": 7.0 for item in range(1, 7)}
    columns |= {f"E{item}": 7.0 - (np.arange(60) % (item + 1)) for item in range(1, 7)}
    text = _page(_small(columns=columns), tmp_path)
    assert "No dimension falls short: no gap is negative." in text
    assert "Not known" not in text


def test_a_shortfall_is_shown_beside_a_gap_that_is_not_known(tmp_path: Path) -> None:
    columns: dict[str, Any] = {f"P{item}": np.nan for item in range(4, 7)}
    survey = _small(columns=columns, importance=[40.0, 60.0])
    text = _page(survey, tmp_path)
    with pytest.warns(sq.SmallSampleWarning, match=r"people \(0\)"):
        gap = sq.gaps(survey).dimensions["gap"].iloc[0]
    assert gap < 0
    assert f"Speed</strong>: gap {two(gap)}" in text
    assert "Ranked by importance points × gap" in text
    assert "the gap of People." in text


def test_an_instrument_of_ones_own(tmp_path: Path) -> None:
    frame = pd.DataFrame(_answers(150, 24))
    survey = sq.Survey(
        frame, instrument=sq.Instrument.from_toml(KIOSK), outcomes={"satisfaction": "SAT"}
    )
    text = _page(survey, tmp_path)
    shown = _rows(text, "Gaps of the dimensions")
    assert len(shown) == 8
    assert shown["Security"][3].split()[0] == two(sq.gaps(survey).dimensions["gap"].iloc[6])
    assert len(_rows(text, "Gaps of the items")) == 24


@pytest.mark.parametrize("kind", [sq.FrequencyWeights, sq.SamplingWeights])
def test_weights(kind: Any, tmp_path: Path) -> None:
    columns = {"w": np.tile([1, 2, 3], 20)}
    survey = _small(columns=columns, weights=kind("w"))
    text = _page(survey, tmp_path)
    assert f'<p class="figure">{two(sq.gaps(survey).overall["gap"].iloc[0])}</p>' in text
    assert f"{survey.weight_kind} weights" in text


def test_more_groups_than_can_be_drawn(tmp_path: Path) -> None:
    survey = _small(columns={"shop": [f"s{place % 12}" for place in range(60)]}, groups=["shop"])
    text = _page(survey, tmp_path)
    assert "The groups are not drawn" in text
    assert "Welch&#39;s analysis of variance" in text


@pytest.mark.parametrize(("by", "compared"), [(None, "a"), ("b", "b"), ("", "")])
def test_groups_are_chosen(by: str | None, compared: str, tmp_path: Path) -> None:
    columns = {"a": ["x", "y"] * 30, "b": ["u"] * 30 + ["v"] * 30}
    text = _page(_small(columns=columns, groups=["a", "b"]), tmp_path, by=by)
    assert re.findall(r"<h3>Groups compared: (.)</h3>", text) == [*compared]


def test_three_columns_show_every_difference(tmp_path: Path) -> None:
    frame = pd.DataFrame(_answers(60, 6)).rename(columns=lambda name: name.replace("E", "D"))
    for item in range(1, 7):
        frame[f"M{item}"] = np.maximum(frame[f"D{item}"] - 1, 1)
    survey = sq.Survey(
        frame,
        instrument=sq.Instrument.from_toml(
            SMALL.replace(
                "[dimensions]", 'sides = ["perception", "minimum", "desired"]\n[dimensions]'
            )
        ),
        perception="P{item}",
        minimum="M{item}",
        desired="D{item}",
    )
    text = _page(survey, tmp_path)
    assert "Adequacy gaps of the dimensions" in text
    assert "perception − minimum" in text
    assert "perception − desired" in text


def test_progress_runs_over_all_outcomes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    survey = _small(outcomes={"one": ["SAT"], "two": ["SAT"]})
    _page(survey, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# ---- errors --------------------------------------------------------------------------------------


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(
        sq.OptionError, match=r"the folder '.*nowhere' does not exist. Make the folder first"
    ):
        sq.report(_small(), tmp_path / "nowhere" / "report.html")


def test_path_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(sq.OptionError, match=r"which is a folder. Add the name of a file"):
        sq.report(_small(), tmp_path)


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.html.docx"])
def test_only_html_is_written(name: str, tmp_path: Path) -> None:
    words = r"a report is an HTML file: let the name end in \.html, as in '.*\.html'"
    with pytest.raises(sq.OptionError, match=words):
        sq.report(_small(), tmp_path / name)
    assert not (tmp_path / name).exists()


def test_short_and_capital_suffixes_do(tmp_path: Path) -> None:
    for name in ("a.htm", "b.HTML"):
        assert sq.report(_small(), tmp_path / name, n_resamples=0).name == name


@pytest.mark.parametrize("path", [None, 3])
def test_path_is_no_path(path: Any) -> None:
    with pytest.raises(sq.OptionError, match=f"`path` is {path}, but must be the name of a file"):
        sq.report(_small(), path)


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    plain = _page(_small(), tmp_path, n_resamples=100, seed=2)
    assert _page(_small(), tmp_path, n_resamples=np.int64(100), seed=np.int64(2)) == plain


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outcomes": 3}, "`outcomes` is 3, but must be a list of names of outcomes, such as"),
        ({"outcomes": [["a"]]}, "`outcomes` is [['a']], but must be a list of names"),
        ({"n_resamples": 1e3}, "`n_resamples` is 1000.0, but must be a whole number from 0"),
        (
            {"outcomes": ["satisfation"]},
            "`outcomes` is 'satisfation', but must be one of \"satisfaction\"",
        ),
        ({"by": "branch"}, '`by` is "branch", but this survey has no grouping variables'),
        ({"by": ["a"]}, "compares the groups of one variable"),
        ({"conf_level": 95}, "`conf_level` is 95, but must be a number between 0 and 1"),
        ({"n_resamples": 10}, "`n_resamples` is 10, but limits of an interval need at least 100"),
        ({"seed": -1}, "`seed` is -1, but must be a whole number from 0"),
    ],
)
def test_options(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(sq.OptionError, match=re.escape(words)):
        sq.report(_small(), tmp_path / "report.html", **options)


def test_a_frame_is_no_survey(tmp_path: Path) -> None:
    with pytest.raises(
        sq.RowsRequiredError, match="`report` was given DataFrame, but needs respondents' answers"
    ):
        sq.report(pd.DataFrame(), tmp_path / "report.html")  # type: ignore[arg-type]


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_missing_package(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(
        sq.MissingDependencyError, match=rf"needs the package {package}.*servqual\[report\]"
    ):
        sq.report(_small(), tmp_path / "report.html")
