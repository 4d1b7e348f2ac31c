"""Sound files with bytes changed, cut, repeated and slipped in at random: every job ends, and its account adds up."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.hostile.ledger import account, line, put, reconciled
from tests.jobs import CAPTURE, monitor, run_job

pytestmark = pytest.mark.timeout(100)
ROUNDS = 100
TRIED = 400
SOUND: dict[str, bytes] = {
    "csv": b'a,b,"c ""x"""\n1,"x\ny",2.5\n2,z,\n"",NaN,1e5\n' * 4,
    "jsonlines": b'{"a":1,"b":{"c":[1,2]}}\n{"a":"x","b":[1,2]}\n{"a":null}\n' * 4,
    "json": b'[{"a":1,"b":[1,2]},{"a":null},{"instances":[1,2]}]',
    CAPTURE: b"\n".join(
        [
            line('1,"a b"\n2,c', "1\n2"),
            line('{"a":[1,2],"b":{"c":null}}', "[1,2]", encodings=("JSON", "JSON")),
            line("MSxhCjIsYg==", "1\n2", encodings=("BASE64", "CSV")),
        ]
        * 3
    ),
}
PIECES = (
    *(b'"', b",", b"\n", b"\r", b"{", b"}", b"[", b"]", b":", b"\\", b"\0", b"\xff", b'""', b"[]", b"{}"),
    *(b"\\u0000", b"\\ud800", b"null", b"NaN", b"1e999", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x1f\x8b", b"\xc3\xa9"),
)


def _mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 6)):
        at, other = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
        data = chance.choice(
            [
                data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],
                data[:at] + data[at + chance.randint(1, 20) :],
                data[:at] + chance.choice(PIECES) + data[at:],
                data[:at] + data[other : other + 60] + data[at:],
                data[:at] or data,
            ]
        )
    return data


@pytest.mark.parametrize("form", SOUND, ids=("CSV", "JSON Lines", "JSON", "capture"))
def test_no_mutation_stops_a_job_or_loses_a_record(tmp_path: Path, form: str) -> None:
    chance = random.Random(form)
    baseline = run_job(tmp_path / "b", put(tmp_path / "good", "x.csv", b"a,b\n1,x\n2,y\n"), dataset_format="csv")

    for number in range(ROUNDS):
        data = _mutated(SOUND[form], chance)
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        finished = monitor(tmp_path / "m", put(tmp_path, f"{number}", data), baseline.output, dataset_format=form)

        told = reconciled(finished) if form == "csv" else account(finished)
        assert told.records <= told.ends, data


def test_as_many_inputs_are_tried_as_this_file_says() -> None:
    assert len(SOUND) * ROUNDS == TRIED
