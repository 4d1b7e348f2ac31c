"""Columns: where the data holds the label, the prediction, the facets, the group and the features.

Source: bias_explainability.md 4; contract.md 3.5, 8.2 and 8.6 (the opening words of errors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from analyzer.analysis_config import Column
from analyzer.counting.labels import Likeliest
from analyzer.errors import ConfigError
from analyzer.monitors.bias.headers import Headers
from analyzer.monitors.bias.request import Request
from analyzer.monitors.bias.sides import Sides, listed, shown
from analyzer.sources.attributes import Extract
from analyzer.sources.record import GROUND_TRUTH, column_of

USUAL_LABELS = ("0", "label")  # of ground truth with several cells, when nobody says which is the label


@dataclass(frozen=True)
class Columns:
    """Columns of the data; facets and features by their names in reports.

    predicted: of classes or, when is_score, of a score; None without predictions.
    """

    label: str
    label_name: str
    predicted: str | Likeliest | None
    is_score: bool
    facets: tuple[tuple[str, str], ...]
    group: str | None
    features: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Finder:
    """Looks among the columns of the first rows."""

    request: Request
    columns: Sequence[str]
    separator: str = "."

    @property
    def found(self) -> Columns:
        """The columns of the request; ConfigError names what was not found, and what there is."""
        named = self._headers.named  # before anything else: headers that do not fit explain what is not found
        predicted, is_score = self._predicted
        facets = tuple(self._facet(at) for at in range(len(self.request.facets)))
        group = self.request.config.group_variable
        label = self._label
        used = {label, *(predicted.columns if isinstance(predicted, Likeliest) else [predicted])}
        gone = {self._headers.known(each) for each in self._apart}
        features = tuple((name, column) for name, column in named.items() if column not in used | gone)
        group_column = None if group is None else self._column("group_variable", group)
        return Columns(label, self._label_name, predicted, is_score, facets, group_column, features)

    @property
    def extracts(self) -> tuple[Extract, ...]:
        """Attributes that are no column, to be looked for in JSON payloads as expressions."""
        if not self._sides.is_captured:
            return ()
        asked = [text for text in self.request.answer(captured=True) if isinstance(text, str)]
        wanted = [text for text in asked if self._by_header(text) is None]
        missing = [
            text for text in wanted if not any(side.found(text) or side.group(text) for side in self._sides.answers)
        ]
        found = [Extract(side.side, text) for side in self._sides.answers for text in missing]
        label = self.request.label
        if isinstance(label, str) and len(self._sides.truth.own) > 1 and not self._sides.truth.found(label):
            found.append(Extract(GROUND_TRUTH, label))
        return tuple(found)

    @cached_property
    def _sides(self) -> Sides:
        return Sides(self.columns, self.separator)

    @cached_property
    def _headers(self) -> Headers:
        predicted = self._predicted[0] if self._sides.is_captured else None  # those of a table need the headers
        answers = predicted.columns if isinstance(predicted, Likeliest) else (predicted,)
        return Headers(self.request, self._sides, tuple(filter(None, answers)))

    @property
    def _apart(self) -> list[Column | None]:
        config = self.request.config
        return [*(config.excluded_columns or ()), config.joinsource_name_or_index]

    @cached_property
    def _label(self) -> str:
        wanted = self.request.label
        if not self._sides.is_captured:
            if wanted is None:
                raise ConfigError(f"analysis_config at $.label: it is missing. {listed(self.columns)}")
            return self._tabular("label", wanted, "Headers must contain label.")
        own = self._sides.truth.own
        if not own:
            raise ConfigError(
                "the captured records have no ground truth, which holds the labels. Hint: set ground_truth_source, or "
                "give merged records."
            )
        named = self._sides.truth.found(str(wanted)) if wanted is not None else None
        usual = next((own[name] for name in USUAL_LABELS if name in own), None)
        if named is None and len(own) > 1 and usual is None:
            raise ConfigError(f"ground_truth_attribute: the ground truth has several columns. {listed(list(own))}")
        return named or (next(iter(own.values())) if len(own) == 1 else usual or "")

    @property
    def _label_name(self) -> str:
        """What reports call the label: the header, whatever path leads to it."""
        wanted, headers = self.request.config.label, self.request.headers
        if isinstance(wanted, int):
            return headers[wanted] if wanted < len(headers) else self._label
        if wanted is not None and (wanted in headers or not headers):
            return wanted
        rest = self._headers.rest
        return next(iter(rest), None) or wanted or self._label

    @cached_property
    def _predicted(self) -> tuple[str | Likeliest | None, bool]:
        """The column of the predictions, and whether it holds scores."""
        headers = self.request.config.predictor
        label, score = self.request.answer(captured=self._sides.is_captured)
        label_setting, score_setting = self.request.answer_settings(captured=self._sides.is_captured)
        if label is not None:
            return self._by_header(label) or self._answer(label_setting, label), False
        if score is None:
            return self._sides.only_answer, self._sides.only_answer is not None
        parts = str(score).split(",")
        groups = [{str(at): side.found(part.strip()) for at, part in enumerate(parts)} for side in self._sides.answers]
        group = next((found for found in groups if len(parts) > 1 and all(found.values())), None)
        for side in self._sides.answers if group is None else ():
            if side.found(str(score)) is None and side.group(str(score)):
                group = dict(side.group(str(score)))
        if not group:
            return self._answer(score_setting, score), True
        named = [str(name) for name in (headers.label_headers or [] if headers else [])]
        classes = tuple(named) if len(named) == len(group) else tuple(group)
        return Likeliest(classes, tuple(filter(None, group.values()))), False

    def _answer(self, setting: str, wanted: Column) -> str:
        if not self._sides.is_captured:
            return self._tabular(setting, wanted, f"{setting}={wanted!r}: the data has no such column.")
        found = next(filter(None, (side.found(str(wanted)) for side in self._sides.answers)), None)
        if found is None:
            raise ConfigError(f"{setting}={wanted!r}: the data has no such column. {self._outputs(setting)}")
        return found

    def _by_header(self, wanted: Column) -> str | None:
        """The answer that a header names: the only cell there is, since headers call answers by no position."""
        is_name = wanted in self.request.headers and not any(side.found(str(wanted)) for side in self._sides.answers)
        return self._sides.only_answer if is_name and self._sides.is_captured else None

    def _outputs(self, setting: str) -> str:
        """A hint with what may be named instead."""
        sides = {side.side: list(side.own) for side in self._sides.answers}
        outputs = [name for side, own in sides.items() if side.endswith("Output") for name in own]
        if not outputs:
            return f"Hint: no outputs were captured; the inputs have {shown([*chain(*sides.values())])}."
        attribute = "probability_attribute" if "probability" in setting else "inference_attribute"
        return f"Hint: the outputs have {shown(outputs)}; name one of them in {attribute}."

    def _facet(self, at: int) -> tuple[str, str]:
        wanted = self.request.facets[at].name_or_index
        names = self.request.headers or tuple(self._headers.named)
        name = wanted if isinstance(wanted, str) else names[wanted] if wanted < len(names) else str(wanted)
        return name, self._column(f"facet[{at}].name_or_index", wanted)

    def _column(self, key: str, wanted: Column) -> str:
        """The column of a facet or of the group variable."""
        found = self._headers.known(wanted)
        if found is None:
            words = "Unable to locate the facet. " if key.startswith("facet") else ""
            shown = list(dict.fromkeys([*self._headers.named, *self.request.headers]))
            raise ConfigError(f"{words}analysis_config at $.{key}: the data has no column {wanted!r}. {listed(shown)}")
        return found

    def _tabular(self, key: str, wanted: Column, words: str) -> str:
        """A column of a table, by header, position or path."""
        names = self._sides.table
        found = self._headers.named.get(str(wanted)) if self._headers.by_place and isinstance(wanted, str) else None
        found = found or names.found(str(wanted))
        if found is None:
            where = f"analysis_config at $.{key}: " if key == "label" else ""
            raise ConfigError(f"{words} {where}The data has no column {wanted!r}. {listed(self.columns)}")
        return found


def without_rows(request: Request) -> Columns:
    """The request's own words for columns, for data without a single row."""
    label = column_of(GROUND_TRUTH, 0)
    names = tuple((str(facet.name_or_index), str(facet.name_or_index)) for facet in request.facets)
    return Columns(label, str(request.config.label or label), None, False, names, None, ())
