"""The certificate: proofs, of a model as it is, that its figures are likelihoods.

Read `proof` first, what is found; then `certify`, the proofs in their order, and each in the file of its name.
"""

from ar_lab.evaluation.certificate.certify import certify
from ar_lab.evaluation.certificate.proof import Certificate, Proof

__all__ = ["Certificate", "Proof", "certify"]
