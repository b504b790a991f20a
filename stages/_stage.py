"""What every stage script does around its work: params in, errors out, seconds noted."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from assay import artifacts
from assay.errors import AssayError
from assay.params import Params, parse_params

PARAMS = Path("params.yaml")
TIMINGS = Path("reports/timings")


@dataclass(frozen=True)
class Stage:
    """The interface of a stage, as `dvc.yaml` has it; a test compares the two.

    Attributes
    ----------
    name : str
        The stage's name.
    sections : tuple of str
        The sections of `params.yaml`, or single keys of one, that it reads; it can see no others.
    reads, writes : dict of str to Path
        Its files and folders by a short name, relative to the project's folder.
    """

    name: str
    sections: tuple[str, ...]
    reads: Mapping[str, Path]
    writes: Mapping[str, Path]

    def params(self) -> "Sections":
        """Read and check `params.yaml`; return this stage's sections of it."""
        params = parse_params(artifacts.read_yaml(PARAMS), str(PARAMS))
        return Sections(params, self.sections)


class Sections:
    """The declared sections of `params.yaml` as attributes; an undeclared one is not there.

    A section may be single keys of it, such as `evaluate.ece_bins`.
    """

    def __init__(self, params: Params, declared: tuple[str, ...]) -> None:
        for name in declared:
            section, _, key = name.partition(".")
            # `validate` is the name of a method of every pydantic model.
            value: Any = getattr(params, "validate_" if section == "validate" else section)
            if key:
                known = vars(getattr(self, section, SimpleNamespace()))
                value = SimpleNamespace(**known, **{key: getattr(value, key)})
            setattr(self, section, value)


def run(stage: Stage, main: Callable[[], None]) -> None:
    """Run a stage; print an `AssayError` alone and exit with its code; note the seconds it took.

    A stage takes no arguments; `--help` prints its question, inputs and guarantee.
    """
    argparse.ArgumentParser(
        prog=f"python -m stages.{stage.name}",
        description=sys.modules[main.__module__].__doc__,
        epilog="Its settings are in params.yaml, its files in dvc.yaml.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    started = time.perf_counter()
    exit_on_error(main)
    seconds = round(time.perf_counter() - started, 3)
    artifacts.write_json(TIMINGS / f"{stage.name}.json", {"stage_seconds": seconds})


def exit_on_error(main: Callable[[], None]) -> None:
    """Run `main`; print an `AssayError` alone, without traceback, and exit with its code."""
    try:
        main()
    except AssayError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def say(line: str) -> None:
    """Print a line of progress at once, also where the output is a pipe."""
    print(line, flush=True)
