"""The pipeline's stages, each a script: `python -m stages.NAME`.

Importing this package pins what would otherwise make results depend on the machine: the number of
threads, and the CPU kernels of NumPy and OpenBLAS, which compute different last digits with and
without AVX-512. The variables are read when NumPy loads, so this must come first. A value that the
user has set is left alone.

It also puts the `src` folder beside it first on the import path: in a copy of the project, as `dvc exp
run --temp` and `--queue` make one, an installed Assay would otherwise run instead of the copy's.
"""

import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

_pins = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
if platform.machine().lower() in {"x86_64", "amd64"}:
    _pins["OPENBLAS_CORETYPE"] = "Haswell"
    _pins["NPY_DISABLE_CPU_FEATURES"] = (
        "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"
    )

for _name, _value in _pins.items():
    os.environ.setdefault(_name, _value)


def kernel_pins() -> dict[str, str]:
    """Return the pins that can change a last digit, as they are in force (threads cannot)."""
    names = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")
    return {name: os.environ[name] for name in names if name in os.environ}
