"""Headers: names of the columns of the features, from the configuration or from the data.

They name columns by position: features in order, then the label, then the predicted label.
Source: bias_explainability.md 4; contract.md 8.6 (the opening words of errors).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from analyzer.analysis_config import Column
from analyzer.errors import ConfigError
from analyzer.monitors.bias.request import Request
from analyzer.monitors.bias.sides import Sides, listed
from analyzer.sources.attributes import Names

_NAMELESS = re.compile(r"_c\d+")  # what a column without a header is called


@dataclass(frozen=True)
class Headers:
    """Columns of the features by name. answers: columns of predictions among captured ones, which are no features."""

    request: Request
    sides: Sides
    answers: tuple[str, ...] = ()

    @cached_property
    def cells(self) -> dict[str, str]:
        """Columns that features may be, by their own names: those of the requests, below the path of the features."""
        inputs = next(iter(self.sides.inputs), Names((), ""))
        path = self.request.features
        own = inputs.own
        if path:
            below = inputs.group(path)
            own = dict(zip(map(str, below), below.values(), strict=True))
            if not own:
                raise ConfigError(
                    f"Feature names not found. analysis_config at $.features: {path!r} is no key of the data. "
                    f"{listed(list(inputs.own))}"
                )
        return {name: column for name, column in own.items() if column not in self.answers}

    @property
    def _wanted(self) -> list[str]:
        """Headers without those that the configuration gives to the label and the predicted label."""
        config, headers = self.request.config, self.request.headers
        apart = {config.label, config.predicted_label, config.joinsource_name_or_index}
        return [name for at, name in enumerate(headers) if name not in apart and at not in apart]

    @property
    def by_place(self) -> bool:
        """Whether headers name the columns of the features by position: these have other names, or none."""
        wanted = self._wanted
        return bool(wanted) and not set(wanted) <= set(self.cells)

    @cached_property
    def named(self) -> dict[str, str]:
        """Columns of the features by header, or by their own names."""
        headers, cells = self.request.headers, self.cells
        whole = not self.sides.is_captured and not self.request.features
        nameless = whole and headers and any(_NAMELESS.fullmatch(name) for name in cells if name not in headers)
        if not self.by_place and not nameless:
            return dict(cells)
        if whole and len(headers) == len(cells):
            return dict(zip(headers, cells.values(), strict=True))
        wanted = self._wanted
        if nameless or not len(cells) <= len(wanted) <= len(cells) + 2:
            raise ConfigError(
                "Headers in config do not match with the number of columns in the dataset. analysis_config at "
                f"$.headers: {len(wanted)} headers of features, {len(cells)} columns. {listed(list(cells))}"
            )
        return dict(zip(wanted, cells.values(), strict=False))

    @property
    def rest(self) -> list[str]:
        """Headers behind those of the features, where headers name columns by position."""
        return self._wanted[len(self.cells) :] if self.by_place else []

    def known(self, wanted: Column | None) -> str | None:
        """The column of a header, of a position among the headers or the columns, or of a path."""
        if wanted is None:
            return None
        names = self.request.headers or tuple(self.named)
        if isinstance(wanted, int):
            return self.named.get(names[wanted]) if wanted < len(names) else None
        if wanted in self.named:
            return self.named[wanted]
        return next(filter(None, (side.found(wanted) for side in self.sides.inputs)), None)
