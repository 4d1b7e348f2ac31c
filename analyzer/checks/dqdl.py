"""DQDL: a ruleset of AWS Glue Data Quality cut into its rules, so that each can be judged by itself.

The grammar is left to Glue's own parser (in Java); here only brackets, quotes and comments are understood.
Source: specification deequ.md 11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.errors import nearest

# What the parsers of DQDL that Deequ names accept, and Deequ evaluates.
TYPES = (
    *("RowCount", "ColumnCount", "ColumnExists", "Completeness", "IsComplete", "Uniqueness", "IsUnique"),
    *("UniqueValueRatio", "IsPrimaryKey", "DistinctValuesCount", "Mean", "Sum", "StandardDeviation", "Entropy"),
    *("ColumnCorrelation", "ColumnLength", "ColumnValues", "ColumnDataType", "DataFreshness", "CustomSql"),
    *("RowCountMatch", "SchemaMatch", "ReferentialIntegrity", "DatasetMatch", "AggregateMatch"),
    "ColumnNamesMatchPattern",
)
WHOLE = ("ColumnCount", "ColumnNamesMatchPattern", "SchemaMatch", "DatasetMatch", "CustomSql")
# Known to Deequ, but not to those parsers: the same in Deequ's own words.
DEEQU_ONLY = {
    "ZerosCount": "hasZerosCount",
    "Variance": "hasVariance",
    "Skewness": "hasSkewness",
    "Kurtosis": "hasKurtosis",
    "Range": "hasRange",
    "InterquartileRange": "hasInterquartileRange",
    "DuplicateRowCount": "hasDuplicateRowCount",
}
GLUE_ONLY = ("DetectAnomalies", "FileFreshness", "FileMatch", "FileSize", "FileUniqueness", "AllStatistics")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|[\[({]|[\])}]|,|\n|"|[^"#\[({\])},\n]+', re.DOTALL)
_SECTION = re.compile(r"\s*(Rules|Analyzers)\s*=\s*$", re.IGNORECASE)
_WORD = re.compile(r"\b[A-Za-z]+\b")
_WHERE = re.compile(r'\bwhere\s+"((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """A rule as written, on one line, and the line on which it begins."""

    text: str
    line: int

    @property
    def types(self) -> tuple[str, ...]:
        """The type of the rule, or of every part of a composite one."""
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', self.text)
        if not bare.startswith("("):
            return tuple(_WORD.findall(bare)[:1])
        return tuple(found for part in re.findall(r"\(\s*([A-Za-z]+)", bare) for found in [part])

    @property
    def column(self) -> str:
        """The column that a simple rule is about; empty when it is about the data set, or composite."""
        named = re.match(r'([A-Za-z]+)\s+"((?:[^"\\]|\\.)*)"', self.text)
        about = named and named[1] not in (
            "CustomSql",
            "RowCountMatch",
            "SchemaMatch",
            "DatasetMatch",
            "AggregateMatch",
        )
        return named[2] if named and about and named[1] != "ColumnNamesMatchPattern" else ""

    @property
    def filters(self) -> tuple[str, ...]:
        """The SQL of its `where` clauses."""
        return tuple(found.replace('\\"', '"') for found in _WHERE.findall(self.text))

    @property
    def wholly(self) -> bool:
        """Whether it looks at all columns there are."""
        return any(kind in WHOLE for kind in self.types)

    @property
    def problem(self) -> str:
        """What is wrong with it as far as its type tells; empty when nothing is."""
        if not self.types:
            return f"{self.text[:80]!r} names no rule type."
        for kind in self.types:
            if kind in DEEQU_ONLY:
                return (
                    f"this DQDL parser does not know {kind}. Hint: write it as the check {DEEQU_ONLY[kind]} "
                    "in a YAML file of checks, where DQDL rules may stand beside it."
                )
            if kind in GLUE_ONLY:
                return f"{kind} exists in AWS Glue only. Hint: for changes over time use `anomaly` in a YAML file."
            if kind not in TYPES:
                return f"unknown rule type {kind[:80]!r}.{nearest(kind[:80], TYPES)}"
        return ""


def rules_of(text: str) -> list[Text]:
    r"""The rules of a ruleset, in order; its Analyzers, which only measure, are left out.

    Raises ValueError with the line when brackets or quotes are not balanced, or there is no `Rules = [...]`.

    >>> [(rule.line, rule.text) for rule in rules_of('Rules = [\n IsComplete "a", # here\n (RowCount > 1)\n]')]
    [(2, 'IsComplete "a"'), (3, '(RowCount > 1)')]
    """
    found = [rule for section, rule in _sections(text) if section == "rules" and rule.text]
    if not found:
        raise ValueError('it holds no rules. Hint: a ruleset is Rules = [ IsComplete "id", RowCount > 0 ].')
    return found


@dataclass(slots=True)
class _Reading:
    """Where the reader stands: the section and its rule so far."""

    section: str = ""
    depth: int = 0
    line: int = 1
    begun: int = 0
    parts: str = ""

    def rule(self) -> tuple[str, Text]:
        done = self.section, Text(" ".join(self.parts.split()), self.begun)
        self.parts, self.begun = "", 0
        return done

    def add(self, mark: str) -> None:
        if mark.strip() and not self.begun:
            self.begun = self.line
        self.parts += mark


def _sections(text: str) -> Iterator[tuple[str, Text]]:
    at = _Reading()
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == '"':
            raise ValueError(f"line {at.line}: a quotation mark is not closed.")
        if mark[0] == "#":
            continue
        if mark in "[({":
            yield from _opened(at, mark)
        elif mark in "])}":
            yield from _closed(at, mark)
        elif mark == "," and at.depth == 1:
            yield at.rule()
        else:
            at.add(" " if mark == "\n" else mark)
        at.line += mark.count("\n")
    if at.depth or at.parts.strip():
        raise ValueError(f"line {at.line}: the ruleset ends within {at.section or 'text'!r}. Hint: check its brackets.")


def _opened(at: _Reading, mark: str) -> Iterator[tuple[str, Text]]:
    at.depth += 1
    if at.depth > 1:
        at.add(mark)
        return
    named = _SECTION.match(at.parts)
    if named is None or mark != "[":
        raise ValueError(f"line {at.line}: expected Rules = [ ... ], found {(at.parts + mark).strip()[:80]!r}.")
    at.section = named[1].lower()
    at.rule()
    yield from ()


def _closed(at: _Reading, mark: str) -> Iterator[tuple[str, Text]]:
    at.depth -= 1
    if at.depth < 0:
        raise ValueError(f"line {at.line}: {mark!r} closes nothing.")
    if at.depth:
        at.add(mark)
        return
    yield at.rule()
    at.section = ""
