"""leadmart: a warehouse feature store with lead scoring on top."""

__version__ = "0.1.0"
