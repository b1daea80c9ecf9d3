"""Where a figure comes from is told truly, or not at all."""

import subprocess

from ar_lab.runs import provenance


def git(directory, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True, capture_output=True)


def test_the_commit_and_uncommitted_changes_of_the_checkout_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "CHECKOUT", tmp_path)
    git(tmp_path, "init")
    (tmp_path / "a").touch()
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-m", "a")
    clean = provenance.environment()
    assert len(clean["commit"]) == 40 and clean["dirty"] is False
    (tmp_path / "b").touch()
    assert provenance.environment() == {**clean, "dirty": True}


def test_a_package_inside_somebody_elses_checkout_has_no_commit(tmp_path, monkeypatch):
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "a")
    (tmp_path / "site-packages").mkdir()
    monkeypatch.setattr(provenance, "CHECKOUT", tmp_path / "site-packages")
    assert provenance.environment()["commit"] is None
    assert provenance.environment()["dirty"] is None


def test_a_git_hook_does_not_redirect_the_question(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "CHECKOUT", tmp_path)
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "a")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert provenance.environment()["commit"] is not None


def test_versions_are_those_installed():
    import torch

    versions = provenance.environment()["versions"]
    assert versions["torch"].partition("+")[0] == torch.__version__.partition("+")[0]
    assert versions["python"].startswith("3.")
