"""Models behind real connections: batches, faults, patience; a SageMaker endpoint through boto3."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from analyzer.batch import Floats
from analyzer.errors import ConfigError, ContractError, PredictorFailed
from analyzer.predictors.http import HttpTransport, close_connections
from analyzer.predictors.remote import Manners, RemotePredictor
from analyzer.predictors.rows import Features
from tests.predictors.server import FEATURES, QUICK, ROWS, Served, failing, serving, summing


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_connections()


@pytest.fixture
def model() -> Iterator[Served]:
    with serving(summing) as served:
        yield served


def predictor(served: Served, manners: Manners = QUICK, **options: float) -> RemotePredictor:
    return RemotePredictor(HttpTransport(served.url, **options), manners=manners)  # type: ignore[arg-type]


def test_rows_are_sent_in_batches_and_answers_come_back_in_order(model: Served) -> None:
    found = predictor(model).predict(FEATURES, ROWS)

    assert found.tolist() == ROWS.sum(axis=1, keepdims=True).tolist()
    assert sorted(body.count(b"\n") + 1 for _, _, body in model.requests) == [2, 4, 4]
    assert {(path, kind) for path, kind, _ in model.requests} == {("/invocations", "text/csv")}


def test_connections_are_used_again(model: Served) -> None:
    asked = predictor(model)
    for _ in range(5):
        asked.predict(FEATURES, ROWS[:2])

    assert len(model.requests) == 5
    assert {headers["Connection"] for headers in model.headers} == {"keep-alive"}


def test_a_connection_the_server_closed_meanwhile_is_replaced_without_a_pause() -> None:
    """A server that promises to keep connections and closes each after one answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    accepted.append(connection.recv(65_536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1\r\n\r\n7")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/invocations"
        asked = RemotePredictor(HttpTransport(url), manners=Manners(retries=0))

        assert [asked.predict(FEATURES, ROWS[:1]).tolist() for _ in range(2)] == [[[7.0]], [[7.0]]]
        thread.join(5)
    assert len(accepted) == 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_tried_again(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with serving(failing(2, status)) as served:
        found = predictor(served).predict(FEATURES, ROWS[:2])

        assert found.tolist() == [[1.0], [5.0]]
        assert len(served.requests) == 3
    assert f"status {status}" in caplog.text
    assert "abc123" not in caplog.text


def test_a_failure_that_stays_is_told_with_the_number_of_tries() -> None:
    with (
        serving(failing(99, 503)) as served,
        pytest.raises(PredictorFailed, match=r"no answer to a request of 2 rows in 3 tries: status 503 .*Hint"),
    ):
        predictor(served).predict(FEATURES, ROWS[:2])
    assert len(served.requests) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 415, 422, 501, 505, 507])
def test_a_refusal_is_not_repeated(status: int) -> None:
    with (
        serving(failing(99, status)) as served,
        pytest.raises(ContractError, match=rf"refused a request of 2 rows: status {status} .*content_type"),
    ):
        predictor(served).predict(FEATURES, ROWS[:2])
    assert len(served.requests) == 1


def test_a_slow_model_is_given_up() -> None:
    with serving(summing) as served:
        served.delays = [5.0] * 3
        with pytest.raises(PredictorFailed, match=r"no answer within 0\.1 s"):
            predictor(served, Manners(retries=1, pause_seconds=0.01), timeout_seconds=0.1).predict(FEATURES, ROWS)
        assert len(served.requests) == 2


def test_a_slow_model_that_recovers_is_asked_again() -> None:
    with serving(summing) as served:
        served.delays = [1.0]
        found = predictor(served, QUICK, timeout_seconds=0.3).predict(FEATURES, ROWS[:1])

    assert found.tolist() == [[1.0]]


@pytest.mark.parametrize(("asked", "kept"), [("7", 7.0), ("3600", 30.0)])
def test_the_pause_the_server_asks_for_is_kept(monkeypatch: pytest.MonkeyPatch, asked: str, kept: float) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("analyzer.predictors.remote.sleep", pauses.append)
    with serving(failing(1, 429)) as served:
        served.retry_after = asked
        predictor(served).predict(FEATURES, ROWS[:1])

    assert pauses == [kept]


def test_an_answer_that_is_too_long_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.predictors.http.LARGEST_ANSWER_BYTES", 1000)
    with (
        serving(lambda _body, _kind: (200, "text/csv", b"1" * 1001)) as served,
        pytest.raises(ContractError, match=r"2 rows, and its answer is larger than 64 MiB.*Hint: .*smaller batch_rows"),
    ):
        predictor(served).predict(FEATURES, ROWS[:2])
    assert len(served.requests) == 1


def test_pauses_grow() -> None:
    pauses: list[float] = []
    with pytest.MonkeyPatch.context() as patch, serving(failing(99, 503)) as served:
        patch.setattr("analyzer.predictors.remote.sleep", pauses.append)
        with pytest.raises(PredictorFailed):
            predictor(served, Manners(retries=4, pause_seconds=1.0)).predict(FEATURES, ROWS[:1])

    assert len(pauses) == 4
    assert all(0.75 <= pause / 2**at <= 1.25 for at, pause in enumerate(pauses))


def test_too_large_a_request_is_halved() -> None:
    def picky(body: bytes, kind: str) -> tuple[int, str, bytes]:
        return (413, "text/plain", b"too large") if body.count(b"\n") > 1 else summing(body, kind)

    with serving(picky) as served:
        found = predictor(served).predict(FEATURES, ROWS)

    assert found[:, 0].tolist() == ROWS.sum(axis=1).tolist()


def test_redirections_are_not_followed() -> None:
    with (
        serving(lambda _body, _kind: (302, "text/plain", b"elsewhere")) as served,
        pytest.raises(ContractError, match="redirections are not followed"),
    ):
        predictor(served).predict(FEATURES, ROWS[:1])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"0.1", r"shape \(1, 1\) to 3 rows"),
        (b"0.1\n0.2\n0.3\n0.4", r"shape \(4, 1\) to 3 rows"),
        (b"<html>fine</html>", "no number"),
        (b"", r"to 3 rows"),
    ],
)
def test_an_answer_of_another_shape_is_an_error_of_the_request(answer: bytes, expected: str) -> None:
    with (
        serving(lambda _body, _kind: (200, "text/csv", answer)) as served,
        pytest.raises(ContractError, match=expected),
    ):
        predictor(served).predict(FEATURES, ROWS[:3])


