"""Settle, audit and Gold on Spark: which queries of jobs/sql run over which inputs, and what becomes of their rows."""
