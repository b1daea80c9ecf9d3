"""What watches a training run: its checkpoints, curves, progress bar and sample gallery."""
