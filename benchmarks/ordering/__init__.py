"""The paper's ordering on real data at a small scale: ``docs/results.md``."""
