"""Anomalies: scores of examples by a trained model, and how well a score tells two samples apart."""
