"""What Hydra needs to find our sweepers and launchers: adapters, cheap to import, of what `ar_lab` does."""
