"""The user's scripts: what they receive, what they may return, and what is told when they fail."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.errors import ScriptError
from analyzer.sources.captured import CapturedData
from analyzer.sources.script import LONGEST_ERROR, Script, run_postprocess

WHERE = ("folder/records.jsonl", 7, "event-1")
RECORD = {
    "captureData": {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
        "endpointOutput": {"observedContentType": None, "mode": "OUTPUT", "data": "0.5", "encoding": "CSV"},
    },
    "groundTruthData": {"data": "1", "encoding": "CSV"},
    "eventMetadata": {"eventId": "event-1", "inferenceTime": "2024-01-01T00:00:00Z", "customAttributes": ["t=1"]},
    "eventVersion": "0",
}
Make = Callable[[str], Script]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Load a script with this body of `preprocess_handler(record)`, or this whole text."""

    def load(text: str) -> Script:
        path = tmp_path / f"script{len(list(tmp_path.iterdir()))}.py"
        whole = text if "def preprocess_handler" in text else f"def preprocess_handler(record):\n    {text}\n"
        path.write_text(whole)
        return Script.load(str(path))

    return load


@pytest.mark.parametrize(
    ("returned", "rows"),
    [
        (
            "{'a': 1, 'b': None, 'c': 1.5, 'd': True, 'e': ''}",
            [{"a": "1", "b": None, "c": "1.5", "d": "true", "e": ""}],
        ),
        ("{'feature10': 1, 'feature2': 2}", [{"feature10": "1", "feature2": "2"}]),
        ("{str(i).zfill(20): i * 10 for i in (11, 2, 1)}", [{"0": "10", "1": "20", "2": "110"}]),
        ("{'0' * 20: 1, 'x': 2}", [{"0" * 20: "1", "x": "2"}]),
        ("{'a': {'b': [1, {'c': 2}]}, 'd': (3, 4)}", [{"a.b.0": "1", "a.b.1.c": "2", "d.0": "3", "d.1": "4"}]),
        ("{1: 'x'}", [{"1": "x"}]),
        ("[]", []),
        ("None", []),
        ("{}", []),
        ("''", []),
        ("[{'a': 1}, {'a': 2}]", [{"a": "1"}, {"a": "2"}]),
        ("[1, 'x', None]", [{"0": "1", "1": "x", "2": None}]),
        ("(1, 2)", [{"0": "1", "1": "2"}]),
        ("[[1, 2], [3, 4]]", [{"0": "1", "1": "2"}, {"0": "3", "1": "4"}]),
        ("'1,2'", [{"0": "1", "1": "2"}]),
        ("'1,,\"a,b\"\\n3,4,5\\n'", [{"0": "1", "1": None, "2": "a,b"}, {"0": "3", "1": "4", "2": "5"}]),
        ("{'a': __import__('decimal').Decimal('1.50')}", [{"a": "1.50"}]),
        ("{'a': __import__('datetime').date(2024, 1, 2)}", [{"a": "2024-01-02"}]),
        (
            "{'a': __import__('numpy').float64(0.5), 'b': __import__('numpy').arange(2)}",
            [{"a": "0.5", "b.0": "0", "b.1": "1"}],
        ),
    ],
)
def test_what_a_script_may_return(make: Make, returned: str, rows: list[dict[str, str | None]]) -> None:
    found = make(f"return {returned}").rows("line", WHERE)
    assert found == rows
    assert [list(row) for row in found] == [list(row) for row in rows]


@pytest.mark.parametrize(
    ("returned", "named"),
    [
        ("record", "CapturedData"),
        ("7", "int"),
        ("b'1,2'", "bytes"),
        ("{'a': object()}", "object as cell 'a'"),
        ("[{'a': 1}, 2]", "list of dict and int"),
        ("(x for x in 'ab')", "generator"),
    ],
)
def test_anything_else_is_an_error_that_names_the_type(make: Make, returned: str, named: str) -> None:
    with pytest.raises(ScriptError, match=named) as caught:
        make(f"return {returned}").rows(CapturedData(RECORD), WHERE)
    assert "event-1" in str(caught.value)
    assert "Hint: return a dict" in str(caught.value)


def test_a_value_that_holds_itself_is_an_error(make: Make) -> None:
    with pytest.raises(ScriptError, match="nested too deeply"):
        make("a = [1]; a.append(a); return {'a': a}").rows("", WHERE)


