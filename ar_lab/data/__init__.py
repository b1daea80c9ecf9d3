"""Data: sources of raw objects, their splits, and the batches made of them."""
