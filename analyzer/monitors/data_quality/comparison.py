"""Comparison: the profile of a window against the constraints and statistics of its baseline.

Source: contract.md sections 6.4 to 6.6. What differs by default is listed in docs/differences.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analyzer.fold import Failure, Fold
from analyzer.folds.domains import Domains
from analyzer.folds.examples import Breach, Examples, Expectation
from analyzer.folds.quantiles import Sketch
from analyzer.monitors.data_quality.profile import Column, Profile
from analyzer.options import Options as JobOptions
from analyzer.reports import violations as sentences
from analyzer.reports.constraints import Constraints, FeatureConstraints, Options
from analyzer.reports.statistics import Feature, Statistics
from analyzer.reports.violations import Violation
from analyzer.schema import Kind
from analyzer.views import distance as distances
from analyzer.views.sketch import distribution

NOT_ALIGNED = "The columns have no names and are not as many as the baseline's, so nothing else was checked."
KINDS = {kind.label: kind for kind in Kind}


@dataclass(frozen=True)
class Judgement:
    """Violations in the order of the baseline's features, and every drift distance that was measured."""

    violations: list[Violation]
    drift: dict[str, float]
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """What a baseline asks of a window.

    constraints: always. statistics: needed for drift only. strict: repeat the closed image's quirks.
    """

    constraints: Constraints
    statistics: Statistics | None
    options: JobOptions
    strict: bool = False

    @property
    def folds(self) -> tuple[Fold, ...]:
        """What must be counted in the scan beyond the profile."""
        return (self.domains, self.examples)

    @property
    def domains(self) -> Domains:
        listed = {feature.name: self._listed(feature) for feature in self.constraints.features}
        return Domains(tuple((name, texts) for name, texts in listed.items() if texts))

    @property
    def examples(self) -> Examples:
        if self.strict:
            return Examples(())
        features = self.constraints.features
        return Examples(tuple(wish for each in features for wish in _expectations(each)), self.options.example_ids)

    def judge(self, profile: Profile, results: Mapping[Fold, Any], *, aligned: bool) -> Judgement:
        """Everything that is wrong with the window.

        aligned: columns can be told by their names; otherwise only when there are as many as the baseline has.
        """
        aligned = aligned or len(profile.columns) == len(self.constraints.features)
        judge = _Judge(self, profile, results)
        found = list(self._columns(profile, aligned=aligned))
        if aligned:
            for feature in self.constraints.features:
                column = profile.columns.get(feature.name)
                if column is not None:
                    found.extend(judge.feature(feature, column))
        return Judgement(found, judge.drift, judge.notices)

    def _columns(self, profile: Profile, *, aligned: bool) -> Iterator[Violation]:
        live, known = list(profile.columns), [feature.name for feature in self.constraints.features]
        if not profile.rows:
            return
        missing = [name for name in known if name not in profile.columns]
        extra = [name for name in live if name not in set(known)]
        if self.strict or not aligned:
            missing, extra = missing * (len(live) < len(known)), extra * (len(live) > len(known))
        if missing:
            hint = f"Missing: {_listing(missing)}." if aligned else NOT_ALIGNED
            yield _with(sentences.missing_columns(len(live), len(known)), hint=hint)
        if extra:
            hint = f"Extra: {_listing(extra)}." if aligned else NOT_ALIGNED
            yield _with(sentences.extra_columns(len(live), len(known)), hint=hint)

    def _listed(self, feature: FeatureConstraints) -> tuple[str, ...]:
        """Texts of a feature worth counting: its domain, and the categories drift is measured on."""
        domains = feature.domains or ()
        before = self.baseline(feature.name)
        categories = (before.categories or {}) if before is not None else {}
        return tuple(dict.fromkeys([*domains, *categories]))

    def baseline(self, name: str) -> Feature | None:
        """The baseline's statistics of a column."""
        if self.statistics is None:
            return None
        return next((feature for feature in self.statistics.features if feature.name == name), None)


