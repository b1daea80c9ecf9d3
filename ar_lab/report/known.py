"""The line that holds a model against the known distribution of its data. No torch."""

from typing import Any


def known_lines(metrics: dict[str, Any]) -> list[str]:
    """H(P), H(P, Q) and KL(P || Q) of the test part, and how they were found; nothing where P is not known."""
    if "test/kl_bits_per_dim" not in metrics:
        return []
    names = {
        "entropy H(P)": "entropy_bits_per_dim",
        "cross-entropy H(P, Q)": "bits_per_dim",
        "KL(P || Q)": "kl_bits_per_dim",
    }
    said = ", ".join(f"{words} {_figure(metrics, f'test/{name}')}" for words, name in names.items())
    lines = [f"known source: {said} bits/dim"]
    if count := metrics.get("test/enumerated"):
        lines.append(f"exact: test is the sum over all {count:,} examples, sample is the drawn test part.")
    return lines


def _figure(metrics: dict[str, Any], name: str) -> str:
    value, error = metrics[name], metrics[f"{name}_se"]
    return f"{value:.4f}" if not error else f"{value:.4f} ± {error:.4f}"
