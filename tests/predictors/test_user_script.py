"""A user's predictor script: what it gets, what it may return, and how its failures read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.errors import ScriptError
from analyzer.predictors.rows import Features
from analyzer.predictors.script import ScriptPredictor

FEATURES = Features(("age", "work"), (None, ("gov", "private")))
ROWS = np.array([[39.0, 0.0], [np.nan, 1.0], [20.0, np.nan]])


def script(folder: Path, text: str, artifact: str | None = None) -> ScriptPredictor:
    path = folder / "predictor.py"
    path.write_text(text)
    return ScriptPredictor(str(path), artifact)


def test_it_gets_typed_columns_and_answers_one_number_a_row(tmp_path: Path) -> None:
    found = script(tmp_path, "def predict(batch):\n    return [len(str(row)) for row in batch.to_pylist()]").predict(
        FEATURES, ROWS
    )

    expected = [{"age": 39.0, "work": "gov"}, {"age": None, "work": "private"}, {"age": 20.0, "work": None}]
    assert found[:, 0].tolist() == [len(str(row)) for row in expected]


def test_load_gets_the_path_of_the_model_once_and_predict_its_result(tmp_path: Path) -> None:
    (tmp_path / "weight.txt").write_text("2.5")
    asked = script(
        tmp_path,
        "import numpy, pathlib\n"
        "def load(path):\n"
        "    print('loading', path)\n"
        "    return float(pathlib.Path(path).read_text())\n"
        "def predict(batch, model):\n"
        "    return numpy.asarray(batch['age'].fill_null(0)) * model\n",
        str(tmp_path / "weight.txt"),
    )

    assert asked.predict(FEATURES, ROWS)[:, 0].tolist() == [97.5, 0.0, 50.0]


@pytest.mark.parametrize(
    "answer",
    [
        "numpy.ones(len(batch))",
        "[[1, 2]] * len(batch)",
        "pyarrow.array([1.0] * len(batch))",
        "numpy.ones((len(batch), 1))",
    ],
)
def test_answers_may_be_anything_like_numbers(tmp_path: Path, answer: str) -> None:
    found = script(tmp_path, f"import numpy, pyarrow\ndef predict(batch):\n    return {answer}").predict(FEATURES, ROWS)

    assert found.shape[0] == 3
    assert found[0, 0] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def predict(batch):\n    return [1.0]", r"array of shape \(1, 1\) to 3 rows"),
        ("def predict(batch):\n    return 'high'", "what are no numbers|shape"),
        ("def predict(batch):\n    return None", "shape|no numbers"),
        ("def predict(batch):\n    return [[1, 2], [1], [1]]", "what are no numbers"),
        ("def predict(batch):\n    return batch['salary']", r"predictor\.py, line 2: KeyError"),
        ("def predict(batch):\n    raise SystemExit(3)", "line 2: SystemExit"),
        ("def predict(a, b, c):\n    return 1", "predict takes 3 arguments"),
        ("def forecast(batch):\n    return 1", "has no function predict; it defines forecast"),
        ("def load(path):\n    raise OSError('gone')\ndef predict(batch):\n    return 1", "line 2: OSError: gone"),
        ("def predict(batch)\n    return 1", "line 1"),
        ("import no_such_library", "ModuleNotFoundError"),
    ],
)
def test_failures_name_the_script_and_its_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ScriptError, match=expected):
        script(tmp_path, text).predict(FEATURES, ROWS)


def test_answers_of_different_widths_do_not_mix(tmp_path: Path) -> None:
    asked = script(tmp_path, "def predict(batch):\n    return [[1] * len(batch)] * len(batch)")
    narrow = ScriptPredictor(asked.path, batch_rows=2)

    with pytest.raises(ScriptError, match="one number to some rows and several to others"):
        narrow.predict(FEATURES, ROWS)


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be loaded"):
        ScriptPredictor(str(tmp_path / "absent.py")).predict(FEATURES, ROWS)
