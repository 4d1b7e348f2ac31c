"""Parity: our scan and Deequ's profiler and analyzers on the same cells, generated to be awkward.

Every statistic that both define agrees: to the bit where it is counted or sketched (one split is one partition), within
1e-9 where floating sums are added in another order. What differs on purpose stands in docs/differences.md, and here.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analyzer.fold import Scan, fold_batches
from analyzer.monitors.data_quality.profile import Profile, Profiling
from analyzer.options import Options
from analyzer.reports import document
from analyzer.sources.table import TableSource

pytestmark = [pytest.mark.deequ, pytest.mark.timeout(900)]
ROWS = 5000  # beyond the exact range of the sketches


def awkward() -> pa.Table:
    """Columns of text cells: nulls, ties, unicode, extreme numbers, mixed types."""
    random = np.random.default_rng(20)
    normal = random.normal(size=ROWS)
    ties = random.integers(0, 6, ROWS)
    kinds = ["12", "-3.5", "true", "word", " 7", "1e5", "TRUE", "", "1,000", "٣"]
    columns: dict[str, list[str | None]] = {
        "normal": [repr(float(value)) for value in normal],
        "ties": [str(value) for value in ties],
        "nulls": [None if at % 3 else repr(float(normal[at])) for at in range(ROWS)],
        "tiny": [repr(float(value) * 1e-300) for value in normal],
        "huge": [repr(float(value) * 1e300) for value in normal],
        "wide": [str(int(value * 1e12)) for value in normal],
        "constant": ["7"] * ROWS,
        "flags": ["true" if value else "false" for value in ties],
        "unicode": [
            None if at % 50 == 0 else ["größe", "日本", "🎈", "a'b", "x" * 300][ties[at] % 5] for at in range(ROWS)
        ],
        "many": [f"id-{at}" for at in range(ROWS)],
        "mixed": [kinds[value % len(kinds)] for value in random.integers(0, 100, ROWS)],
        "nothing": [None] * ROWS,
    }
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


NUMERIC = ("normal", "ties", "nulls", "tiny", "huge", "wide", "constant")
TEXTUAL = ("flags", "unicode", "many", "mixed")


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    """Features of our statistics in strict mode, where Deequ's own estimates are repeated."""
    source, profiling = TableSource(awkward()), Profiling(Options(), strict=True)
    scan = Scan.of(profiling.folds)
    (split,) = source.splits()
    results = scan.result(fold_batches(scan, source.batches(split)))
    statistics = json.loads(document.render(Profile(results, profiling).statistics()))
    return {feature["name"]: feature for feature in statistics["features"]}


@pytest.fixture(scope="module")
def theirs(session: Any) -> dict[str, Any]:
    """Deequ's profiles with KLL, of the same cells in one partition."""
    from analyzer.checks.deequ import Deequ  # noqa: PLC0415 - needs pyspark
    from analyzer.engines.spark_frame import FrameColumn, frame  # noqa: PLC0415 - the same

    deequ, table = Deequ(session), awkward()
    rows = frame(TableSource(table), [FrameColumn(name, name, "string") for name in table.column_names], session)
    assert rows.rdd.getNumPartitions() == 1
    from pydeequ.profiles import ColumnProfilerRunner  # noqa: PLC0415 - wants SPARK_VERSION, which Deequ sets

    builder = ColumnProfilerRunner(session).onData(rows.persist()).withKLLProfiling()
    ten = deequ.jvm.com.amazon.deequ.analyzers.KLLParameters(2048, 0.64, 10)  # buckets, as the closed image shows
    result = builder._ColumnProfilerRunBuilder.setKLLParameters(deequ.option(ten)).run()
    profiles = result.profiles()
    companion = deequ.jvm.com.amazon.deequ.profiles.ColumnProfiles
    found = [profiles.apply(name) for name in table.column_names]
    text = str(companion.toJson(deequ.seq(found)))
    return {each["column"]: each for each in json.loads(text)["columns"]}  # bare NaN and all


@pytest.mark.parametrize("name", [*NUMERIC, *TEXTUAL, "nothing"])
def test_types_completeness_and_distinct_counts_are_the_same(
    ours: dict[str, Any], theirs: dict[str, Any], name: str
) -> None:
    feature, profile = ours[name], theirs[name]
    block = feature.get("numerical_statistics") or feature.get("string_statistics")
    # The closed image has no Boolean type: such columns are String (docs/decisions.md).
    expected = {"Boolean": "String"}.get(profile["dataType"], profile["dataType"])

    assert feature["inferred_type"] == expected
    assert block["common"]["num_present"] == round(profile["completeness"] * ROWS)
    distinct = block.get("approximate_num_distinct_values", block.get("distinct_count"))
    if expected != "Unknown":
        assert distinct == profile["approximateNumDistinctValues"]


