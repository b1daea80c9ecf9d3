"""Likelihood figures of held-out data: scored in nats, in the units of the raw data, with their error."""
