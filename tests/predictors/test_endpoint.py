"""A SageMaker endpoint through boto3, and which predictor a configuration stands for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import pytest

from analyzer.analysis_config import Predictor as Configured
from analyzer.errors import ConfigError, ContractError, PredictorFailed
from analyzer.predictors import endpoint
from analyzer.predictors.choice import choose
from analyzer.predictors.remote import Manners, RemotePredictor
from analyzer.predictors.request import Request
from tests.predictors.server import FEATURES, QUICK, ROWS, Answering, Served, failing, serving, summing

RUNTIME = "/endpoints/shop/invocations"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answering], Served]]:
    """A stand-in for SageMaker's runtime API, which boto3 calls as it would the real one."""
    with serving(summing, "") as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", served.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        endpoint._client.cache_clear()

        def answering(how: Answering) -> Served:
            served.answering = how
            return served

        yield answering
        endpoint._client(os.getpid(), 60.0).close()
        endpoint._client.cache_clear()


def sagemaker(manners: Manners = QUICK) -> RemotePredictor:
    return RemotePredictor(endpoint.EndpointTransport("shop", target_variant="blue"), manners=manners)


def test_an_endpoint_is_called_by_its_name(runtime: Callable[[Answering], Served]) -> None:
    served = runtime(summing)

    found = sagemaker().predict(FEATURES, ROWS)

    assert found[:, 0].tolist() == ROWS.sum(axis=1).tolist()
    assert {path for path, _, _ in served.requests} == {RUNTIME}
    headers = served.headers[0]
    assert headers["X-Amzn-SageMaker-Target-Variant"] == "blue"
    assert headers["X-Amzn-SageMaker-Inference-Id"].startswith(endpoint.INFERENCE_ID_PREFIX)


def refused(code: str, status: int, original: int | None = None) -> Answering:
    content = {"__type": code, "Message": "said the model", "OriginalStatusCode": original}
    return lambda _body, _kind: (status, "application/json", json.dumps(content).encode())


def test_a_throttled_endpoint_is_asked_again(runtime: Callable[[Answering], Served]) -> None:
    served = runtime(failing(2, 429))

    assert sagemaker().predict(FEATURES, ROWS[:1]).tolist() == [[1.0]]
    assert len(served.requests) == 3


@pytest.mark.parametrize(
    ("answer", "error", "expected"),
    [
        (refused("ValidationError", 400), ContractError, "refused .*ValidationError.*said the model"),
        (refused("ModelError", 424, 500), PredictorFailed, "in 3 tries: ModelError"),
        (refused("ModelError", 424, 400), ContractError, "refused .*ModelError"),
        (refused("ServiceUnavailable", 503), PredictorFailed, "in 3 tries: ServiceUnavailable"),
    ],
)
def test_errors_of_an_endpoint(
    runtime: Callable[[Answering], Served], answer: Answering, error: type[Exception], expected: str
) -> None:
    runtime(answer)

    with pytest.raises(error, match=expected):
        sagemaker().predict(FEATURES, ROWS[:1])


def test_an_answer_that_is_too_long_is_refused_at_once(
    runtime: Callable[[Answering], Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at the limit it would be an answer of fewer digits."""
    monkeypatch.setattr(endpoint, "LARGEST_ANSWER_BYTES", 1000)
    served = runtime(lambda _body, _kind: (200, "text/csv", b"1" * 1001))

    with pytest.raises(ContractError, match=r"1 row, and its answer is larger than 64 MiB.*Hint: .*smaller batch_rows"):
        sagemaker().predict(FEATURES, ROWS[:1])
    assert len(served.requests) == 1
    runtime(lambda _body, _kind: (200, "text/csv", b"0" * 999 + b"7"))
    assert sagemaker().predict(FEATURES, ROWS[:1]).tolist() == [[7.0]]


def asked(**options: object) -> object:
    return choose(Configured(**options), "shop")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, r"names no model\. Hint: set one of artifact, script, url, endpoint_name"),
        ({"model_name": "m"}, "model_name 'm' would need an endpoint of its own"),
        ({"url": "http://h/", "endpoint_name": "e"}, "names url and endpoint_name"),
        ({"url": "http://h/", "artifact": "m.json"}, "names artifact and url"),
        ({"endpoint_name": "shop"}, "is the endpoint whose traffic is analysed"),
        ({"url": "http://h/", "content_type": "image/png"}, "is not spoken"),
        ({"url": "http://h/", "custom_attributes": "a\nX-Evil: 1"}, "control characters"),
    ],
)
def test_configurations_that_cannot_work(options: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        asked(**options)


def test_no_predictor_at_all() -> None:
    with pytest.raises(ConfigError, match="there is no predictor"):
        choose(None)


def test_the_captured_endpoint_can_be_allowed() -> None:
    found = asked(endpoint_name="shop", allow_captured_endpoint=True, content_type="application/json")

    assert isinstance(found, RemotePredictor)
    assert found.request == Request("application/json")
