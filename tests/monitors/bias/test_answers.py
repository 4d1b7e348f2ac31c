"""Predictions that a model is asked for: a server, a script, a model file; as if they stood in the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.errors import AnalyzerError, ConfigError, ContractError, PlatformError, ScriptError
from tests.monitors.bias.jobs import CONFIG, analyse, notices, values, write_table
from tests.predictors.server import serving

HEADER = ("u", "v", "sex", "y")
FEATURES = HEADER[:3]
BASE = {key: value for key, value in CONFIG.items() if key not in ("predicted_label", "group_variable")}


def rows() -> list[list[Any]]:
    random = np.random.default_rng(4)
    return [[round(float(u), 3), round(float(v), 3), at % 2, int(u + v > 0)]
            for at, (u, v) in enumerate(random.normal(size=(120, 2)))]  # fmt: skip


def score(u: float, v: float, sex: float) -> float:
    return float(1 / (1 + np.exp(-(u + v + sex - 0.5))))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_table(tmp_path / "in", rows(), HEADER)


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, Any]:
    """Metrics of the same predictions in the data."""
    table = [[*row, int(score(*row[:3]) > 0.6)] for row in rows()]
    folder = write_table(tmp_path / "answered", table, (*HEADER, "p"))
    return values(analyse(tmp_path / "expected", folder, BASE | {"predicted_label": "p"}))


def numbers(body: bytes) -> list[float]:
    return [score(*map(float, line.split(b","))) for line in body.splitlines()]


def with_model(**predictor: Any) -> dict[str, Any]:
    return BASE | {"predictor": predictor, "probability_threshold": 0.6}


def test_scores_of_a_model_server(tmp_path: Path, source: Path, expected: dict[str, Any]) -> None:
    def answer(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        return 200, "text/csv", "\n".join(map(repr, numbers(body))).encode()

    with serving(answer) as served:
        found = analyse(tmp_path, source, with_model(url=served.url, content_type="text/csv"))

    assert values(found) == expected
    asked = b"\n".join(body for _, _, body in served.requests)
    assert b"y" not in asked
    assert len(asked.splitlines()[0].split(b",")) == len(FEATURES)


def test_labels_and_several_scores_of_a_model_server(tmp_path: Path, source: Path, expected: dict[str, Any]) -> None:
    """A label is taken as it is; of several scores the highest names the class."""

    def answer(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        found = [{"label": int(each > 0.6), "scores": [0.6, each]} for each in numbers(body)]
        return 200, "application/json", json.dumps({"predictions": found}).encode()

    for asked in ({"label": "predictions[*].label"}, {"probability": "predictions[*].scores"}):
        with serving(answer) as served:
            config = with_model(url=served.url, accept_type="application/json", **asked)
            assert values(analyse(tmp_path, source, config)) == expected


def test_a_script(tmp_path: Path, source: Path, expected: dict[str, Any]) -> None:
    (tmp_path / "model.py").write_text(
        "import numpy as np\n"
        "def load(path):\n    return 0.5\n"
        "def predict(batch, model=0.5):\n"
        "    u, v, sex = (np.asarray(batch[name], float) for name in ('u', 'v', 'sex'))\n"
        "    return 1 / (1 + np.exp(-(u + v + sex - 0.5)))\n"
    )

    assert values(analyse(tmp_path, source, with_model(script=str(tmp_path / "model.py")))) == expected


def test_text_features_reach_the_model_as_text(tmp_path: Path) -> None:
    table = [["abc"[at % 3], at % 2, int(at % 3 == 0)] for at in range(60)]
    folder = write_table(tmp_path / "in", table, ("town", "sex", "y"))

    def answer(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        return 200, "text/csv", b"\n".join(b"1" if line.startswith(b"a,") else b"0" for line in body.splitlines())

    with serving(answer) as served:
        found = analyse(tmp_path, folder, with_model(url=served.url))

    assert values(found)["AD"] == 0.0
    assert values(found)["DPPL"] == values(found, "pre_training")["DPL"]


def test_answers_that_are_no_numbers_are_missing_predictions(tmp_path: Path, source: Path) -> None:
    def answer(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        found = [repr(each) if each > 0.3 else "" for each in numbers(body)]
        return 200, "application/json", json.dumps([float(each) if each else None for each in found]).encode()

    with serving(answer) as served:
        found = analyse(tmp_path, source, with_model(url=served.url, accept_type="application/json"))

    lost = sum(score(*row[:3]) <= 0.3 for row in rows())
    assert f"{lost} of 120 rows have no usable prediction; they count as negative." in notices(found)


def failing(_body: bytes, _kind: str) -> tuple[int, str, bytes]:
    return 500, "text/plain", b"out of order"


def short(_body: bytes, _kind: str) -> tuple[int, str, bytes]:
    return 200, "text/csv", b"1\n1\n1"


@pytest.mark.parametrize(("answering", "error"), [(failing, PlatformError), (short, ContractError)])
def test_a_model_that_cannot_answer_ends_the_job_at_the_first_look(
    tmp_path: Path, source: Path, answering: Any, error: type[AnalyzerError]
) -> None:
    with serving(answering) as served, pytest.raises(error, match="Hint:"):
        analyse(tmp_path, source, with_model(url=served.url, retries=0))
    assert not (tmp_path / "out/analysis.json").exists()


def test_a_script_that_fails_says_where(tmp_path: Path, source: Path) -> None:
    (tmp_path / "model.py").write_text(
        "def load(path):\n    return 1\ndef predict(batch):\n    raise KeyError('town')\n"
    )

    with pytest.raises(ScriptError, match=r"model\.py.*town"):
        analyse(tmp_path, source, with_model(script=str(tmp_path / "model.py")))


def test_a_model_by_name_alone_is_refused_before_data_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model_name 'm'.*Hint:"):
        analyse(tmp_path, tmp_path / "absent", with_model(model_name="m"))


def test_no_model_is_asked_for_metrics_before_training(tmp_path: Path, source: Path) -> None:
    config = with_model(model_name="m") | {"methods": {"pre_training_bias": {"methods": "all"}}}

    assert values(analyse(tmp_path, source, config), "pre_training")["CI"] == 0.0


def test_no_model_is_asked_where_the_data_has_predictions(tmp_path: Path, expected: dict[str, Any]) -> None:
    found = analyse(tmp_path, tmp_path / "answered", with_model(model_name="m") | {"predicted_label": "p"})

    assert values(found) == expected
