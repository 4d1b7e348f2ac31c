"""Analysis: the monitor that a job asks for, imported only when it is; the others may need what is not installed."""

from __future__ import annotations

from analyzer.errors import ConfigError
from analyzer.job import Job, Outcome
from analyzer.log import Progress


def run(job: Job, progress: Progress) -> Outcome:
    """Carry out a job by its analysis_type and write its documents. Raises AnalyzerError."""
    if job.analyzer_checks and job.analysis_type not in ("DATA_QUALITY", "MODEL_QUALITY"):
        raise ConfigError(
            f"analyzer_checks: {job.analysis_type} evaluates none. Hint: use DATA_QUALITY or MODEL_QUALITY."
        )
    if job.analysis_type == "MODEL_QUALITY":
        from analyzer.monitors.model_quality import run as model_quality  # noqa: PLC0415

        return model_quality(job, progress)
    if job.analysis_type == "MODEL_BIAS":
        from analyzer.monitors.bias import run as bias  # noqa: PLC0415

        return bias(job, progress)
    if job.analysis_type == "MODEL_EXPLAINABILITY":
        from analyzer.monitors.explainability import run as explainability  # noqa: PLC0415

        return explainability(job, progress)
    if job.analysis_type == "SUGGEST_CHECKS":
        from analyzer.monitors.suggesting import run as suggesting  # noqa: PLC0415

        return suggesting(job, progress)
    if job.analysis_type == "MERGE":
        from analyzer.monitors.merge import run as merge  # noqa: PLC0415

        return merge(job, progress)
    from analyzer.monitors.data_quality import run as data_quality  # noqa: PLC0415

    return data_quality(job, progress)
