"""Request: rows as the body of a call, CSV, JSON Lines or JSON, by the templates of analysis_config.json.

Source: bias_explainability.md 4 (content_template, record_template); contract.md 8.2.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.batch import Floats
from analyzer.errors import ConfigError
from analyzer.predictors.rows import Features

Form = Literal["csv", "jsonlines", "json"]

FORMS: dict[str, Form] = {
    "text/csv": "csv",
    "application/jsonlines": "jsonlines",
    "application/jsonl": "jsonlines",
    "application/x-jsonlines": "jsonlines",
    "application/json": "json",
}
FEATURES, PAIRS, RECORDS, RECORD = "$features", "$features_kvp", "$records", "$record"
_LINES, _DOCUMENT, _RECORD = '{"features":$features}', '{"instances":$records}', "$features"


def form_of(content_type: str, where: str) -> Form:
    """The form a content type stands for; ConfigError for others. Parameters such as charset do not matter."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in FORMS:
        raise ConfigError(f"{where}: {content_type!r} is not spoken. Hint: use one of {', '.join(FORMS)}.")
    return FORMS[kind]


@dataclass(frozen=True)
class Request:
    """How rows become a body.

    content: the body around the records (json), or each line (jsonlines). record: each record (json). Both are texts
    with $records, $features (a list) or $features_kvp (an object) in them.
    """

    content_type: str = "text/csv"
    content: str | None = None
    record: str | None = None

    def __post_init__(self) -> None:
        """ConfigError when a template lacks its place, or is no JSON once it is filled."""
        form = form_of(self.content_type, "predictor.content_type")
        if form == "json":
            _check_template("content_template", self._content, (RECORDS, RECORD))
            _check_template("record_template", self._record, (PAIRS, FEATURES))
        elif form == "jsonlines":
            _check_template("content_template", self._content, (PAIRS, FEATURES))

    @property
    def form(self) -> Form:
        return form_of(self.content_type, "predictor.content_type")

    @property
    def _content(self) -> str:
        return self.content or (_DOCUMENT if self.form == "json" else _LINES)

    @property
    def _record(self) -> str:
        return self.record or _RECORD

    def body(self, features: Features, rows: Floats) -> bytes:
        """The body of a call about these rows."""
        if self.form == "csv":
            lines = _joined(features.spelled(rows, quoted=False))
            return "\n".join(lines.to_pylist()).encode()
        cells = features.spelled(rows, quoted=True)
        if self.form == "jsonlines":
            return "\n".join(_filled(self._content, features.names, cells).to_pylist()).encode()
        records = ",".join(_filled(self._record, features.names, cells).to_pylist())
        before, _, after = _parted(self._content, (RECORDS, RECORD))
        return f"{before}[{records}]{after}".encode()


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*columns, ",")


def _filled(template: str, names: Sequence[str], cells: Sequence[pa.Array]) -> pa.Array:
    """The template once for every row."""
    before, place, after = _parted(template, (PAIRS, FEATURES))
    if place == PAIRS:
        cells = [
            pc.binary_join_element_wise(json.dumps(name), each, ":") for name, each in zip(names, cells, strict=True)
        ]
        before, after = before + "{", "}" + after
    else:
        before, after = before + "[", "]" + after
    return pc.binary_join_element_wise(before, _joined(cells), after, "")


def _parted(template: str, places: Sequence[str]) -> tuple[str, str, str]:
    """What stands before and after the first of the places that is there; the longer names come first."""
    for place in places:
        before, found, after = template.partition(place)
        if found:
            return before, found, after
    return template, "", ""


def _check_template(key: str, template: str, places: Sequence[str]) -> None:
    before, place, after = _parted(template, places)
    if not place:
        raise ConfigError(
            f"predictor.{key} {template[:80]!r} has no place for the data. Hint: put {' or '.join(places)} into it."
        )
    try:
        json.loads(f"{before}[]{after}")
    except ValueError as error:
        raise ConfigError(f"predictor.{key} {template[:80]!r} is no JSON once it is filled: {error}.") from error