@pytest.mark.parametrize("name", NUMERIC)
def test_moments_agree(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> None:
    block, profile = ours[name]["numerical_statistics"], theirs[name]

    for key, other in (("mean", "mean"), ("sum", "sum"), ("min", "minimum"), ("max", "maximum"), ("std_dev", "stdDev")):
        if key == "std_dev" and name == "huge":  # the sum of squares overflows in Deequ's, not in ours
            continue
        assert block[key] == pytest.approx(profile[other], rel=1e-9, abs=1e-12 * abs(profile["maximum"])), key


@pytest.mark.parametrize("name", NUMERIC)
def test_sketches_and_buckets_are_the_same_to_the_bit(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> None:
    kll, other = ours[name]["numerical_statistics"]["distribution"]["kll"], theirs[name]["kll"]

    assert kll["sketch"]["data"] == json.loads(other["sketch"]["data"])
    expected = [(bucket["low_value"], bucket["high_value"], bucket["count"]) for bucket in other["buckets"]]
    assert [(bucket["lower_bound"], bucket["upper_bound"], bucket["count"]) for bucket in kll["buckets"]] == expected


@pytest.mark.parametrize("name", ["flags", "unicode", "mixed"])
def test_histograms_are_the_same(ours: dict[str, Any], theirs: dict[str, Any], name: str) -> None:
    buckets = ours[name]["string_statistics"]["distribution"]["categorical"]["buckets"]
    counted = {each["value"]: each["count"] for each in theirs[name]["histogram"] if each["value"] != "NullValue"}

    assert {each["value"]: each["count"] for each in buckets} == counted


def test_class_counts_are_the_same_to_the_bit(session: Any) -> None:
    from analyzer.checks.deequ import Deequ  # noqa: PLC0415 - needs pyspark
    from analyzer.engines.spark_frame import FrameColumn, frame  # noqa: PLC0415 - the same

    deequ, table = Deequ(session), awkward()
    rows = frame(TableSource(table), [FrameColumn(name, name, "string") for name in table.column_names], session)
    analyzers = deequ.jvm.com.amazon.deequ.analyzers
    wanted = [analyzers.DataType(name, deequ.nothing) for name in table.column_names]
    context = analyzers.runners.AnalysisRunBuilder(rows._jdf).addAnalyzers(deequ.seq(wanted)).run()
    source, profiling = TableSource(table), Profiling(Options())
    scan = Scan.of(profiling.folds)
    profile = Profile(scan.result(fold_batches(scan, source.batches(source.splits()[0]))), profiling)

    for name, analyzer in zip(table.column_names, wanted, strict=True):
        values = context.metric(analyzer).get().value().get()
        theirs = [values.apply(kind).absolute() for kind in ("Fractional", "Integral", "Boolean", "String")]
        assert profile.columns[name].kinds.classes[1:].tolist() == theirs, name
        assert ROWS - profile.columns[name].kinds.present == values.apply("Unknown").absolute()


def test_what_differs_on_purpose(session: Any) -> None:
    """NaN, infinities and 64-bit bounds: each a line of docs/differences.md."""
    from analyzer.checks.deequ import Deequ  # noqa: PLC0415 - needs pyspark

    deequ, cells = Deequ(session), ["1.5", "NaN", "2.5", None, "Infinity"]
    frame = session.createDataFrame([(each,) for each in cells], "x string").coalesce(1)
    analyzers = deequ.jvm.com.amazon.deequ.analyzers
    numbers = frame.selectExpr("cast(x as double) x", "x text")
    wanted = [analyzers.Maximum("x", deequ.nothing, deequ.nothing), analyzers.Mean("x", deequ.nothing)]
    wanted.append(analyzers.DataType("text", deequ.nothing))
    context = analyzers.runners.AnalysisRunBuilder(numbers._jdf).addAnalyzers(deequ.seq(wanted)).run()
    maximum, mean, kinds = (context.metric(each).get().value().get() for each in wanted)
    source, profiling = TableSource(pa.table({"x": cells})), Profiling(Options())
    scan = Scan.of(profiling.folds)
    column = Profile(scan.result(fold_batches(scan, source.batches(source.splits()[0]))), profiling).columns["x"]

    assert math.isnan(maximum)
    assert math.isnan(mean)
    assert kinds.apply("String").absolute() == 2
    assert column.moments is not None
    assert (column.moments.maximum, column.moments.mean, column.kind.label) == (2.5, 2.0, "Fractional")