def test_answers_that_are_no_numbers_come_back_as_nan() -> None:
    with serving(lambda _body, _kind: (200, "text/csv", b"0.1\nNaN\n")) as served:
        found = predictor(served).predict(FEATURES, ROWS[:2])

    assert np.isnan(found[1, 0])


def test_rows_answered_with_one_number_and_with_several_do_not_mix() -> None:
    def moody(body: bytes, kind: str) -> tuple[int, str, bytes]:
        del kind
        rows = body.count(b"\n") + 1
        return 200, "text/csv", b"\n".join([b"1,2" if rows == 4 else b"1"] * rows)

    with serving(moody) as served, pytest.raises(ContractError, match="one number to some rows and several"):
        predictor(served).predict(FEATURES, ROWS)


@pytest.mark.parametrize(
    "url",
    ["localhost:8080/invocations", "ftp://h/x", "http://", "http://h:99999/x", "file:///etc/passwd", "http://h/ x"],
)
def test_addresses_of_no_model_server_are_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a model server"):
        HttpTransport(url)


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match="holds a user name or password") as caught:
        HttpTransport("http://user:hunter2@host/invocations")
    assert "hunter2" not in str(caught.value)


def test_the_wide_batch_is_cut_by_bytes(model: Served) -> None:
    wide = Features(tuple(f"c{at}" for at in range(200)), (None,) * 200)
    rows: Floats = np.full((100, 200), 0.123456789012)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analyzer.predictors.remote.BATCH_BYTES", 50_000)
        found = predictor(model, Manners()).predict(wide, rows)

    assert np.allclose(found, 200 * 0.123456789012)
    assert max(len(body) for _, _, body in model.requests) <= 50_000
