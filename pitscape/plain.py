"""Results as what JSON can hold."""

import math
from dataclasses import asdict, is_dataclass
from typing import Any


def plain(value: Any) -> Any:  # noqa: ANN401 - results of any kind
    """Data classes, tuples and NaN as objects, lists and null.

    >>> plain({"a": (1, float("nan"))})
    {'a': [1, None]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
