"""What `make audit` finds, without asking a database."""

import importlib.util
import subprocess

import pytest
from places import ROOT

SPEC = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)
LETTERS = "Ab3" * 20
PLANTED = {
    "a token of Hugging Face": f"hf_{LETTERS}",
    "a token of GitHub": f"ghp_{LETTERS}",
    "a token of PyPI": f"pypi-{LETTERS}",
    "a key of AWS": "AKIA" + "Q7" * 8,
    "a key of a language model's service": f"sk-{LETTERS}",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a password in an address": "https://ann" + ":secret@example.org",
}
FLAWED = {
    "name": "old",
    "version": "1.0",
    "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}],
}


@pytest.fixture
def answers(monkeypatch):
    """Lets a database answer; the first answer is on the release that is known to be flawed."""

    def give(*given):
        waiting = list(given)
        monkeypatch.setattr(audit, "_pip_audit", lambda _: waiting.pop(0))
        monkeypatch.setattr(audit, "find_secrets", lambda _: [])
        monkeypatch.setattr(audit, "_licences", dict)

    return give


@pytest.mark.parametrize("what", audit.SECRETS)
def test_a_planted_secret_is_found(what, tmp_path):
    (tmp_path / "notes.txt").write_text(f"x = {PLANTED[what]}")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    assert f"notes.txt holds {what}." in audit.find_secrets(tmp_path)


def test_no_secret_is_tracked():
    assert audit.find_secrets(ROOT) == []


def test_a_licence_that_is_not_free_is_named():
    found = audit.find_licences({"a": "MIT License", "b": "GPLv3", "nvidia-x": "Proprietary"})
    assert found == ["b has the licence GPLv3; look whether it may be handed on."]


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ([[FLAWED], [{"name": "new", "version": "2", "vulns": []}]], 0, "Nothing found."),
        ([[FLAWED], [FLAWED]], 1, "old 1.0 has a known flaw: CVE-1, mended in 1.1."),
        ([[{"name": "pillow", "skip_reason": "?"}]], 2, "No database"),
        ([[FLAWED], [{"name": "new", "skip_reason": "?"}]], 2, "Not looked up: new."),
    ],
    ids=["clean", "flawed", "no database", "half a database"],
)
def test_the_exit_code_tells_what_was_found(answers, capsys, given, code, said):
    answers(*given)
    assert audit.main() == code
    assert said in capsys.readouterr().out
