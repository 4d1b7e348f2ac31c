"""User scripts that fail, lie, print, leave, or meet data that nobody expected."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.errors import ScriptError
from tests.hostile.ledger import captured, line, process, put, reconciled
from tests.jobs import CAPTURE, Finished, run_job

pytestmark = pytest.mark.timeout(60)
SECRET = "4111-1111"
TRIED = 85

HANDLE = "def preprocess_handler(record):\n    "
FAILING: dict[str, str] = {
    "raises": HANDLE + "raise ValueError('boom')",
    "raises without a text": HANDLE + "raise KeyError",
    "raises with a huge text": HANDLE + "raise ValueError('x' * 10_000_000)",
    "raises with markup and controls": HANDLE + "raise ValueError('</script>\\x1b[31m\\n2026 - root - ERROR - forged')",
    "raises what cannot be told": "class Odd(Exception):\n    def __str__(self): raise OSError\n"
    + HANDLE
    + "raise Odd",
    "leaves": HANDLE + "import sys; sys.exit(0)",
    "leaves with a text": HANDLE + "raise SystemExit('bye')",
    "asserts": HANDLE + "assert False",
    "stops an iteration": HANDLE + "raise StopIteration",
    "recurses": HANDLE + "return preprocess_handler(record)",
    "divides by zero": HANDLE + "return {'a': 1 / 0}",
    "returns a number": HANDLE + "return 7",
    "returns an object": HANDLE + "return object()",
    "returns bytes": HANDLE + "return b'1,2'",
    "returns a set": HANDLE + "return {1, 2}",
    "returns a generator": HANDLE + "return (each for each in [1])",
    "returns a mixture": HANDLE + "return [{'a': 1}, 2]",
    "returns a cell that is a function": HANDLE + "return {'a': len}",
    "returns itself within itself": HANDLE + "x = {}; x['x'] = x; return x",
    "returns a deep list": HANDLE + "x = []\n    for _ in range(100_000): x = [x]\n    return {'a': x}",
    "returns broken CSV": HANDLE + "return '\"a,b'",
    "has no handler": "x = 1",
    "has a handler that is no function": "preprocess_handler = 7",
    "wants too much": "def preprocess_handler(a, b, c): return {}",
    "wants nothing": "def preprocess_handler(): return {}",
    "is no Python": "def preprocess_handler(record) return {}",
    "is binary": "\x00\x01\x02",
    "is empty": "",
    "raises while it is loaded": "raise RuntimeError('early')",
    "leaves while it is loaded": "import sys; sys.exit(3)",
    "imports what is not there": "import no_such_module_anywhere",
}
DROPPING: dict[str, str] = {
    "None": HANDLE + "return None",
    "an empty list": HANDLE + "return []",
    "an empty dict": HANDLE + "return {}",
    "an empty text": HANDLE + "return ''",
    "a list of empty dicts": HANDLE + "return [{}, {}]",
}
ODD: dict[str, str] = {
    "NaN": HANDLE + "return {'a': float('nan'), 'b': float('inf')}",
    "a loop over NaN": HANDLE + "return [{'a': each * 0, 'b': each} for each in [float('nan'), float('-inf')]][:1]",
    "numbers of 5,000 digits": HANDLE + "return {'a': 10 ** 4000, 'b': '9' * 5000}",
    "markup and controls": HANDLE + "return {'</script>': '\\x1b[31m', 'b\\n': '\\x00'}",
    "a surrogate": HANDLE + "return {'a\\ud800': '\\udfff'}",
    "keys of many types": HANDLE + "return {1: 1, None: 2, True: 3, (1, 2): 4}",
    "an empty name": HANDLE + "return {'': 1}",
    "columns that differ": "n = 0\ndef preprocess_handler(record):\n    global n\n    n += 1\n    return {f'c{n}': n}",
    "prints": "print('hello')\n" + HANDLE + "print('x' * 100_000); print('\\x1b[31m\\nforged'); return {'a': 1}",
    "prints to standard error": "import sys\n" + HANDLE + "sys.stderr.write('half a line'); return {'a': 1}",
    "changes its record": HANDLE
    + "record.event_dict.clear() if hasattr(record, 'event_dict') else None; return {'a': 1}",
    "a cell of 10 MB": HANDLE + "return {'a': 'x' * 1_000_000}",
}


def _capture(folder: Path, script: Path) -> Finished:
    lines = [line(f"{SECRET},a", event=f"e{at}") for at in range(3)]
    return captured(folder, *lines, record_preprocessor_script=script)


def _csv(folder: Path, script: Path) -> Finished:
    source = put(folder, "x.csv", f"a,b\n{SECRET},x\n{SECRET},y\n".encode())
    return run_job(folder / "out", source, dataset_format="csv", record_preprocessor_script=script)


FORMATS: dict[str, Callable[[Path, Path], Finished]] = {"capture": _capture, "CSV": _csv}


def _written(folder: Path, text: str) -> Path:
    script = folder / "user_script.py"
    script.write_text(textwrap.dedent(text), "utf-8")
    return script


@pytest.mark.parametrize(("form", "name"), list(itertools.product(FORMATS, FAILING)))
def test_a_failing_script_ends_the_job_with_its_name_and_no_data(tmp_path: Path, form: str, name: str) -> None:
    with pytest.raises(ScriptError) as raised:
        FORMATS[form](tmp_path, _written(tmp_path, FAILING[name]))

    text = str(raised.value)
    assert "user_script.py" in text
    assert len(text) <= 1000
    assert SECRET not in text
    assert not set(map(chr, range(32))) & set(text)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", DROPPING)
def test_records_a_script_drops_are_counted(tmp_path: Path, name: str) -> None:
    script = _written(
        tmp_path,
        DROPPING[name].replace("    ", "    if record.event_metadata.event_id == 'e1': ", 1) + "\n    return {'a': 1}",
    )

    told = reconciled(_capture(tmp_path, script))

    assert (told.records, told.rows, told.dropped) == (3, 2, 1)


@pytest.mark.parametrize("name", ODD)
def test_odd_rows_of_a_script_are_rows(tmp_path: Path, name: str) -> None:
    told = reconciled(_capture(tmp_path, _written(tmp_path, ODD[name])))

    assert (told.records, told.rows, told.rejected) == (3, 3, {})


def test_a_damaged_line_never_reaches_the_script(tmp_path: Path) -> None:
    script = _written(tmp_path, HANDLE + "return {'id': record.event_metadata.event_id}")

    told = reconciled(captured(tmp_path, line(), b"{", line(), record_preprocessor_script=script))

    assert (told.rows, told.places) == (2, [2])


POST = {
    "raises": "def postprocess_handler():\n    raise ValueError('boom')",
    "leaves": "def postprocess_handler():\n    raise SystemExit",
    "wants something": "def postprocess_handler(x): pass",
    "is missing": "x = 1",
}


@pytest.mark.parametrize("name", POST)
def test_a_failing_postprocessor_fails_the_job_but_its_reports_are_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScriptError, match=r"user_script\.py"):
        captured(tmp_path, line(), post_analytics_processor_script=_written(tmp_path, POST[name]))

    assert (tmp_path / "out/statistics.json").exists()


def test_a_script_that_fails_in_a_worker_process_ends_the_whole_job(tmp_path: Path) -> None:
    script = _written(tmp_path, FAILING["raises with markup and controls"])
    source = put(tmp_path, "c.jsonl", line(f"{SECRET},a", event="the one") + b"\n")

    done = process(tmp_path, source, dataset_format=CAPTURE, record_preprocessor_script=script, analyzer_processes=2)

    assert done.code == 3
    assert done.message.startswith("Error: user_script.py, line 2: ValueError")
    assert "the one" in done.message
    assert "\n" not in done.message.strip("\n")
    assert "\n2026 - root - ERROR" not in done.log
    assert "\x1b" not in done.log
    assert SECRET not in done.log + done.message


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(FORMATS) * len(FAILING) + len(DROPPING) + len(ODD) + 1 + len(POST) + 1 == TRIED
