"""A certificate for people: the table of its proofs, and certificate.md. No torch."""

from typing import Any

from ar_lab.report.listing import print_rows

COLORS = (
    "blue: seen; white: neither claimed nor seen; gray: not checked; "
    "light blue: claimed, too faint for these weights to be seen; orange: claimed and not seen; "
    "red: seen and not claimed"
)


def print_proofs(certificate: dict[str, Any]) -> None:
    """One row a proof."""
    columns = ("proof", "verdict", "worst", "tolerance", "checked", "seconds")
    print_rows(columns, [_row(proof) for proof in certificate["proofs"]])


def _row(proof: dict[str, Any]) -> tuple[Any, ...]:
    worst = "-" if proof["figure"] is None else f"{proof['figure']:.2g} {proof['unit']}".strip()
    tolerance = "-" if proof["tolerance"] is None else f"{proof['tolerance']:.2g}"
    checked = "; ".join(proof["checked"]) + (" (cut short by the clock)" if proof["stopped"] else "")
    return proof["name"], proof["verdict"], worst, tolerance, checked or "-", f"{proof['seconds']:.2f}"


def markdown(certificate: dict[str, Any], picture: str | None) -> str:
    """The verdict, every proof with what it says and what was measured, and the receptive field."""
    where = f"Proved in evaluation mode, in {certificate['dtype']} on {certificate['device']}, within "
    sections = [f"# {certificate['verdict']}", f"{where}{certificate['seconds']:.1f} s.", _table(certificate)]
    notes = [f"- {proof['name']}: {proof['note']}" for proof in certificate["proofs"] if proof["note"]]
    if notes:
        sections += ["## Where each figure was measured", "\n".join(notes)]
    if picture is not None:
        field = "Row i is the conditional of place i, column j what it is given of place j."
        sections += ["## Receptive field", f"![receptive field]({picture})", f"{field} {COLORS.capitalize()}."]
    return "\n\n".join(sections) + "\n"


def _table(certificate: dict[str, Any]) -> str:
    lines = [
        "| proof | what it says | verdict | worst | tolerance | checked | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for proof in certificate["proofs"]:
        name, verdict, *rest = _row(proof)
        lines.append(f"| {' | '.join((name, proof['statement'], f'**{verdict}**', *rest))} |")
    return "\n".join(lines)
