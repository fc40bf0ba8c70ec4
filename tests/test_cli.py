"""The command line, as a process of its own would run it."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import servqual as sq
from servqual.cli import main


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    path = tmp_path / "bank.csv"
    shutil.copy(sq.example_path("bank"), path)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command line in this process; give its status, output and errors on one line each."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    captured = capsys.readouterr()
    status = stopped.value.code
    assert isinstance(status, int | None)
    return status or 0, captured.out, captured.err


def flat(text: str) -> str:
    """Undo the wrapping and the frame that the terminal adds."""
    return re.sub(r"[\s│╭╮╰╯─]+", " ", text)


def test_gaps_prints_a_table_and_says_what_it_assumed(
    capsys: pytest.CaptureFixture[str], bank: Path
) -> None:
    status, out, err = run(capsys, "gaps", str(bank))
    assert status == 0
    assert err == ""
    assert out.startswith("No instrument was named, so the columns are taken as SERVQUAL 1991")
    assert "tangibles 1–4, reliability 5–9, responsiveness 10–13" in flat(out)
    assert "--instrument" in out
    # Outcomes are no part of gaps, so nothing is said of them.
    assert "Outcomes" not in out
    expected = sq.gaps(sq.load_example("bank")).dimensions.set_index("dimension")
    for dimension, gap in expected["gap"].items():
        assert re.search(rf"{dimension} .*{gap:.2f}".replace("-", "−"), out)


def test_a_named_instrument_is_not_announced(
    capsys: pytest.CaptureFixture[str], bank: Path
) -> None:
    _, out, _ = run(capsys, "gaps", str(bank), "--instrument", "servqual-1991")
    assert "No instrument was named" not in out


def test_gaps_by_a_column_that_looks_like_an_outcome(
    capsys: pytest.CaptureFixture[str], bank: Path
) -> None:
    status, out, err = run(capsys, "gaps", str(bank), "--by", "SAT1", "--format", "csv")
    assert (status, "Error" in err) == (0, False)
    assert pd.read_csv(io.StringIO(out))["SAT1"].nunique() > 1


def test_report_leaves_text_outcomes_and_groups_out(
    capsys: pytest.CaptureFixture[str], bank: Path, tmp_path: Path
) -> None:
    pd.read_csv(bank).assign(recommend="gladly").to_csv(bank, index=False)
    target = str(tmp_path / "bank.html")
    status, out, err = run(capsys, "report", str(bank), "-o", target, "--group", "SAT1")
    assert (status, "Error" in err) == (0, False)
    assert "The outcome 'recommend' was found (recommend), but recommend holds text" in flat(out)
    assert "Outcomes: satisfaction = SAT2, SAT3; loyalty = LOY1, LOY2, LOY3" in flat(out)


def test_csv_output_is_the_frame(capsys: pytest.CaptureFixture[str], bank: Path) -> None:
    status, out, err = run(capsys, "gaps", str(bank), "--level", "items", "--format", "csv")
    assert status == 0
    assert "No instrument was named" in err  # what another program reads stays clean
    read = pd.read_csv(io.StringIO(out))
    expected = sq.gaps(sq.load_example("bank")).items
    pd.testing.assert_frame_equal(read, expected, rtol=1e-15, check_dtype=False)


def test_json_output_is_the_result(capsys: pytest.CaptureFixture[str], bank: Path) -> None:
    _, out, _ = run(
        capsys, "gaps", str(bank), "-i", "servqual-1991", "--format", "json", "--by", "branch"
    )
    stored = json.loads(out)
    survey = sq.read_survey(bank, instrument="servqual-1991", groups=["branch"], outcomes="find")
    assert stored == json.loads(sq.gaps(survey, by="branch").to_json())


def test_report_is_written(capsys: pytest.CaptureFixture[str], bank: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.html"
    status, out, _ = run(
        capsys, "report", str(bank), "-o", str(target), "--group", "branch", "--title", "A < B"
    )
    assert status == 0
    assert str(target) in out.replace("\n", "")
    page = target.read_text(encoding="utf-8")
    assert "A &lt; B" in page
    assert "No instrument was named" in page


def test_own_instrument_and_named_outcomes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = pd.DataFrame(
        {
            **{f"E{number}": [5, 4, 5, 3, 5, 4] for number in (1, 2)},
            "P1": [4, 4, 3, 3, 5, 2],
            "P2": [3, 4, 4, 2, 5, 1],
            "happy": [3, 4, 3, 2, 5, 1],
        }
    )
    frame.to_csv(tmp_path / "cafe.csv", index=False)
    (tmp_path / "cafe.toml").write_text("scale = [1, 5]\n[dimensions]\ncoffee = [1, 2]\n")
    status, out, err = run(
        capsys,
        "report",
        str(tmp_path / "cafe.csv"),
        "-i",
        str(tmp_path / "cafe.toml"),
        "--outcome",
        "happiness=happy",
        "-o",
        str(tmp_path / "cafe.html"),
    )
    assert status == 0, err
    assert "Outcomes: happiness = happy" in out
    page = (tmp_path / "cafe.html").read_text(encoding="utf-8")
    assert "Fewer than ten respondents" in page


def test_problems_come_in_one_block_without_a_traceback(
    capsys: pytest.CaptureFixture[str], bank: Path
) -> None:
    frame = pd.read_csv(bank)
    frame.loc[0, "E1"] = 8
    frame["P3"] = frame["P3"].astype(object)
    frame.loc[1, "P3"] = "good"
    frame.drop(columns="P7").to_csv(bank, index=False)
    status, out, err = run(capsys, "gaps", str(bank))
    assert status == 2
    assert out == ""
    assert "Traceback" not in err
    assert "P7" in err
    assert "'good'" in err
    assert "lies outside the 1–7 scale" in flat(err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gaps", "nowhere.csv"), "nowhere.csv"),
        (("gaps", "FILE", "--level", "dimension"), '"dimensions", "items", "overall"'),
        (("gaps", "FILE", "--format", "xml"), '"table", "csv", "json"'),
        (("gaps", "FILE", "-i", "servqual-1992"), "servqual-1991"),
        (("gaps", "FILE", "-i", "nowhere.toml"), "nowhere.toml"),
        (("gaps", "FILE", "--by", "brunch"), "branch"),
        (("gaps", "FILE", "--conf-level", "95"), "between 0 and 1"),
        (("report", "FILE", "--outcome", "satisfaction"), "NAME=COLUMN,COLUMN"),
        (("report", "FILE", "--outcome", "s=SATT1"), "SAT1"),
        (("instruments", "servqal-1991"), "servqual-1991"),
    ],
)
def test_wrong_input_has_status_2(
    capsys: pytest.CaptureFixture[str], bank: Path, arguments: tuple[str, ...], words: str
) -> None:
    given = [str(bank) if argument == "FILE" else argument for argument in arguments]
    status, _, err = run(capsys, *given)
    assert status == 2
    assert words in flat(err)


def test_unknown_option_has_status_2(capsys: pytest.CaptureFixture[str], bank: Path) -> None:
    status, _, err = run(capsys, "gaps", str(bank), "--colour", "red")
    assert status == 2
    assert "--colour" in err


def test_instruments(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "instruments")
    assert status == 0
    for name in sq.list_instruments():
        assert name in out
    _, toml, _ = run(capsys, "instruments", "servqual-1988")
    assert sq.Instrument.from_toml(toml) == sq.instrument("servqual-1988")


def test_demo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    status, out, err = run(capsys, "demo", "-o", str(target))
    assert status == 0
    assert err == ""
    assert target.stat().st_size > 50_000
    assert len([line for line in out.splitlines() if re.match(r"\S", line)]) >= 10
    assert "Overall gap" in out
    assert str(target) in out.replace("\n", "")


@pytest.mark.parametrize("command", ["report", "gaps", "instruments", "demo"])
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, out, _ = run(capsys, command, "--help")
    assert status == 0
    assert f"servqual {command}" in out.split("Usage", 1)[1].split("\n", 1)[1]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version")[:2] == (0, f"servqual {sq.__version__}\n")


def test_without_typer_the_message_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['typer'] = None\n"
        "from servqual.cli import main\n"
        "main(['instruments'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "pip install 'servqual[report]'" in done.stderr
    assert "Traceback" not in done.stderr
