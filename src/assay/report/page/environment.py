"""Where the page's templates are filled: everything is escaped."""

import re
from math import isnan
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from assay.decisions.amounts import amount, amount_interval, compared
from assay.metrics.words import metric_words
from assay.report.page.figures import Figures
from assay.report.page.words import metric_meaning, metric_title
from assay.report.rendering import interval, known, number, percent


def page_environment(figures: Figures) -> Environment:
    """Return the environment; a fact that is missing is an error, never a blank."""
    loader = PackageLoader("assay.report")
    environment = Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "interval": interval,
        "known": known,
        "count": lambda value: f"{int(value):,}",
        "amount": amount,
        "amount_interval": amount_interval,
        "compared": compared,
        "exact": exact,
        "metric": metric_title,
        "of_metric": metric_words,
        "meaning": metric_meaning,
        "ticked": ticked,
        "breaking": breaking,
        "there": there,
        "p_value": p_value,
        "day": lambda moment: str(moment)[:10],
    }
    environment.globals |= {
        "value_of": figures.value,
        "estimate": figures.estimate,
        "interval_of": figures.interval,
        # Our own style sheet and script, as they are.
        "asset": lambda name: Markup(loader.get_source(environment, name)[0]),  # noqa: S704
    }
    return environment


def ticked(text: object) -> Markup:
    """Write a text of ours in which backticks mean code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  (escaped)


def breaking(text: object) -> Markup:
    """Write a name that a narrow cell may break behind its underscores."""
    return Markup("_<wbr>").join(escape(part) for part in str(text).split("_"))


def exact(value: float) -> str:
    """Write a number with all its digits."""
    return repr(float(value)).removesuffix(".0")


def there(value: Any) -> bool:
    """Say whether a cell of a table holds something."""
    return value is not None and value != "" and not (isinstance(value, float) and isnan(value))


def p_value(value: float) -> str:
    """Write a p-value: small ones only by their bound."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
