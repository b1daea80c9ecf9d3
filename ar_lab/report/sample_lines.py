"""What task=sample says of its draws, a line each. No torch."""

from typing import Any


def sample_lines(result: dict[str, Any]) -> list[str]:
    """Speed and passes, in what the draws are approximate, and whether another sampler drew the same."""
    unit, count = result["unit"], result["count"]
    speed = f"{result[f'{unit}_per_second']:,.1f} {unit}/s"
    passes = f"{result['passes']:,} passes ({result['sampler']})"
    lines = [f"{count} drawn in {result['seconds']:.2f} s: {speed}, {passes}", *result["notes"]]
    return lines + ([_verified(result["verify"], count)] if "verify" in result else [])


def _verified(verify: dict[str, Any], count: int) -> str:
    if verify["differing"] == 0:
        return f"verified by {verify['sampler']}: the same {count} from the same noise"
    where = f"the first in dimension {verify['first_dimension']}, by at most {verify['largest']:.3g}"
    return f"verified by {verify['sampler']}: {verify['differing']} of {count} differ, {where}"
