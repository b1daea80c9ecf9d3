"""What a proof finds, and the certificate that all of them make."""

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Literal

from jaxtyping import Int8
from torch import Tensor

Verdict = Literal["proved", "refuted", "not checked"]


@dataclass(frozen=True)
class Finding:
    """One measurement that a proof rests on; it refutes when it is above its tolerance, or no number at all."""

    figure: float
    tolerance: float
    unit: str
    checked: int  # of `total` `things`
    total: int
    things: str
    note: str | None = None
    stopped: bool = False  # by the clock

    @property
    def refutes(self) -> bool:
        return not self.figure <= self.tolerance

    @property
    def severity(self) -> tuple[bool, float]:
        """Of two findings, the greater one is the one to tell."""
        return self.refutes, self.figure / self.tolerance if self.tolerance else self.figure


@dataclass(frozen=True)
class Proof:
    """One statement about a model, and what came of checking it."""

    name: str
    statement: str
    verdict: Verdict
    figure: float | None = None  # the worst one that was measured
    tolerance: float | None = None
    unit: str | None = None
    checked: list[str] = field(default_factory=list)  # how many of what
    note: str | None = None
    stopped: bool = False  # by the clock, before all was checked that was meant to be
    seconds: float = 0.0

    @property
    def reason(self) -> str:
        """The worst figure beside its tolerance, and what there is to say about it."""
        if self.figure is None or (self.note and not isfinite(self.figure)):  # an error is no measurement
            return self.note or ""
        measured = f"{self.figure:.2g} {self.unit}, tolerance {self.tolerance:.2g}"
        return f"{measured}; {self.note}" if self.note else measured


@dataclass(frozen=True)
class Dependence:
    """Which places were seen to depend on which: the picture of a receptive field."""

    pairs: Int8[Tensor, "places places"]  # entry [i, j], of params_i and x_j: one of the numbers below

    UNCHECKED = 0
    UNSEEN = 1  # and not claimed to be seen
    SEEN = 2
    FAINT = 3  # claimed; below rounding with these weights
    BLIND = 4  # claimed, and not seen
    LEAK = 5  # seen, and not claimed


@dataclass(frozen=True)
class Certificate:
    """All proofs about one model, in evaluation mode, with its own precision."""

    proofs: list[Proof]
    dtype: str
    device: str
    seconds: float
    dependence: Dependence | None = None

    def named(self, verdict: Verdict) -> list[str]:
        return [proof.name for proof in self.proofs if proof.verdict == verdict]

    @property
    def holds(self) -> bool:
        """Whether nothing was refuted."""
        return not self.named("refuted")

    @property
    def line(self) -> str:
        """The verdict in one line."""
        unchecked = self.named("not checked")
        left = f"; not checked for lack of time: {', '.join(unchecked)}" if unchecked else ""
        if not self.holds:
            reasons = (f"{proof.name} ({proof.reason})" for proof in self.proofs if proof.verdict == "refuted")
            return f"NOT CERTIFIED: {', '.join(reasons)}{left}"
        stopped = [proof.name for proof in self.proofs if proof.stopped]
        short = f"; cut short by the clock: {', '.join(stopped)}" if stopped else ""
        whole = "partly certified" if unchecked else "certified"
        return f"{whole}: {', '.join(self.named('proved')) or 'nothing'}{short}{left}"

    def to_dict(self) -> dict[str, Any]:
        """What certificate.json holds."""
        return {
            "holds": self.holds,
            "verdict": self.line,
            "proofs": [asdict(proof) for proof in self.proofs],
            "dtype": self.dtype,
            "device": self.device,
            "seconds": round(self.seconds, 3),
        }
