"""Options of a run: what does not fit into a variable, read from one YAML or JSON file.

Source: design.md 5 (`analyzer_config`).
"""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from analyzer import s3
from analyzer.errors import nearest

LARGEST_OPTIONS_BYTES = 1 << 20

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
Listed = Annotated[int, Meta(ge=0, le=10_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Position = Literal["START", "END"]
LabelChoice = Literal["latest", "all"]
Separator = Annotated[str, Meta(min_length=1, max_length=8)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contents of the file that `analyzer_config` names; null means not set."""

    quarantine_samples: Annotated[Listed, Meta(description="Rejected records that are listed")] = 100
    quarantine_excerpt: Annotated[Listed, Meta(description="Characters kept of each listed raw record")] = 0
    example_ids: Annotated[int, Meta(ge=0, le=10, description="Event ids given as examples of each violation")] = 5
    categories_limit: Annotated[Positive, Meta(description="Distinct texts up to which each one is listed")] = 120
    frequent_items: Annotated[Positive, Meta(description="Most frequent texts listed of every text column")] = 20
    distinct_exact: Annotated[Count, Meta(description="Distinct values counted exactly, then estimated")] = 10_000
    minimum_samples: Annotated[Positive | None, Meta(description="Drift of fewer present values is not judged")] = None
    rejected_share_warning: Annotated[Share, Meta(description="Share of rejected records that is warned of")] = 0.01
    rejected_share_failure: Annotated[Share | None, Meta(description="Share of rejected records that fails")] = None
    fail_on_empty: Annotated[bool, Meta(description="Fail when there is no record")] = False
    fail_on_violations: Annotated[bool, Meta(description="Exit code 10 on violations of severity error")] = False
    label_choice: Annotated[
        LabelChoice | None, Meta(description="Of several labels of one id: the latest counts, or all do")
    ] = None
    labels_per_id: Annotated[Positive, Meta(description="Labels of one id that count where all do")] = 100
    label_start_offset: Annotated[
        timedelta | None, Meta(description="Labels are read from this long after start_time on (ISO 8601 duration)")
    ] = None
    label_end_offset: Annotated[
        timedelta | None, Meta(description="Labels are read up to this long after end_time; no limit when absent")
    ] = None
    coverage_warning: Annotated[Share, Meta(description="Share of records with a label below which is warned")] = 0.5
    explode_requests: Annotated[bool, Meta(description="A captured request of several rows is several rows")] = True
    output_columns_position: Annotated[Position | None, Meta(description="START or END: where outputs are")] = None
    csv_header: Annotated[bool | None, Meta(description="CSV files have a header, whatever dataset_format says")] = None
    inference_id_columns: Annotated[bool, Meta(description="Last two CSV columns are inference id and time")] = False
    flatten_separator: Annotated[Separator, Meta(description="Text between the keys of nested JSON")] = "."
    flatten_limit: Annotated[Positive, Meta(description="Columns that nested JSON may become")] = 4096
    whole_numbers_are_integral: Annotated[bool, Meta(description="1.0 passes the type check as Integral")] = False
    check_after_type_violation: Annotated[bool, Meta(description="Judge drift although the type is wrong")] = False
    classes_limit: Annotated[
        int, Meta(ge=2, le=1000, description="Classes up to which a confusion matrix is counted")
    ] = 200
    curve_points: Annotated[int, Meta(ge=10, le=100_000, description="Points of a curve that are listed")] = 2000
    prediction_drift_threshold: Annotated[
        Share | None, Meta(description="Largest distance of predictions from the baseline")
    ] = 0.1
    attribution_drift_threshold: Annotated[Share, Meta(description="Smallest nDCG of attributions allowed")] = 0.9
    attribution_share_threshold: Annotated[
        Share | None, Meta(description="Largest change of a feature's share in all attributions")
    ] = 0.1
    max_record_bytes: Annotated[int, Meta(ge=1024, le=1 << 31, description="Longest record, in bytes")] = 67_108_864
    gzip_max_ratio: Annotated[Positive, Meta(description="Times that a gzip file may grow")] = 1000
    bias_groups: Annotated[
        int, Meta(ge=1, le=100_000, description="Groups of the group variable counted for CDDL and CDDPL")
    ] = 10_000
    bias_facet_values: Annotated[int, Meta(ge=1, le=1000, description="Values reported of a facet that names none")] = (
        100
    )
    bias_flip_test_rows: Annotated[Positive, Meta(description="Distinct rows up to which the flip test is exact")] = (
        50_000
    )
    bias_smallest_group: Annotated[Count, Meta(description="Rows below which a metric of bias carries a warning")] = 30
    bias_disjoint_intervals: Annotated[
        bool, Meta(description="A bias violation needs confidence intervals that do not overlap")
    ] = False


def read_options(path: str | None, problems: list[str]) -> Options:
    """Options of the file, defaults without one; what is wrong is added to the problems, all of it."""
    if path is None:
        return Options()
    is_json = path.endswith(".json")
    try:
        raw = _contents(path)
        named = msgspec.json.decode(raw) if is_json else msgspec.yaml.decode(raw)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        problems.append(f"analyzer_config={path!r}: cannot be read ({why}). Hint: it must be a YAML or JSON file.")
        return Options()
    if not isinstance(named, dict | None):
        problems.append(f"analyzer_config={path!r}: expected names and values, such as fail_on_empty: true.")
        return Options()
    values: dict[str, Any] = {
        name: _option(name, value, problems, strict=is_json) for name, value in (named or {}).items()
    }
    return Options() if problems else Options(**values)


def _option(name: object, value: object, problems: list[str], *, strict: bool) -> object:
    """The value in its type; YAML's numbers may be written as text (it reads 1e-2 as one)."""
    known = {option.name: option for option in msgspec.structs.fields(Options)}
    option = known.get(str(name))
    if option is None:
        problems.append(f"analyzer_config at $.{str(name)[:80]}: unknown option.{nearest(str(name)[:80], known)}")
        return None
    try:
        return msgspec.convert(value, option.type, strict=strict)
    except msgspec.ValidationError as error:
        problems.append(f"analyzer_config at $.{name}: {error}. Hint: the default is {option.default!r}.")
        return None


def _contents(path: str) -> bytes:
    if s3.is_remote(path):
        return s3.read(path, LARGEST_OPTIONS_BYTES)
    with Path(path).open("rb") as file:
        contents = file.read(LARGEST_OPTIONS_BYTES + 1)
    if len(contents) > LARGEST_OPTIONS_BYTES:
        raise OSError(errno.EFBIG, f"is larger than {LARGEST_OPTIONS_BYTES} bytes")
    return contents
