"""Benchmarks: leadmart against named rivals, in alternation, the rows of both compared. See docs/benchmarks.md."""
