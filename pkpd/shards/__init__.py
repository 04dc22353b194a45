"""Millions of patients: drawn, simulated and summarised shard by shard, on any executor, and resumed after a stop."""