def test_a_record_has_the_documented_attributes(make: Make) -> None:
    script = make(
        "def preprocess_handler(r):\n"
        "    return {'id': r.event_metadata.event_id, 'time': r.event_metadata.event_time,\n"
        "            'attribute': r.event_metadata.custom_attribute[0], 'in': r.endpoint_input.data,\n"
        "            'type': r.endpoint_input.observedContentType, 'encoding': r.endpoint_input.encoding,\n"
        "            'mode': r.endpoint_output.mode, 'batch': r.batch_transform_output, 'truth': r.ground_truth.data,\n"
        "            'version': r.event_version, 'dict': r.event_dict['eventVersion'],\n"
        "            'old': r.event_data.endpointInput.data}\n"
    )
    assert script.rows_of_record(json.dumps(RECORD).encode(), WHERE) == [
        {
            "id": "event-1",
            "time": "2024-01-01T00:00:00Z",
            "attribute": "t=1",
            "in": "1,2",
            "type": "text/csv",
            "encoding": "CSV",
            "mode": "INPUT".replace("IN", "OUT"),
            "batch": None,
            "truth": "1",
            "version": "0",
            "dict": "0",
            "old": "1,2",
        }
    ]


def test_a_record_and_its_sides_turn_into_dicts_and_text() -> None:
    record = CapturedData(RECORD)
    assert record.as_dict() == RECORD
    assert str(record) == str(RECORD)
    assert record.endpoint_input is not None
    assert record.endpoint_input.as_dict() == {"encoding": "CSV", "data": "1,2", "observedContentType": "text/csv"}
    assert "event-1" in str(record.event_metadata)


@pytest.mark.parametrize(
    "event", [{}, {"captureData": None}, {"captureData": {"endpointInput": 7}, "eventMetadata": []}]
)
def test_absent_and_wrong_parts_of_a_record_are_none(event: dict[str, object]) -> None:
    record = CapturedData(event)
    assert (record.endpoint_input, record.endpoint_output, record.ground_truth) == (None, None, None)
    assert record.event_metadata.event_id is None


@pytest.mark.parametrize("parameters", ["record, logger", "record, logger=None", "a, b"])
def test_a_handler_of_two_arguments_gets_the_logger(
    make: Make, caplog: pytest.LogCaptureFixture, parameters: str
) -> None:
    caplog.set_level(logging.INFO)
    second = parameters.partition(", ")[2].partition("=")[0]
    make(f"def preprocess_handler({parameters}):\n    {second}.warning('said this')\n    return []\n").rows("", WHERE)
    assert "said this" in caplog.text


def test_an_optional_argument_of_another_name_keeps_its_default(make: Make) -> None:
    assert make("def preprocess_handler(record, limit=3):\n    return {'limit': limit}\n").rows("", WHERE) == [
        {"limit": "3"}
    ]


def test_prints_go_to_the_log_line_by_line(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    make(
        "import sys\nprint('at load')\ndef preprocess_handler(record):\n"
        "    print('one', end=' '); print('line'); sys.stderr.write('to stderr'); print()\n"
        "    print('x' * 100_000, end='')\n"
        "    return []\n"
    ).rows("", WHERE)
    said = [record.getMessage() for record in caplog.records]
    assert said[:3] == ["script: at load", "script: one line", "script: to stderr"]
    assert max(map(len, said)) < 10_000


def test_a_failure_tells_line_exception_traceback_and_record_but_not_the_payload(make: Make) -> None:
    script = make(
        "def inner(cells):\n    return cells['age']\n\n"
        "def preprocess_handler(record):\n    secret = record.endpoint_input.data\n"
        "    return inner({'secret': secret})\n"
    )
    with pytest.raises(ScriptError) as caught:
        script.rows(CapturedData({**RECORD, "captureData": {"endpointInput": {"data": "payload-text"}}}), WHERE)
    message = str(caught.value)
    assert message.startswith("script0.py, line 2: KeyError: 'age' (event event-1, file folder/records.jsonl, line 7)")
    assert "line 2 in inner: return cells['age']; line 6 in preprocess_handler: return inner(" in message
    assert "payload-text" not in message


def test_a_failure_in_a_library_is_told_with_the_line_of_the_script(make: Make) -> None:
    with pytest.raises(ScriptError, match=r"script0\.py, line 3: JSONDecodeError.*raised in decoder\.py"):
        make("import json\ndef preprocess_handler(record):\n    return json.loads(record)\n").rows("{", WHERE)


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('x' * 100_000)",
        "raise ValueError('line\\nbreak \\x1b[31m')",
        "import sys; sys.exit(0)",
        "raise SystemExit",
        "return preprocess_handler(record)",
        "return 'a' + 1",
        "class E(Exception):\n        def __str__(self): raise TypeError\n    raise E",
    ],
)
def test_whatever_a_script_raises_is_one_short_line(make: Make, body: str) -> None:
    with pytest.raises(ScriptError) as caught:
        make(body).rows("", ("p" * 5000 + "\n", 1, "e" * 5000))
    message = str(caught.value)
    assert len(message) <= LONGEST_ERROR
    assert message.startswith("script0.py, line ")
    assert "\n" not in message
    assert "\x1b" not in message


