"""Bad data, bad models and bad configurations: what is counted, and what ends the job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.errors import BaselineError, ConfigError, ContractError, ScriptError
from tests.jobs import CAPTURE
from tests.monitors.explainability.jobs import (
    BASELINE,
    NAMES,
    SHAP,
    baseline_of,
    explain,
    how_of,
    linear,
    rows,
    with_url,
    write_rows,
)
from tests.predictors.server import serving


def test_rows_with_text_among_numbers_are_rejected_and_counted(tmp_path: Path, model: Path) -> None:
    source = write_rows(tmp_path / "in", rows(20))
    with (source / "data.csv").open("a") as file:
        file.write("oops,0,0,0,0,0\n")

    found = explain(tmp_path / "out", source, {"methods": {"shap": SHAP}, "predictor": {"artifact": str(model)}})

    account = found.document("analysis.json")["analyzer"]
    assert account["rejected"] == {"row has text where the model takes numbers": 1}
    assert how_of(found)["rows"] == 20


def test_rows_of_which_the_model_gives_no_number_are_rejected_and_counted(tmp_path: Path) -> None:
    def serve(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        values = np.array([row.split(",") for row in body.decode().split("\n")], float)
        scores = np.where(values[:, 0] == rows()[3, 0], np.nan, values.sum(axis=1))
        return 200, "text/csv", "\n".join(map(repr, scores.tolist())).encode()

    with serving(serve) as served:
        found = explain(tmp_path / "out", write_rows(tmp_path / "in", rows(20)), with_url(served.url))

    assert found.document("analysis.json")["analyzer"]["rejected"] == {"the model gave no number": 1}
    assert "1 record rejected" in found.outcome.summary


def test_a_model_that_takes_one_row_at_a_time_is_asked_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def single(body: bytes, _kind: str) -> tuple[int, str, bytes]:
        return linear(body) if b"\n" not in body else (400, "text/plain", b"one row, please")

    with serving(single) as served:
        found = explain(tmp_path / "out", write_rows(tmp_path / "in", rows(3)), with_url(served.url, num_samples=12))

    assert "Fallback to per-record prediction because of model error." in caplog.text
    assert how_of(found)["rows"] == 3


def test_the_cost_is_told_before_and_can_be_limited(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = write_rows(tmp_path / "in", rows(10) + 0.001)
    with serving(lambda body, _kind: linear(body)) as served:
        caplog.set_level("INFO")
        explain(tmp_path / "out", source, with_url(served.url))
        assert "The model will be asked about 630 rows" in caplog.text  # 10 rows x (2^6 - 2 coalitions + itself)
        before = len(served.requests)
        with pytest.raises(
            ConfigError, match=r"max_calls: explaining 10 rows asks the model about 630 rows, more than 100"
        ):
            explain(tmp_path / "limited", source, with_url(served.url, max_calls=100))
        assert len(served.requests) - before <= 3


def test_an_empty_window_is_completed_and_says_so(tmp_path: Path, model: Path) -> None:
    config = {"methods": {"shap": SHAP}, "predictor": {"artifact": str(model)}}
    baseline = baseline_of(tmp_path, config)
    (tmp_path / "empty").mkdir()

    found = explain(tmp_path / "out", tmp_path / "empty", config, dataset_format=CAPTURE, baseline_constraints=baseline)

    assert found.outcome.message.startswith("Completed: Job completed successfully with no violations. No records")
    assert found.violations == []
    with pytest.raises(ContractError, match="holds no rows to learn a baseline from"):
        explain(tmp_path / "learnt", tmp_path / "empty", config, dataset_format=CAPTURE)


EDITED = '{"explanations": {"kernel_shap": {"l": {"global_shap_values": {"a": %s}, "expected_value": 1}}}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{broken", "is not JSON"),
        ("[]", "is not a Clarify analysis file"),
        ('{"features": []}', "holds data-quality constraints, expected a Clarify analysis"),
        ('{"explanations": {"pdp": []}}', r"holds no explanations\.kernel_shap"),
        (EDITED % '"x"', r"analysis.json at \$\.explanations\.kernel_shap\.l: Expected `float"),
        (EDITED % "1e999", "not finite|out of range"),
    ],
)
def test_baselines_of_another_kind_are_refused(tmp_path: Path, model: Path, text: str, expected: str) -> None:
    (tmp_path / "analysis.json").write_text(text)
    config = {"methods": {"shap": SHAP}, "predictor": {"artifact": str(model)}}

    with pytest.raises(BaselineError, match=expected):
        explain(tmp_path / "out", tmp_path, config, baseline_constraints=tmp_path / "analysis.json")


@pytest.mark.parametrize(
    ("shap", "error", "expected"),
    [
        ({"baseline": [[1, 2]]}, ConfigError, r"baseline\[0\]: it has 2 cells, the data has 6 features"),
        ({"baseline": [{"f0": 1}]}, ConfigError, r"baseline\[0\]: 'f1', 'f2'"),
        ({"baseline": []}, ConfigError, "it holds no row"),
        ({"baseline": [[[1]]]}, ConfigError, "expected a list of cells"),
        ({"baseline": BASELINE, "num_clusters": 2}, ConfigError, "baseline and num_clusters are both given"),
        ({"text_config": {}}, ConfigError, "text and images are not explained"),
        ({"features_to_explain": ["zz"]}, ConfigError, "'zz' is no feature"),
        ({"baseline": [["a"] * 6]}, ContractError, "Could not convert string to float"),
    ],
)
def test_configurations_that_do_not_fit(
    tmp_path: Path, model: Path, shap: dict[str, Any], error: type[Exception], expected: str
) -> None:
    config = {"methods": {"shap": shap}, "predictor": {"artifact": str(model)}}

    with pytest.raises(error, match=expected):
        explain(tmp_path / "out", write_rows(tmp_path / "in", rows(5)), config)


def test_a_model_of_other_features_is_refused(tmp_path: Path, model: Path) -> None:
    config = {"methods": {"shap": {"baseline": [[0, 0]]}}, "predictor": {"artifact": str(model)}}

    with pytest.raises(ContractError, match="the model has 6 features, the data has 2"):
        explain(tmp_path / "out", write_rows(tmp_path / "in", rows(5)[:, :2], NAMES[:2]), config)


def test_a_script_that_fails_ends_the_job_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "predictor.py").write_text("def predict(batch):\n    return 1 / 0\n")
    config = {"methods": {"shap": SHAP}, "predictor": {"script": str(tmp_path / "predictor.py")}}

    with pytest.raises(ScriptError, match=r"predictor\.py, line 2: ZeroDivisionError"):
        explain(tmp_path / "out", write_rows(tmp_path / "in", rows(5)), config)


def test_a_baseline_row_without_a_score_ends_the_job(tmp_path: Path) -> None:
    with (
        serving(lambda body, _kind: (200, "text/csv", b"\n".join([b"nan"] * (body.count(b"\n") + 1)))) as served,
        pytest.raises(ContractError, match="gives no number for a baseline row"),
    ):
        explain(tmp_path / "out", write_rows(tmp_path / "in", rows(5)), with_url(served.url))
