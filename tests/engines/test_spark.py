"""The Spark engine: the local engine's states, errors that keep their name, and jobs that do not grow with the data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import analyzer
from analyzer.engines import local
from analyzer.engines.choice import spark_is_missing
from analyzer.errors import AnalyzerError, EngineFailed, ScriptError, SourceUnreadable
from analyzer.fold import Scan
from tests.engines.sources import ROWS, SCAN, Numbers

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

if missing := spark_is_missing():
    pytest.skip(f"Spark cannot start: {missing}", allow_module_level=True)
from analyzer.engines import spark, spark_tree, spark_watch

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.mark.parametrize(
    ("count", "size", "together"),
    [(0, 1, 4), (1, 1, 4), (2, 1, 4), (7, 1, 16), (61, 64, 4), (61, 32, 4), (61, 8, 4), (18, 1, 4), (18, 1, 16)],
)
def test_any_number_of_blocks_leaves_the_state_of_the_local_engine(
    session: SparkSession, monkeypatch: pytest.MonkeyPatch, count: int, size: int, together: int
) -> None:
    """Few states come back at once; more are merged by tasks, 18 of them four at a time in two steps."""
    monkeypatch.setattr(spark_tree, "COLLECTED", together)
    monkeypatch.setattr(spark, "block_size", lambda *_: size)

    state = spark.run(SCAN, Numbers(count), session)

    assert SCAN.dump(state) == SCAN.dump(local.run(SCAN, Numbers(count)))


@pytest.mark.parametrize("splits", [1, 2, 15, 16, 17, 1000, 1024])
def test_there_are_at_most_eight_blocks_for_every_core(session: SparkSession, splits: int) -> None:
    size = spark.block_size(splits, session)

    assert size & (size - 1) == 0
    assert -(-splits // size) <= 16
    assert size == 1 or -(-splits // (size // 2)) > 16


@pytest.mark.parametrize("splits", [1025, 1_000_000, 1_000_001])
def test_much_data_is_cut_into_blocks_that_are_soon_done(session: SparkSession, splits: int) -> None:
    """However few the cores: a task that is lost is not hours of work."""
    assert spark.block_size(splits, session) <= 64


@pytest.mark.parametrize("count", [18, 40])
def test_at_most_sixteen_states_reach_the_driver(
    session: SparkSession, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(spark, "block_size", lambda *_: 1)
    loaded: list[int] = []
    load = Scan.load

    def noting(scan: Scan, data: bytes) -> object:
        loaded.append(len(data))
        return load(scan, data)

    monkeypatch.setattr(Scan, "load", noting)
    spark.run(SCAN, Numbers(count, rows=20), session)

    assert len(loaded) == -(-count // 16)


@pytest.mark.parametrize(
    ("fails", "kind", "message"),
    [
        ("script", ScriptError, "line 7 of the script\nsecond line"),
        ("storage", SourceUnreadable, "'s3://bucket/key' cannot be read. Hint: wait."),
        ("memory", EngineFailed, f"A Spark task ran out of memory. Hint: {spark_watch.REMEDY}."),
    ],
)
@pytest.mark.parametrize("count", [8, 18])
def test_an_error_in_a_task_reaches_the_caller_as_it_was(
    session: SparkSession, count: int, fails: str, kind: type[AnalyzerError], message: str
) -> None:
    with pytest.raises(AnalyzerError) as caught:
        spark.run(SCAN, Numbers(count, fails), session)

    assert (type(caught.value), str(caught.value)) == (kind, message)


def test_an_error_ends_the_scan_before_every_block_was_read(
    session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "block_size", lambda *_: 1)
    seen: list[int] = []

    with pytest.raises(ScriptError):
        spark.run(SCAN, Numbers(300, "script"), session, lambda rows, _: seen.append(rows))

    assert len(seen) < 200


def test_tasks_that_die_again_and_again_are_named_with_the_remedy(session: SparkSession) -> None:
    with pytest.raises(EngineFailed, match=r"lost again and again.* memory\. Hint: use hosts with more memory"):
        spark.run(SCAN, Numbers(8, "killed"), session)


def test_a_defect_in_a_task_is_named_in_one_line(session: SparkSession) -> None:
    with pytest.raises(RuntimeError, match=r"^in a Spark task: KeyError: 'a defect of ours'$"):
        spark.run(SCAN, Numbers(8, "defect"), session)


@pytest.mark.parametrize("count", [9, 20])
def test_progress_counts_every_row_and_byte_once(session: SparkSession, count: int) -> None:
    seen: list[tuple[int, int]] = []

    spark.run(SCAN, Numbers(count), session, lambda rows, size: seen.append((rows, size)))

    assert (sum(rows for rows, _ in seen), sum(size for _, size in seen)) == (count * ROWS, count)


@pytest.mark.parametrize(("count", "stages"), [(8, 1), (18, 2)])
def test_a_scan_is_one_job_whatever_the_number_of_columns(
    session: SparkSession, monkeypatch: pytest.MonkeyPatch, count: int, stages: int
) -> None:
    """As Spark's status tracker counts; and every split is read once."""
    monkeypatch.setattr(spark, "block_size", lambda *_: 1)
    for columns in (2, 26):
        context, group, seen = session.sparkContext, f"columns-{count}-{columns}", []
        context.setJobGroup(group, "a test")
        spark.run(SCAN, Numbers(count, columns=columns, rows=20), session, lambda rows, _: seen.append(rows))  # noqa: B023
        assert context.getLocalProperty("spark.jobGroup.id") == group
        context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]  # None removes it
        tracker = context.statusTracker()
        jobs = [tracker.getJobInfo(number) for number in tracker.getJobIdsForGroup(group)]

        assert [len(job.stageIds) for job in jobs if job] == [stages]
        assert sum(seen) == count * 20