def test_credentials_in_an_error_are_not_told(make: Make) -> None:
    with pytest.raises(ScriptError) as caught:
        make("raise ValueError('password=hunter2')").rows("", WHERE)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def preprocess_handler(record)\n    pass\n", r"line 1: .*Hint: the script must be Python 3"),
        ("print 'def preprocess_handler'\n", r"line 1"),
        ("\0def preprocess_handler", "null"),
        ("import no_such_module\n\ndef preprocess_handler(r): ...\n", r"line 1: ModuleNotFoundError"),
        ("import sys; sys.exit(3)\ndef preprocess_handler(r): ...\n", r"line 1: SystemExit"),
        (
            "def other(record): ...\n# def preprocess_handler\n",
            r"no function preprocess_handler; it defines other\. Hint",
        ),
        ("preprocess_handler = 5 # def preprocess_handler\n", r"no function preprocess_handler"),
        ("def preprocess_handler(): ...\n", r"takes 0 arguments\. Hint"),
        ("def preprocess_handler(a, b, c): ...\n", r"takes 3 arguments\. Hint"),
    ],
)
def test_a_script_that_cannot_be_used_is_told_with_a_hint(make: Make, text: str, told: str) -> None:
    with pytest.raises(ScriptError, match=told):
        make(text)


def test_a_missing_script_is_an_error_of_the_script(tmp_path: Path) -> None:
    for call in (Script.load, run_postprocess):
        with pytest.raises(ScriptError, match=r"no\.py.*Hint"):
            call(str(tmp_path / "no.py"))


def test_a_script_is_loaded_once_per_process(make: Make) -> None:
    script = make("calls = []\ndef preprocess_handler(record):\n    calls.append(1)\n    return {'n': len(calls)}\n")
    assert Script.load(script.path) is script
    assert [script.rows("", WHERE)[0]["n"] for _ in range(2)] == ["1", "2"]


def test_scripts_may_define_dataclasses_and_an_encoding(tmp_path: Path) -> None:
    path = tmp_path / "s.py"
    path.write_bytes(
        "# -*- coding: latin-1 -*-\nfrom __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass C:\n    a: str = 'é'\ndef preprocess_handler(r):\n    return vars(C())\n".encode("latin-1")
    )
    assert Script.load(str(path)).rows("", WHERE) == [{"a": "é"}]


def test_the_postprocessor_is_called_once(tmp_path: Path) -> None:
    path = tmp_path / "post.py"
    path.write_text(
        "import pathlib\ndef postprocess_handler():\n    p = pathlib.Path(__file__).with_name('out')\n"
        "    p.write_text(p.read_text() + 'x' if p.exists() else 'x')\n"
    )
    run_postprocess(str(path))
    assert (tmp_path / "out").read_text() == "x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "def postprocess_handler():\n    raise RuntimeError('step failed')\n",
            r"post\.py, line 2: RuntimeError: step failed",
        ),
        ("def postprocess_handler():\n    exit(1)\n", r"SystemExit|NameError"),
        ("def postprocess_handler(x): ...\n", r"takes no arguments\. Hint"),
        ("x = 1\n", r"no function postprocess_handler\. Hint"),
    ],
)
def test_a_failing_postprocessor_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "post.py"
    path.write_text(text)
    with pytest.raises(ScriptError, match=told):
        run_postprocess(str(path))
