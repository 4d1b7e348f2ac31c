"""Opening: the data of a bias job with its columns found, and a model's answers beside them where one is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from analyzer.dataset_format import DatasetFormat
from analyzer.errors import ConfigError
from analyzer.job import Job
from analyzer.monitors.bias.columns import Columns, Finder, without_rows
from analyzer.monitors.bias.request import Request
from analyzer.monitors.inputs import Input, open_input
from analyzer.predictors.predictor import Predictor
from analyzer.sources.glance import extracting, first_columns
from analyzer.views.bias_metrics import POST


@dataclass(frozen=True)
class Opened:
    """An input ready to be scanned, and where it holds what the request asks for."""

    given: Input
    columns: Columns


def open_data(job: Job, request: Request) -> Opened:
    """The data of a job; ConfigError when a column cannot be found, errors of the predictor when it cannot answer."""
    predictor = _predictor(job, request)
    found = _located(job, request, _opened(job, request))
    if predictor is not None and request.config.predictor is not None and found.columns.predicted is None:
        from analyzer.monitors.bias.answers import answered  # noqa: PLC0415 - loads slowly, and few jobs need it

        found = Opened(*answered(found.given, found.columns, predictor, request.config.predictor))
    if found.columns.predicted is None and request.predictions_wanted and found.columns.features:
        raise ConfigError(
            "analysis_config at $.methods.post_training_bias: the data has no predictions. Hint: name their column in "
            "predicted_label, inference_attribute or probability_attribute, or a model in predictor."
        )
    return found


def _predictor(job: Job, request: Request) -> Predictor | None:
    """The model that is asked where the data has no predictions; its ConfigErrors come before any data is read."""
    if not request.asks_model or not request.metrics[POST]:
        return None
    if job.ground_truth_source or (job.dataset_format is not None and job.dataset_format.kind in ("capture", "merge")):
        return None  # captured records have predictions of their own
    from analyzer.predictors.choice import choose  # noqa: PLC0415 - as above

    return choose(request.config.predictor, job.sagemaker_endpoint_name)


def _opened(job: Job, request: Request) -> Input:
    """The data; headers name the columns of CSV files that do not, told by their first line."""
    form = job.dataset_format
    if form is None and not job.ground_truth_source:
        from analyzer.monitors.explainability.opening import format_of  # noqa: PLC0415 - as above

        form = format_of(job, request.config.dataset_type)
    headers = request.headers or None
    given = open_input(replace(job, dataset_format=form), headers, apart=True)
    if form is None or form.kind != "csv" or not form.header or not headers or job.dataset_format is not None:
        return given
    if set(headers) <= set(first_columns(given.source)):
        return given
    return open_input(replace(job, dataset_format=DatasetFormat("csv", header=False)), headers, apart=True)


def _located(job: Job, request: Request, given: Input) -> Opened:
    """The columns of the request, and the input that has them."""
    names = first_columns(given.source)
    if not names:
        return Opened(given, without_rows(request))
    finder = Finder(request, names, job.options.flatten_separator)
    if finder.extracts:
        wanted = extracting(given.source, finder.extracts)
        found = first_columns(wanted)
        if found:  # otherwise what was found does not fit the other side of the records
            given, finder = replace(given, source=wanted), replace(finder, columns=found)
    return Opened(given, finder.found)
