"""The version of Assay; a test compares it with that of the distribution."""

VERSION = "0.1.0"
