"""Every broken model is caught by the proof that its mistake is about, and no sound one is refused."""

import pytest
import torch

from ar_lab.evaluation.certificate import certify
from ar_lab.evaluation.certificate.causal import causal
from ar_lab.evaluation.certificate.certify import laws
from ar_lab.evaluation.certificate.subject import Clock, Subject
from tests.contracts.registry import LIKELIHOODS, NETWORKS, SPACES, TINY, Case, accepts, every_case
from tests.mutants.mutants import MUTANTS, SOLE
from tests.mutants.networks import LeakAtAChunkEdge
from tests.mutants.toy import IMAGE, LABELED, LONG, REAL, SEQUENCE, Toy, model


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_caught_by_its_proof(name: str):
    proof, make = MUTANTS[name]
    certificate = certify(make())
    assert proof in certificate.named("refuted"), certificate.line
    assert certificate.line.startswith("NOT CERTIFIED")


@pytest.mark.parametrize("proof", [law.name for law in laws([])])
def test_every_proof_catches_a_mutant_that_no_other_proof_does(proof: str):
    certificate = certify(MUTANTS[SOLE[proof]][1]())
    assert certificate.named("refuted") == [proof], certificate.line


def test_a_leak_at_the_edge_of_a_chunk_of_a_long_example_is_caught_among_64_places():
    leaking = model(LONG, LeakAtAChunkEdge)
    x = torch.randint(3, (2, LONG.dims), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert any(finding.refutes for finding in causal(Subject(leaking, x, None, Clock(None))))


class Backwards(Toy):
    """From the last dimension to the first."""

    def __init__(self, space, outputs):
        super().__init__(space, outputs)
        self.register_buffer("order", torch.arange(space.dims).flip(0))


class Shuffled(Toy):
    def __init__(self, space, outputs):
        super().__init__(space, outputs)
        self.register_buffer("order", torch.tensor([2, 0, 3, 1]))


@pytest.mark.parametrize("space", [SEQUENCE, IMAGE, LABELED, REAL])
def test_the_toy_itself_is_certified(space):
    certificate = certify(model(space))
    assert certificate.holds and not certificate.named("not checked"), certificate.line


@pytest.mark.parametrize(("space", "network"), [(SEQUENCE, Backwards), (LABELED, Backwards), (REAL, Shuffled)])
def test_a_network_with_an_order_of_its_own_is_certified(space, network):
    assert certify(model(space, network)).holds


def one_case_a_network() -> list:
    """A small space for every network, another for each, so that all kinds of spaces come up."""
    cases = []
    for k, network in enumerate(NETWORKS):
        found = [Case(network, lik, s) for s in TINY.values() for lik in LIKELIHOODS if accepts(network, lik, s)]
        cases.append(pytest.param(found[k % len(found)], id=network))
    return cases


@pytest.mark.parametrize("case", one_case_a_network())
def test_no_model_of_the_registry_is_refused(case: Case):
    certificate = certify(case.build(torch.float32))
    assert certificate.holds, certificate.line


@pytest.mark.slow
@every_case(SPACES | {f"tiny_{name}": space for name, space in TINY.items()})
def test_no_model_of_the_registry_is_refused_anywhere(case: Case):
    certificate = certify(case.build(torch.float32))
    assert certificate.holds, certificate.line
