"""The entry of the scorer that lies in a run folder: `python RUN_FOLDER/scorer`.

It is copied there as `scorer/__main__.py`, beside the source files that scoring needs, and is part of no
import. It needs no project around it: the model is the run folder in which it lies.
"""

import os
import sys
from pathlib import Path

# A run folder holds what its manifest lists and nothing else, so no byte code either; also not that of
# worker processes.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

SCORER = Path(__file__).resolve().parent


def forget_own_byte_code() -> None:
    """Remove the byte code that Python wrote of this file before it ran it."""
    cached = Path(getattr(__spec__, "cached", None) or SCORER).resolve()
    if SCORER in cached.parents:
        try:
            cached.unlink(missing_ok=True)
            cached.parent.rmdir()
        except OSError:
            # Nothing was written into a folder that is read-only; another scorer may be as far.
            pass


def main(arguments: list[str]) -> None:
    """Score with the run folder in which this file lies, unless another one is named."""
    # First: it pins the kernels of NumPy, which reads the variables when it is imported.
    import stages  # noqa: F401
    from stages._stage import exit_on_error
    from stages.predict import main as predict

    # Of an option that is given twice the last one counts; these two exclude each other.
    elsewhere = any(word.split("=")[0] == "--rev" for word in arguments)
    own = [] if elsewhere else ["--model", str(SCORER.parent)]
    exit_on_error(lambda: predict([*own, *arguments]))


def tell_absence(module: str) -> None:
    """Say which library is not installed, and which file has it."""
    base, extras = (
        SCORER.parent / "env" / f"requirements-scoring{kind}.txt" for kind in ("", "-extras")
    )
    distribution = module.split(".", maxsplit=1)[0].replace("_", "-")
    optional = extras.is_file() and f"\n{distribution}==" in extras.read_text(encoding="utf-8")
    files = f"-r {base} -r {extras}" if optional else f"-r {base}"
    print(
        f"error: {module} is not installed. Install what this needs: "
        f"python -m pip install --require-hashes {files}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    forget_own_byte_code()
    try:
        main(sys.argv[1:])
    except ModuleNotFoundError as absent:
        if not absent.name or absent.name.split(".")[0] in {"assay", "stages"}:
            raise
        tell_absence(absent.name)
        sys.exit(14)