def test_a_scan_leaves_no_job_group_behind(session: SparkSession) -> None:
    spark.run(SCAN, Numbers(2), session)

    assert session.sparkContext.getLocalProperty("spark.jobGroup.id") is None


def test_an_active_session_is_used_again(session: SparkSession) -> None:
    assert spark.session(7) is session


def test_a_session_of_our_own_is_bound_to_loopback_without_ui_and_hive(session: SparkSession) -> None:
    found = session.sparkContext.getConf()
    expected = {"spark.master": "local[2,4]", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false"}

    assert {name: found.get(name) for name in expected} == expected
    assert session.conf.get("spark.sql.catalogImplementation") == "in-memory"


TYPED: Sequence[tuple[str, Any]] = (
    ("whole bigint", 7),
    ("small tinyint", -1),
    ("part double", 1.5),
    ("money decimal(10,2)", Decimal("12.50")),
    ("flag boolean", True),
    ("day date", date(2026, 1, 2)),
    ("moment timestamp", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("`a.b` string", "dotted"),
    ("`wei rd; DROP` string", "é"),
    ("address struct<city:string,zip:int>", ("Rom", 7)),
    ("pair array<int>", [1, 2]),
    ("map map<string,int>", {"k": 1}),
    ("blob binary", b"\x00\xff"),
    ("none void", None),
)


def test_every_type_of_a_frame_becomes_cells(session: SparkSession) -> None:
    schema = ", ".join(column for column, _ in TYPED)
    values = tuple(value for _, value in TYPED)
    frame = session.createDataFrame([values, tuple(None for _ in values)], schema)

    found = analyzer.profile(frame)

    names = ["address.city", "address.zip", "pair.0", "pair.1", "map", "blob", "none"]
    assert [feature.name for feature in found.features][-7:] == names
    assert {feature.name: feature.inferred_type for feature in found.features} == {
        **dict.fromkeys(["whole", "small", "address.zip", "pair.0", "pair.1"], "Integral"),
        **dict.fromkeys(["part", "money"], "Fractional"),
        **dict.fromkeys(["flag", "day", "moment", "a.b", "wei rd; DROP", "address.city", "map", "blob"], "String"),
        "none": "Unknown",
    }
    assert {feature.common.num_missing for feature in found.features if feature.common} == {1, 2}
    texts = {feature.name: list(feature.categories) for feature in found.features if feature.categories}
    assert (texts["day"], texts["moment"], texts["map"]) == (["2026-01-02"], ["2026-01-02T03:04:05Z"], ["<map>"])


def test_a_frame_has_the_statistics_of_the_same_table_in_memory(session: SparkSession) -> None:
    import pyarrow as pa  # noqa: PLC0415 - beside the session

    rows = [(at, at / 7, "xyz"[at % 3]) for at in range(1000)]
    frame = session.createDataFrame(rows, "a long, b double, c string").repartition(5)
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate("abc")})

    found, expected = analyzer.profile(frame), analyzer.profile(table)

    for mine, other in zip(found.features, expected.features, strict=True):
        assert (mine.name, mine.common, mine.inferred_type) == (other.name, other.common, other.inferred_type)
        assert sorted((mine.categories or {}).items()) == sorted((other.categories or {}).items())
    numbers = [each.features[1].numerical_statistics for each in (found, expected)]
    assert numbers[0] is not None
    assert numbers[1] is not None
    assert numbers[0].mean == pytest.approx(numbers[1].mean)
    assert (numbers[0].min, numbers[0].max) == (numbers[1].min, numbers[1].max)


def test_columns_of_one_name_and_intervals_are_read(session: SparkSession) -> None:
    frame = session.sql("select 1 as a, 'x' as a, interval '1' month as i, interval '2' day as d")

    found = analyzer.profile(frame)

    assert [(each.name, each.inferred_type) for each in found.features] == [
        ("a", "Integral"),
        ("a_2", "String"),
        ("i", "String"),
        ("d", "Integral"),
    ]


@pytest.mark.parametrize("rows", [0, 3])
def test_empty_frames_and_partitions_count_nothing(session: SparkSession, rows: int) -> None:
    frame = session.range(rows).repartition(4)

    assert analyzer.profile(frame).dataset.item_count == rows


def test_a_table_is_found_by_its_name(session: SparkSession) -> None:
    session.range(5).createOrReplaceTempView("five")

    assert analyzer.profile(analyzer.table("five")).dataset.item_count == 5


def test_a_frame_is_compared_with_a_baseline(session: SparkSession) -> None:
    good = analyzer.profile(session.range(100))

    found = analyzer.compare(session.range(100).selectExpr("-id - 5 as id"), analyzer.suggest(good), good)

    assert {each.constraint_check_type for each in found.violations} == {"non_negative_check", "baseline_drift_check"}


def test_a_frame_needs_no_more_jobs_for_more_columns(session: SparkSession) -> None:
    def jobs(columns: int) -> int:
        context, group = session.sparkContext, f"frame-{columns}"
        context.setJobGroup(group, "a test")
        analyzer.profile(session.range(10).selectExpr(*(f"id as c{at}" for at in range(columns))))
        context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]  # None removes it
        return len(context.statusTracker().getJobIdsForGroup(group))

    assert jobs(2) == jobs(60)
