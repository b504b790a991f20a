"""The page's sections, in the order in which somebody on call asks."""

from assay.report.page.sections import Section


def monitoring_sections() -> list[Section]:
    """Return the sections of the page."""
    return [
        Section("verdict", "Verdict", "Verdict"),
        Section("figures", "Key figures", "Key figures"),
        Section("batches", "Batch by batch", "Batch by batch"),
        Section("outputs", "What the model answered", "Predictions"),
        Section("inputs", "What came in", "Inputs"),
        Section("outcomes", "How good it was", "Performance"),
        Section("operations", "How the jobs went", "Operations"),
        Section("limits", "How the limits were made, and what cannot be told", "Limits"),
        Section("identity", "Which files and which model", "Identity"),
    ]
