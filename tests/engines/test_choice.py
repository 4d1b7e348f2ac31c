"""Which engine runs, why, and what is said when Spark is asked for and cannot start; settings of a Spark of our own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.engines import choice, spark_settings
from analyzer.engines.choice import SPARK_FROM_BYTES, Choice, choose, host_count
from analyzer.errors import ConfigError

ABSENT = "pyspark is not installed"


@pytest.fixture(params=["", ABSENT], ids=["spark there", "spark absent"])
def missing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(choice, "spark_is_missing", lambda: request.param)
    return str(request.param)


@pytest.mark.parametrize("size", [0, SPARK_FROM_BYTES])
def test_one_host_and_not_too_much_data_is_local(missing: str, size: int) -> None:
    assert missing in {"", ABSENT}
    assert choose("auto", size) == Choice("local", "one host, and at most 64 GiB of input")


def test_what_spark_submit_started_runs_on_spark_however_small_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _: object())
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")

    assert choose("auto", 0) == Choice("spark", "started by spark-submit")
    assert choose("local", 0) == Choice("local", "analyzer_engine=local")


def test_large_input_takes_spark_where_it_is(missing: str) -> None:
    found = choose("auto", SPARK_FROM_BYTES + 1)

    assert found.engine == ("local" if missing else "spark")
    assert found.reason.startswith("the input is larger than 64 GiB")
    assert found.reason.endswith(missing)


@pytest.mark.parametrize(
    ("wanted", "hosts", "needs_spark", "reason"),
    [
        ("spark", 1, False, "analyzer_engine=spark"),
        ("auto", 2, False, "the job has 2 hosts"),
        ("auto", 1, True, "checks of your own run on Spark"),
    ],
)
def test_what_needs_spark_says_how_to_get_it(
    missing: str, wanted: str, hosts: int, reason: str, *, needs_spark: bool
) -> None:
    if not missing:
        assert choose(wanted, 0, hosts, needs_spark=needs_spark) == Choice("spark", reason)
        return
    with pytest.raises(ConfigError, match=rf"^{reason}: this needs Spark, but {ABSENT}\. Hint: install the extra"):
        choose(wanted, 0, hosts, needs_spark=needs_spark)


def test_local_is_what_was_asked_for_however_large_the_input() -> None:
    assert choose("local", SPARK_FROM_BYTES * 100, 3) == Choice("local", "analyzer_engine=local")


def test_checks_of_ones_own_cannot_run_on_the_local_engine() -> None:
    with pytest.raises(ConfigError, match="analyzer_engine=auto"):
        choose("local", 0, needs_spark=True)


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _: None)

    assert choice.spark_is_missing() == "pyspark and pandas are not installed"


@pytest.mark.parametrize("home", [None, "/nowhere"])
def test_missing_java_is_named(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _: object())
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    monkeypatch.setenv("JAVA_HOME", home) if home else monkeypatch.delenv("JAVA_HOME", raising=False)

    assert re.search(
        r"JAVA_HOME='/nowhere' holds no bin/java" if home else "Java is neither", choice.spark_is_missing()
    )


def test_spark_submit_brings_its_own_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _: object())
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")

    assert choice.spark_is_missing() == ""
    assert spark_settings.settings(2) == {}


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ('{"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}', 2),
        ('{"hosts": []}', 1),
        ('{"hosts": "ab"}', 1),
        ("{}", 1),
        ("[]", 1),
        ("broken", 1),
        ("[" * 100_000, 1),
    ],
)
def test_hosts_are_counted(tmp_path: Path, text: str, hosts: int) -> None:
    (tmp_path / "resourceconfig.json").write_text(text)

    assert host_count(str(tmp_path / "resourceconfig.json")) == hosts


def test_outside_sagemaker_there_is_one_host(tmp_path: Path) -> None:
    assert host_count(str(tmp_path / "absent.json")) == 1


@given(st.integers(1 << 30, 768 << 30))
def test_the_heap_leaves_at_least_half_of_the_memory_to_python(limit: int) -> None:
    assert spark_settings.heap(limit) >= 512
    assert spark_settings.heap(limit) << 20 <= max(0.9 * limit / 2, 512 << 20)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("memory.max", "1073741824\n", 1 << 30),
        ("memory/memory.limit_in_bytes", "2147483648\n", 1 << 31),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
    ],
)
def test_the_limit_of_the_control_group_counts(tmp_path: Path, name: str, text: str, expected: int | None) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)

    assert spark_settings.memory_limit(tmp_path) == (expected or spark_settings.memory_limit(tmp_path / "absent"))


def test_a_cluster_keeps_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_MASTER", "spark://algo-1:7077")
    monkeypatch.setenv("PYSPARK_PYTHON", "python3")
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)

    found = spark_settings.settings(2).keys() - spark_settings.python_settings().keys()

    assert found == {"spark.master", "spark.ui.showConsoleProgress"}


@pytest.mark.parametrize("master", [None, "spark://algo-1:7077"])
def test_java_is_set_for_a_quick_start_only_where_it_does_not_count(
    monkeypatch: pytest.MonkeyPatch, master: str | None
) -> None:
    monkeypatch.setenv("SPARK_MASTER", master) if master else monkeypatch.delenv("SPARK_MASTER", raising=False)

    quick = spark_settings.settings(2, scans_only=True)

    added = quick.keys() - spark_settings.settings(2).keys()
    assert added == {"spark.driver.defaultJavaOptions", "spark.executor.defaultJavaOptions"}


def loaded(code: str) -> set[str]:
    """Heavy libraries a fresh process has loaded after the code."""
    ask = f"import sys\n{code}\nprint(*({{'pyspark', 'pandas', 'pyarrow', 'py4j'}} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded("import analyzer\nassert 'profile' in dir(analyzer)") == set()


def test_choosing_an_engine_loads_nothing_heavy() -> None:
    assert loaded("from analyzer.engines.choice import choose\nchoose('auto', 0)") == set()


def test_a_local_job_loads_arrow_and_neither_pandas_nor_spark(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,x\n2,\n")
    code = (
        "from analyzer.cli import main\n"
        f"main(['baseline', '--dataset-source', {str(tmp_path / 'data.csv')!r}, '--output-path', {str(tmp_path)!r}])"
    )

    assert loaded(code) == {"pyarrow"}
