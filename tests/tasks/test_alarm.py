"""task.input: a file of the user's, unit by unit, against the run's own test part."""

import csv
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from ar_lab.tasks.units import lines_of
from tests.tasks.conftest import QUICK, SMALL, result

TEXT = "".join(f"the {'quick' if i % 3 else 'lazy'} dog number {i} sleeps\n" for i in range(400))


def alarms(run) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "score/alarms.csv").read_text().splitlines()))


def test_digits_of_an_npz_are_reported_at_about_the_rate_and_noise_is_always(lab, tmp_path):
    run = lab(*SMALL["pixelcnn"], *QUICK, "trainer.max_steps=40")
    digits = load_digits().images.astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 17, (20, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "new.npz", images=np.concatenate([digits[:300], noise]))
    lab("task=score", f"run={run}", f"task.input={tmp_path}/new.npz", "task.alarm_rate=0.05", "task.by=likelihood")
    rows = alarms(run)
    assert [row["where"] for row in rows[:2]] == ["image 0", "image 1"]
    assert all(int(row["alarm"]) for row in rows[300:])
    assert 1 <= sum(int(row["alarm"]) for row in rows[:300]) <= 40
    found = result(run / "score")["metrics"]
    assert (found["alarm/units"], found["alarm/held_out"]) == (320, 360)


def test_lines_that_are_unlike_the_text_are_marked_and_empty_ones_are_none(lab, tmp_path, capfd):
    (tmp_path / "own.txt").write_text(TEXT)
    own = ["data=text", "data.path=own.txt", "data.context=16", "data.test=0.4"]
    run = lab(*SMALL["charrnn"], *QUICK, *own, "trainer.max_steps=60")
    (tmp_path / "new.txt").write_text("the quick dog number 9 sleeps\n\n<ZQX!> §§ <b>\nthe lazy dog number 3 sleeps")
    lab("task=score", f"run={run}", "task.input=new.txt", "task.alarm_rate=0.02")
    assert [(row["where"], row["alarm"]) for row in alarms(run)] == [("line 1", "0"), ("line 3", "1"), ("line 4", "0")]
    page = (run / "score/alarms.html").read_text()
    HTMLParser().feed(page)
    assert page.count("<mark") == 1
    assert "&lt;ZQX!&gt; §§ &lt;b&gt;</mark>" in page
    lab("task=score", f"run={run}", "task.input=new.txt", "task.unit=window", "task.alarm_rate=0.2")
    lab("task=score", f"run={run}", "task.input=new.txt", "task.alarm_rate=0.001", code=2)
    assert "task.alarm_rate=0.001: the lines of the test part, 1" in capfd.readouterr().err


def test_rows_go_by_the_names_of_their_columns(lab, tmp_path, capfd):
    model = ["data=table", "data.only=[benign]", "model=charrnn", "model.hidden=8", "trainer.max_steps=20"]
    run, known = lab(*QUICK, *model), load_breast_cancer()
    order = np.random.default_rng(0).permutation(30)
    lines = [",".join(known.feature_names[order]), *(",".join(map(str, row[order])) for row in known.data[:40])]
    (tmp_path / "new.csv").write_text("\n".join(lines))
    lab("task=score", f"run={run}", "task.input=new.csv", "task.alarm_rate=0.1")
    np.savez(tmp_path / "new.npz", rows=known.data[:40], columns=known.feature_names)
    lab("task=score", f"run={run}", "task.input=new.npz", "task.alarm_rate=0.1")
    of_csv, of_npz = (run / "score/alarms.csv").read_text(), (run / "score_2/alarms.csv").read_text()
    assert of_csv == of_npz
    refused = {
        "task.by=typical": "task.by=typical: a row has the scores likelihood, typicality; did you mean typicality?",
        "task.unit=line": "task.unit=line: is of text",
        "task.input=none.csv": "no such file",
    }
    for option, message in refused.items():
        lab("task=score", f"run={run}", "task.input=new.csv", "task.alarm_rate=0.1", option, code=2)
        assert message in capfd.readouterr().err


@pytest.mark.parametrize(("text", "lines"), [("", []), ("\n\n", []), ("a\n\nbc", ["a", "bc"]), (b"\nab\n", [b"ab"])])
def test_lines_are_what_lies_between_breaks(text, lines):
    assert [text[begin:end] for begin, end in lines_of(text)] == lines
