"""A wrong line is answered with one line that says what is wrong and what would be right, and exit code 2."""

import pytest

WRONG = {
    # misspelt
    "model=pixelcn": "pixelcnn_pp, pixelsnail, transformer; did you mean pixelcnn?",
    "modle=pixelcnn": "modle: no such key; did you mean model?",
    "optimzer.lr=1": "optimzer: no such key; did you mean optimizer?",
    "model.kernl=3": "model.kernl: no such key; did you mean model.kernel?",
    "model.xyz=3": "model.xyz: no such key; model has name, features, layers, kernel, dropout",
    "+model.kernl=3": "model.kernl: no such key; did you mean model.kernel?",
    "+xyz=1": "xyz: no such key; the config has data, model,",
    "task=tran": "did you mean train?",
    "experiment=x": "no such ",
    "+trainer.max_tim=x": "trainer.max_tim: the Trainer has no such argument; did you mean max_time?",
    "+trainer.profilr=x": "did you mean profiler?",
    "+trainer.callbacks=[]": "trainer.callbacks: ar_lab sets it itself",
    "pixelcnn": "pixelcnn: write pixelcnn=VALUE",
    "model.hidden": "ar_lab: model.hidden: write model.hidden=VALUE\n",
    "-m +model.hidden": "ar_lab: +model.hidden: write +model.hidden=VALUE\n",
    "model.hidden:3": "model.hidden:3: not understood (",
    "--foo": "ar_lab: unrecognized arguments: --foo; --hydra-help lists the flags\n",
    "seed=1 --cfg": "argument --cfg/-c: ",
    "output=~/x": "not understood (unquoted); write KEY=VALUE, and quote special characters twice: 'output=",
    "model=charrnn,pixelcnn": "add -m for one run each",
    "--config-dir=/nowhere": "'/nowhere' not found",
    # types
    "trainer.max_epochs=abc": "trainer.max_epochs=abc: must be an integer",
    "model.layers=1.5": "model.layers=1.5: must be an integer",
    "data.batch_size=true": "data.batch_size=true: must be an integer",
    "optimizer.lr=true": "optimizer.lr=true: must be a number",
    "learner.compile=1": "learner.compile=1: must be true or false",
    "optimizer.betas=0.9": "optimizer.betas=0.9: must be a list",
    "data.levels=null": "data.levels=null: must be an integer",
    "~data.levels": "data.levels: missing",
    "model=ngram model.order=0": "model.order=0: must be at least 1",
    "model=ngram model.order=5000": "model.order=5000: must be at most 32",
    "model=charrnn data=pydocs model.prior=ngram model.prior_order=33": "model.prior_order=33: must be at most 32",
    # ranges
    "optimizer.lr=-1": "optimizer.lr=-1: must be greater than 0",
    "optimizer.lr=inf": "optimizer.lr=inf: must be finite",
    "data.levels=18": "data.levels=18: must be at most 17",
    "data.fraction=0": "data.fraction=0: must be greater than 0",
    "data.validation=1": "data.validation=1: must be less than 1",
    "seed=-1": "seed=-1: must be at least 0",
    "optimizer.betas=[0.9]": "optimizer.betas=[0.9]: must have at least 2 entries",
    "model=charrnn model.cell=lstn": "model.cell=lstn: must be lstm, gru, rnn or mingru",
    "trainer.max_time=10": "trainer.max_time=10: must be DD:HH:MM:SS",
    "trainer.precision=8": "trainer.precision=8: must be one of 64-true",
    "trainer.devices=0": "trainer.devices=0: must be a number (1, 2, …) or auto",
    "trainer.devices=2": "trainer.devices=2: one run on several devices needs trainer.strategy=ddp, or trainer=ddp",
    "trainer=ddp trainer.accelerator=mps": "trainer.accelerator=mps: must be auto, cpu, gpu or cuda",
    "trainer=ddp trainer.accelerator=cpu": "trainer.devices=auto: no GPU found here; give the number of processes",
    "trainer.max_time=00:00:00:00": "trainer.max_time=00:00:00:00: must be DD:HH:MM:SS and above zero",
    "trainer.max_steps=0": "trainer.max_steps=0: must be at least 1, or -1 for no limit",
    "trainer.max_steps=-2": "trainer.max_steps=-2: must be at least 1, or -1 for no limit",
    "trainer.max_epochs=0": "trainer.max_epochs=0: must be at least 1, or -1 for no limit",
    "task.samples=0": "task.samples=0: must be at least 1",
    "trainer.val_check_interval=1.5": "trainer.val_check_interval=1.5: must be a number of batches",
    "trainer.val_check_interval=0": "trainer.val_check_interval=0: must be a number of batches",
    "trainer.val_check_interval=-1": "trainer.val_check_interval=-1: must be a number of batches",
    "+trainer.limit_train_batches=0": "trainer.limit_train_batches=0: must be above 0",
    "+trainer.limit_train_batches=0.0": "trainer.limit_train_batches=0.0: must be above 0",
    "+trainer.limit_val_batches=0": "to train without validation, give data.validation=0",
    "+trainer.overfit_batches=-1": "trainer.overfit_batches=-1: must be a number of batches",
    "+trainer.limit_train_batches=2.5": "trainer.limit_train_batches=2.5: must be a number of batches",
    "data.name=../x": "data.name=../x: must be letters, digits",
    "output=": "output=: must not be empty",
    "data=text data.path=": "ar_lab: data.path=: must not be empty",
    "optimizer.betas=[0.9,1]": "ar_lab: optimizer.betas=1: must be less than 1",
    "task=sample run=. task.temperature=0": "not a run directory",
    # combinations
    "likelihood=bernoulli": "likelihood=bernoulli: needs 2 levels, data=digits has 17 levels",
    "likelihood=bernoulli data=pydocs": "needs 2 levels, data=pydocs has many levels (text); use likelihood=auto",
    "likelihood=bernoulli data=table": "data=table has real numbers",
    "likelihood=categorical data=table": "likelihood=categorical: needs discrete data, data=table has real numbers",
    "likelihood=gaussian_mixture": "likelihood=gaussian_mixture: needs real numbers, data=digits has 17 levels",
    "likelihood=student_mixture": "likelihood=student_mixture: needs real numbers, data=digits has 17 levels",
    "likelihood=logistic_mixture data=pydocs": "needs levels in an order, data=pydocs has many levels (text)",
    "likelihood=logistic_mixture data=table": "needs levels in an order, data=table has real numbers",
    "model=transformer model.heads=3": "model.heads=3: must divide model.width=128; use one of 1, 2, 4, 8",
    "model=transformer model.width=12 model.heads=4": "rotary positions need an even width / heads, this is 3",
    "model.kernel=4": "model.kernel=4: must be odd, so that it has a center; use 3 or 5",
    "model=logistic data=table": "model=logistic: needs discrete data, data=table has real numbers; use model=charrnn",
    "model=made data=table": "model=made: needs discrete data, data=table has real numbers",
    "model=nade data=table": "model=nade: needs discrete data, data=table has real numbers",
    "model=ngram data=table": "model=ngram: needs discrete data, data=table has real numbers",
    "model=ngram likelihood=logistic_mixture": "model=ngram: gives the probabilities of the levels themselves",
    "model=pixelcnn_pp data=pydocs": "model=pixelcnn_pp: needs images, data=pydocs has text; use model=charrnn",
    "model=pixelcnn_pp data=table": "model=pixelcnn_pp: needs images, data=table has real numbers",
    "model=pixelsnail data=shakespeare": "model=pixelsnail: needs images, data=shakespeare has text",
    "model=logistic data=cifar10 model.rank=100": "943,718,400 weights, model.max_weights=200000000: data=cifar10",
    "model=logistic data=pydocs data.codec=bytes data.context=1024": "has 1024 dimensions; use model=made",
    "model=charrnn model.ngrams=4 data=table": "model.ngrams=4: needs discrete data, data=table has real numbers",
    "model=transformer model.ngrams=3 optimizer=sgd": "optimizer=sgd: has no sparse form for model.ngrams=3; use",
    "model=charrnn model.ngrams=2 trainer=ddp": "trainer.strategy=ddp: does not reduce sparse gradients",
    "model=charrnn model.ngrams=2 +trainer.gradient_clip_algorithm=value": "not for the sparse gradients of",
    "model=transformer model.tied=true data=mnist_binary": "model.tied=true: needs one output a level; use likelihood",
    "model=transformer data=pydocs data.stream=true": "carries a state only with rotary positions and a model.window",
    "optimizer=sgd optimizer.momentum=0": "optimizer.nesterov=true: needs optimizer.momentum above 0",
    "learner.compile=true data=pydocs data.stream=true model=charrnn": "learner.compile=true: data.stream=true carries",
    "trainer.accelerator=mps": "trainer.accelerator=mps: must be",
    "+trainer.enable_progress_bar=false": "trainer.enable_progress_bar",
    "scheduler=plateau data.validation=0": "scheduler=plateau: needs a validation part",
    "learner.patience=2 data.validation=0": "learner.patience: needs a validation part",
    "trainer.precision=16-mixed trainer.accelerator=cpu": "not on a CPU; use bf16-mixed or 32-true",
    "trainer.precision=16-true trainer.accelerator=cpu": "not on a CPU; use bf16-mixed or 32-true",
    "trainer.precision=16 trainer.accelerator=cpu": "not on a CPU; use bf16-mixed or 32-true",
    "data=pydocs data.stream=true": "data.stream=true: model=pixelcnn carries no state",
    "data.stream=true": "data.stream: no such key",
    "task=evaluate": "task=evaluate: needs run=DIR",
    "task=sample": "task=sample: needs run=DIR",
    "task=evaluate task.stride=4": "task.stride=4: needs text, data=digits is not",
    "task=score task.input=file task.outliers=mnist": "only the file is scored with task.input",
    "data=text": "data.path: missing; give it, as in data.path=VALUE",
    "run=nowhere": "nowhere: no such directory",
    "run=nowhere.ckpt": "nowhere.ckpt: no such checkpoint",
    "init_from=nowhere": "init_from=",
    # targets
    "model._target_=builtins.open": "model._target_=builtins.open: not a model of ar_lab",
    "model._target_=ar_lab.models.pixelcnn.PixelCN": "did you mean ar_lab.models.pixelcnn.PixelCNN?",
    "+model.cell._target_=builtins.open": "a _target_ stands only at the top",
    "+_target_=builtins.open": "a _target_ stands only at the top",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_line_gets_one_line_and_exit_code_2(command, line):
    answer = command(*line.split())
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("ar_lab: ")
    assert WRONG[line] in answer.err
    assert answer.err.count("\n") == 1


def test_everything_that_is_wrong_is_said_at_once(command):
    answer = command("optimizer.lr=abc", "data.levels=1", "seed=-1")
    for key in ("optimizer.lr=abc", "data.levels=1", "seed=-1"):
        assert key in answer.err


def test_a_wrong_line_leaves_nothing_behind(command, tmp_path):
    command("optimizer.lr=-1")
    assert list(tmp_path.iterdir()) == []
