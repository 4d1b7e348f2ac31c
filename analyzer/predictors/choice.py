"""Choice: the predictor that a configuration asks for, checked before any data is read.

In this order of preference: a script, a model file, a model server, a SageMaker endpoint. Nothing is unpickled unless
the configuration names the file and trusts it.
"""

from __future__ import annotations

from analyzer.analysis_config import Predictor as Configured
from analyzer.errors import ConfigError
from analyzer.predictors.answer import Answer
from analyzer.predictors.artifact import open_forest
from analyzer.predictors.endpoint import EndpointTransport
from analyzer.predictors.http import TIMEOUT_SECONDS, HttpTransport
from analyzer.predictors.predictor import ForestPredictor, Predictor
from analyzer.predictors.remote import Manners, RemotePredictor, Transport
from analyzer.predictors.request import Request
from analyzer.predictors.script import ScriptPredictor

_SOURCES = ("artifact", "script", "url", "endpoint_name", "attributions")
_CSV = "text/csv"


def choose(configured: Configured | None, captured_endpoint: str | None = None) -> Predictor:
    """The predictor of a configuration; captured_endpoint: the one whose traffic is analysed, if it is known.

    Raises ConfigError when none is configured, two are, or the captured endpoint would be called; and what opening a
    model file raises.
    """
    if configured is None:
        raise _nothing("there is no predictor")
    named = [name for name in ("url", "endpoint_name") if getattr(configured, name)]
    local = [name for name in ("script", "artifact") if getattr(configured, name)]
    if len(named) > 1 or (named and local):
        both = " and ".join([*local, *named])
        raise ConfigError(f"predictor names {both}. Hint: name one model; a script may have an artifact that it loads.")
    if configured.script:
        return ScriptPredictor(configured.script, configured.artifact, configured.batch_rows or 65_536)
    if configured.artifact:
        forest = open_forest(configured.artifact, trust_pickle=configured.trust_pickle)
        return ForestPredictor(forest, configured.artifact)
    if not named:
        raise _nothing("predictor names no model" + _about_shadows(configured))
    return _remote(configured, captured_endpoint)


def _remote(configured: Configured, captured_endpoint: str | None) -> RemotePredictor:
    seconds = configured.timeout_seconds or TIMEOUT_SECONDS
    content_type = configured.content_type or _CSV
    manners = Manners(
        batch_rows=configured.batch_rows or Manners.batch_rows,
        concurrency=configured.concurrency or Manners.concurrency,
        retries=Manners.retries if configured.retries is None else configured.retries,
    )
    transport: Transport
    if configured.url:
        headers = {} if configured.custom_attributes is None else {_ATTRIBUTES: configured.custom_attributes}
        if any(not text.isprintable() for text in headers.values()):
            raise ConfigError("predictor.custom_attributes holds control characters. Hint: remove them.")
        transport = HttpTransport(configured.url, seconds, headers)
    else:
        transport = _endpoint(configured, captured_endpoint, seconds)
    place = configured.probability if configured.probability is not None else configured.label
    answer = Answer(configured.accept_type or content_type, place)
    request = Request(content_type, configured.content_template, configured.record_template)
    return RemotePredictor(transport, request, answer, manners)


def _endpoint(configured: Configured, captured_endpoint: str | None, seconds: float) -> EndpointTransport:
    name = configured.endpoint_name or ""
    if name == captured_endpoint and not configured.allow_captured_endpoint:
        raise ConfigError(
            f"predictor.endpoint_name {name!r} is the endpoint whose traffic is analysed: explaining it would load it, "
            "and its capture would take our questions for traffic. Hint: deploy a second one, or name the model file "
            '(predictor.artifact), or set "allow_captured_endpoint": true where it does not capture.'
        )
    return EndpointTransport(
        name, seconds, configured.target_model, configured.target_variant, configured.custom_attributes
    )


def _about_shadows(configured: Configured) -> str:
    if not configured.model_name:
        return ""
    return f": model_name {configured.model_name!r} would need an endpoint of its own, which is not started"


def _nothing(what: str) -> ConfigError:
    return ConfigError(
        f"analysis_config at $.predictor: {what}. Hint: set one of {', '.join(_SOURCES)} in predictor; "
        "see docs/reference/explainability.md."
    )


_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
