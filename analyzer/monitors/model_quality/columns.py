"""Columns: where the data holds what a request asks for; what cannot be found is an error that lists what there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.errors import ConfigError, nearest
from analyzer.log import one_line
from analyzer.monitors.model_quality.request import BINARY, MULTICLASS, Request
from analyzer.sources.attributes import Extract, Names
from analyzer.sources.record import GROUND_TRUTH, column_of

ANSWERS = ("endpointOutput", "batchTransformOutput", "endpointInput", "batchTransformInput")
LISTED = 30  # columns that an error names
USUAL_LABELS = ("0", "label")  # of ground truth with several cells, when nobody says which is the label

_SPECIAL = re.compile(r"[\[\](){}|*@&?!<>=`]")


@dataclass(frozen=True)
class Columns:
    """Columns of the data.

    prediction, score: None where the request has none. scores: class and column of its score, for every class.
    """

    label: str
    prediction: str | None = None
    score: str | None = None
    scores: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Finder:
    """Looks among the columns of the first rows; without any rows it takes the request's own words for columns."""

    request: Request
    columns: Sequence[str]
    separator: str = "."

    @property
    def found(self) -> Columns:
        """The columns of the request; ConfigError names the attribute that was not found, and what there is."""
        asked = self.request
        if not self.columns:
            return Columns(asked.label or column_of(GROUND_TRUTH, 0), asked.prediction, asked.score)
        prediction = self._named("inference_attribute", asked.prediction) if asked.prediction else None
        score, scores = self._scored(asked.score) if asked.score else (None, ())
        if asked.problem == MULTICLASS and prediction is None and not scores:
            raise ConfigError(
                f"probability_attribute={asked.score!r} is one score, which cannot tell several classes apart. Hint: "
                "set inference_attribute, or let probability_attribute name the list of the scores of all classes."
            )
        return Columns(self._label, prediction, score, scores)

    @property
    def extracts(self) -> tuple[Extract, ...]:
        """Attributes that are no column, to be looked for in JSON payloads as expressions."""
        if not self.columns:
            return self._expressions
        sides = [side for side in self._sides if side.side]
        found = [Extract(side.side, text) for side in sides for text in self._unknown_answers]
        if sides and self._lacks_label:
            found.append(Extract(GROUND_TRUTH, self.request.label or ""))
        return tuple(found)

    @property
    def is_wanting(self) -> bool:
        """Whether something was not found among the columns."""
        return bool(self.columns) and bool(self._unknown_answers or self._lacks_label)

    @property
    def _unknown_answers(self) -> list[str]:
        asked = self.request
        return [text for text in (asked.prediction, asked.score) if text and not self._is_known(text)]

    @property
    def _lacks_label(self) -> bool:
        label = self.request.label
        return bool(label) and not self._truth.found(label or "") and not self._is_known(label or "")

    @property
    def _expressions(self) -> tuple[Extract, ...]:
        """Attributes that are no plain names: without them the sides of the records may not pair."""
        asked = self.request
        answers = [text for text in (asked.prediction, asked.score) if text and _SPECIAL.search(text)]
        found = [Extract(side, text) for side in ANSWERS[:2] for text in answers]
        return (*found, *([Extract(GROUND_TRUTH, asked.label)] if asked.label and _SPECIAL.search(asked.label) else []))

    @property
    def unpaired(self) -> ConfigError:
        """The error of expressions that leave no rows."""
        named = " and ".join(dict.fromkeys(repr(each.attribute) for each in self.extracts))
        names = [name.partition(".")[2] for name in self.columns]
        return ConfigError(
            f"{named}: not found, or not one value for each row of the other side of a record. {_listed(names)}"
        )

    def _is_known(self, attribute: str) -> bool:
        return any(side.found(attribute) or self._grouped(side, attribute) for side in self._sides)

    @property
    def _sides(self) -> list[Names]:
        """The parts of the data predictions are looked for in, the likeliest first."""
        sides = [Names(self.columns, side, self.separator) for side in ANSWERS]
        return [side for side in sides if side.own] or [Names(self.columns, "", self.separator)]

    @property
    def _truth(self) -> Names:
        return Names(self.columns, GROUND_TRUTH, self.separator)

    @property
    def _label(self) -> str:
        wanted, truth = self.request.label, self._truth
        if wanted:
            found = truth.found(wanted) or next(filter(None, (side.found(wanted) for side in self._sides)), None)
            if found is None:
                own = list(truth.own or self.columns)
                raise ConfigError(f"ground_truth_attribute={wanted!r}: the data has no such column. {_listed(own)}")
            return found
        if not any(side.side for side in self._sides) and not truth.own:
            raise ConfigError(f"ground_truth_attribute is not set. {_listed(self.columns)}")
        if len(truth.own) <= 1:
            return next(iter(truth.own.values()), column_of(GROUND_TRUTH, 0))
        for name in USUAL_LABELS:
            if name in truth.own:
                return truth.own[name]
        raise ConfigError(f"the ground truth has several columns. {_listed(list(truth.own))}")

    def _named(self, setting: str, attribute: str) -> str:
        found = next(filter(None, (side.found(attribute) for side in self._sides)), None)
        if found is None:
            from analyzer.sources.extraction import problem_of  # noqa: PLC0415 - few jobs need it

            own = [name for side in self._sides for name in side.own]
            close = nearest(attribute, own[:1000]) if len(own) > LISTED else ""
            wrong = problem_of(attribute)
            why = f" As an expression it is wrong: {wrong}." if wrong and not attribute.isidentifier() else ""
            raise ConfigError(f"{setting}={attribute!r}: the data has no such column.{why}{close} {_listed(own)}")
        return found

    def _scored(self, attribute: str) -> tuple[str | None, tuple[tuple[str, str], ...]]:
        """The column of the score, or the columns of the scores per class."""
        group = next(filter(None, (self._grouped(side, attribute) for side in self._sides)), {})
        if not group:
            return self._named("probability_attribute", attribute), ()
        if self.request.problem == BINARY:
            return self._of_positive(attribute, group), ()
        return None, tuple(group.items())

    def _grouped(self, side: Names, attribute: str) -> dict[str, str]:
        """Columns of scores by class; none when the attribute names one column."""
        if side.found(attribute):
            return {}
        listed = [side.found(part.strip()) for part in attribute.split(",")]
        if len(listed) > 1 and all(listed):
            return {str(at): column for at, column in enumerate(listed) if column}
        return side.group(attribute)

    def _of_positive(self, attribute: str, group: dict[str, str]) -> str:
        wanted = self.request.positive or "1"
        if wanted in group:
            return group[wanted]
        if len(group) == 1:
            return next(iter(group.values()))
        raise ConfigError(
            f"probability_attribute={attribute!r} names {len(group)} scores, none of the positive class {wanted!r}. "
            f"{_listed(list(group))}"
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(repr(name), 80) for name in names[:LISTED])
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"Hint: there are {shown}{more}." if names else "Hint: there is none at all."