class _Judge:
    """The checks of one column after the other."""

    def __init__(self, comparison: Comparison, profile: Profile, results: Mapping[Fold, Any]) -> None:
        self.comparison = comparison
        self.profile = profile
        self.strict = comparison.strict
        self.drift: dict[str, float] = {}
        self.notices: list[str] = []
        self._domains = _sound(results[comparison.domains])
        self._examples = _sound(results[comparison.examples])
        statistics = comparison.statistics
        self._baseline = {feature.name: feature for feature in statistics.features} if statistics else {}

    def feature(self, feature: FeatureConstraints, column: Column) -> Iterator[Violation]:
        options = self.comparison.constraints.options(feature.name)
        if not options.evaluate:
            return
        wrong_type = self._data_type(feature, column, options)
        if wrong_type is not None:
            yield wrong_type
        checks = [self._completeness, self._domain, self._sign]
        for check in checks:
            found = check(feature, column, options)
            if found is not None:
                yield found
        if wrong_type is None or self.comparison.options.check_after_type_violation:
            drifted = self._drift(column, options)
            if drifted is not None:
                yield drifted

    def _data_type(self, feature: FeatureConstraints, column: Column, options: Options) -> Violation | None:
        expected = KINDS.get(feature.inferred_type)
        present = column.kinds.present
        if expected is None or expected in (Kind.UNKNOWN, Kind.STRING) or not present:
            return None
        matching = int(sum(column.kinds.classes[kind] for kind in accepted(expected)))
        if expected is Kind.FRACTIONAL and not self.strict:
            matching += column.kinds.non_finite_texts  # as in the decision on the baseline's type
        if expected is Kind.INTEGRAL and self.comparison.options.whole_numbers_are_integral:
            matching += column.kinds.whole
        if matching / present >= options.datatype_threshold:
            return None
        hint = None
        if expected is Kind.INTEGRAL and matching + column.kinds.whole == present:
            hint = "All other values are whole numbers spelled as fractions (1.0); see whole_numbers_are_integral."
        found = sentences.data_type(feature.name, expected.label, matching, present, options.datatype_threshold)
        return _with(found, options, self._seen(feature.name, Breach.TYPE), hint)

    def _completeness(self, feature: FeatureConstraints, column: Column, options: Options) -> Violation | None:
        wanted = feature.completeness
        if wanted is None or not column.rows or column.completeness >= wanted - options.completeness_tolerance:
            return None
        found = sentences.completeness(feature.name, wanted, column.kinds.present, column.rows)
        return _with(found, options, self._seen(feature.name, Breach.MISSING))

    def _domain(self, feature: FeatureConstraints, column: Column, options: Options) -> Violation | None:
        counts, present = self._domains.get(feature.name), column.kinds.present
        if feature.domains is None or counts is None or not present:
            return None
        known = sum(counts[text] for text in dict.fromkeys(feature.domains))
        if known / present >= options.domain_threshold:
            return None
        found = sentences.categorical_values(feature.name, known, present, options.domain_threshold)
        return _with(found, options, self._seen(feature.name, Breach.DOMAIN))

    def _sign(self, feature: FeatureConstraints, column: Column, options: Options) -> Violation | None:
        if self.strict or not feature.is_non_negative or not column.kinds.negative or column.moments is None:
            return None
        found = sentences.non_negative(feature.name, column.moments.minimum)
        found.counts = {"present": column.kinds.present, "negative": column.kinds.negative}
        return _with(found, options, self._seen(feature.name, Breach.NEGATIVE))

    def _drift(self, column: Column, options: Options) -> Violation | None:
        before = self._baseline.get(column.name)
        if before is None or not options.compare:
            return None
        minimum = options.minimum_samples or self.comparison.options.minimum_samples or 1
        if column.kinds.present < minimum:
            self.notices.append(f"{column.name}: drift not judged, {column.kinds.present} values are too few")
            return None
        if before.levels is not None:
            return self._numeric_drift(column, before, options)
        if before.categories and column.kind is not Kind.UNKNOWN:
            return self._category_drift(column, before.categories, options)
        return None

    def _numeric_drift(self, column: Column, before: Feature, options: Options) -> Violation | None:
        if column.sketch is None or before.levels is None:
            return None
        view = distances.deequ_distribution if self.strict else distribution
        baseline, current = view(Sketch(levels=before.levels)), view(column.sketch)
        raw = distances.ks_distance(baseline, current)
        return self._too_far(column, raw, (baseline.count, current.count), options)

    def _category_drift(self, column: Column, before: dict[str, int], options: Options) -> Violation | None:
        current = self._categories(column, before)
        rest = column.kinds.present - sum(current.values())
        if options.categorical_method == "ChiSquared":
            # Texts that are neither known nor frequent count as one category of new mass.
            return self._chi_squared(column, before, current | ({"\0rest": rest} if rest else {}), options)
        raw = distances.category_distance(before, current, rest)
        relaxed = replace(options, comparison_threshold=options.categorical_threshold)
        return self._too_far(column, raw, (sum(before.values()), column.kinds.present), relaxed)

    def _categories(self, column: Column, before: dict[str, int]) -> dict[str, int]:
        """Current counts: all of them while few; else of the baseline's texts and the frequent ones."""
        if column.categories is not None:
            return column.categories
        counts = self._domains[column.name]
        return {text: counts[text] for text in before} | {
            text: rows for text, rows in column.frequent.counts.items() if text not in before
        }

    def _chi_squared(
        self, column: Column, before: dict[str, int], current: dict[str, int], options: Options
    ) -> Violation | None:
        test = (distances.deequ_chi_square if self.strict else distances.homogeneity)(before, current)
        if test is None:
            return None
        p_value, limit = test.p_value, options.categorical_threshold
        self.drift[column.name] = p_value
        if p_value >= limit:
            return None
        found = sentences.drift_p_value(column.name, p_value, limit)
        found.counts = {"baseline": sum(before.values()), "current": sum(current.values())}
        return _with(found, options)

    def _too_far(self, column: Column, raw: float | None, sizes: tuple[int, int], options: Options) -> Violation | None:
        """A violation when the distance exceeds its threshold. sizes: of the baseline and of the current sample."""
        if raw is None:
            return None
        distance = raw if options.comparison_method == "Simple" else distances.robust(raw, *sizes)
        self.drift[column.name] = distance
        if distance <= options.comparison_threshold:
            return None
        found = sentences.drift(column.name, distance, options.comparison_threshold)
        found.counts = dict(zip(("baseline", "current"), sizes, strict=True))
        return _with(found, options)

    def _seen(self, name: str, breach: Breach) -> list[str]:
        """Event ids of rows that break an expectation of the column."""
        return next((ids for wish, ids in self._examples.items() if (wish.column, wish.breach) == (name, breach)), [])


def accepted(expected: Kind) -> tuple[Kind, ...]:
    """Classes of cells a column of that type may hold."""
    return (Kind.FRACTIONAL, Kind.INTEGRAL) if expected is Kind.FRACTIONAL else (expected,)


def _expectations(feature: FeatureConstraints) -> Iterator[Expectation]:
    expected = KINDS.get(feature.inferred_type)
    if expected is not None and expected not in (Kind.UNKNOWN, Kind.STRING):
        yield Expectation(feature.name, Breach.TYPE, kinds=tuple(map(int, accepted(expected))))
    if feature.completeness:
        yield Expectation(feature.name, Breach.MISSING)
    if feature.domains:
        yield Expectation(feature.name, Breach.DOMAIN, texts=tuple(feature.domains))
    if feature.is_non_negative:
        yield Expectation(feature.name, Breach.NEGATIVE)


def _sound(result: Any) -> dict[Any, Any]:
    return {} if isinstance(result, Failure) else result


def _with(
    violation: Violation, options: Options | None = None, examples: list[str] | None = None, hint: str | None = None
) -> Violation:
    """The violation with what helps to look into it."""
    violation.severity = options.severity if options else "error"
    violation.examples = examples or None
    violation.hint = hint
    return violation


def _listing(names: list[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
