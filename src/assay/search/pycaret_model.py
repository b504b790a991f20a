"""A fitted pipeline as PyCaret's own `save_model` writes it, for PyCaret's users."""

import os
import tempfile
import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

# Read when pycaret is first imported.
os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)


def pycaret_model_bytes(pipeline: Any, feature_names: list[str], target: str) -> bytes:
    """Return a fitted pipeline as a file that PyCaret's `load_model` reads.

    PyCaret's `predict_model` scores with it. It is a pickle: for PyCaret's users; Assay never loads it.
    """
    with warnings.catch_warnings():
        # PyCaret's own code raises them; its user cannot mend it.
        warnings.simplefilter("ignore")
        from pycaret.internal.persistence import save_model
        from pycaret.internal.pipeline import Pipeline

        # PyCaret's `predict_model` reads the index of what the transformer gives.
        features = deepcopy(pipeline.named_steps["features"]).set_output(transform="pandas")
        native = Pipeline(
            [("features", features), ("trained_model", pipeline.named_steps["model"])]
        )
        # `fit` would note these; the steps are fitted already.
        native._feature_names_in = [*feature_names, target]
        with tempfile.TemporaryDirectory() as folder:
            save_model(native, str(Path(folder) / "model"), verbose=False)
            return (Path(folder) / "model.pkl").read_bytes()
