"""The model card: one page that a sales manager can read, made from the report that `train` stored."""
