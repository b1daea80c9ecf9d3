"""Causal parts that networks are made of, each with the incremental twin that repeats it from caches."""
