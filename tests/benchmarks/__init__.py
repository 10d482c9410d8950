"""Ratios that must hold on any machine, and seconds for the reader; `python -m tests.benchmarks` prints them."""
