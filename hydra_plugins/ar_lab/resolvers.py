"""What launchers' configs need to know of this machine."""

from omegaconf import OmegaConf


def gpus_per_job(wished: int | None, accelerator: str) -> int:
    """`${gpus_per_job:…}`: as many as wished, else one where this machine has any and the job may use it."""
    if wished is not None:
        return wished
    from ar_lab.sweeps.machine import gpus  # here, since Hydra imports every plugin at every start

    return int(accelerator != "cpu" and bool(gpus()))


def jobs_at_once(wished: int | None, threads: int | None) -> int:
    """`${jobs_at_once:…}`: as many as wished, else as this machine has cores and memory for."""
    from ar_lab.sweeps.machine import divide

    return len(divide(wished, threads))


OmegaConf.register_new_resolver("jobs_at_once", jobs_at_once, replace=True)
OmegaConf.register_new_resolver("gpus_per_job", gpus_per_job, replace=True)
