"""Every broken model is caught by the proof that its mistake is about, and no sound one is refused."""

import pytest
import torch

from ar_lab.evaluation.certificate import certify
from ar_lab.evaluation.certificate.causal import causal
from ar_lab.evaluation.certificate.certify import laws
from ar_lab.evaluation.certificate.past import past
from ar_lab.evaluation.certificate.subject import Clock, Subject
from ar_lab.likelihoods.categorical import Categorical, CategoricalConditional
from ar_lab.model import AutoregressiveModel
from ar_lab.models.logistic import Logistic
from ar_lab.models.made import MADE
from ar_lab.space import Space
from tests.contracts.registry import LIKELIHOODS, NETWORKS, SPACES, TINY, Case, accepts, every_case
from tests.mutants.mutants import MUTANTS, SOLE
from tests.mutants.networks import LeakAtAChunkEdge, NoSteps
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


def narrow() -> tuple[AutoregressiveModel, torch.Tensor]:
    """A sound network in which many a pair has one path alone, and dark images, in which its units sleep."""
    torch.manual_seed(0)
    space = Space("image", (8, 8, 1), 17)
    x = torch.randint(3, (4, space.dims), generator=torch.Generator().manual_seed(0))
    return AutoregressiveModel(MADE(space, 17, hidden=(16, 16, 16)), Categorical(space)), x


def test_paths_through_sleeping_units_are_not_held_against_a_narrow_network():
    certificate = certify(*narrow())
    assert certificate.holds, certificate.line


def test_what_no_time_was_left_to_look_for_refutes_nothing():
    sound, x = narrow()
    with torch.no_grad():
        findings = list(past(Subject(sound, x, None, Clock(0.0)), []))
    assert not any(finding.refutes for finding in findings)
    assert findings[-1].stopped and findings[-1].checked < findings[-1].total


def test_a_label_that_is_not_learnt_yet_is_not_held_against_a_network_that_begins_at_zero():
    certificate = certify(AutoregressiveModel(Logistic(LABELED, LABELED.levels), Categorical(LABELED)))
    assert certificate.holds, certificate.line


class Forbidding(Categorical):
    """The highest level never occurs."""

    def conditional(self, params):
        return CategoricalConditional(params.index_fill(-1, torch.tensor([params.shape[-1] - 1]), -torch.inf))


def test_a_level_that_never_occurs_is_no_contradiction():
    certificate = certify(AutoregressiveModel(Toy(SEQUENCE, SEQUENCE.levels), Forbidding(SEQUENCE)))
    assert certificate.holds, certificate.line


def test_an_error_inside_a_proof_is_told_in_its_own_words():
    line = certify(AutoregressiveModel(NoSteps(SEQUENCE, SEQUENCE.levels), Categorical(SEQUENCE))).line
    assert "NotImplementedError" in line and "inf" not in line, line


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


def test_a_verdict_without_all_proofs_says_that_it_is_a_part():
    line = certify(model(SEQUENCE), seconds=1e-9).line
    assert line.startswith("partly certified: ") and "not checked for lack of time: " in line, line
