"""Arrow without pandas.

pyarrow loads pandas, where it is installed, at the first array it makes: a quarter of a second and 40 MB in every
process, for nothing that is used here. (pyspark needs pandas to be installed, so the image has it.)
"""

from __future__ import annotations

import sys

import pyarrow as pa


class _NoPandas:
    """An importer to whom pandas does not exist; everything else is left to the others."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        del path, target
        if name == "pandas":
            raise ModuleNotFoundError(name)


def leave_pandas_out() -> None:
    """Let pyarrow find at its first array that there is no pandas; later imports of pandas work as ever.

    Conversions such as `to_pandas` look again. For processes of our own: a user's process is left as it is.
    """
    if "pandas" in sys.modules:
        return
    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NoPandas)
