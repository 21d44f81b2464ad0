from command_line import run


def test_a_benchmark_of_nothing_is_misuse(tmp_path, capsys):
    assert run("benchmark") == 2
    assert run("benchmark", "--set", tmp_path) == 2
    assert capsys.readouterr().out == ""


def test_benchmark_prints_a_table(photo, capsys):
    assert run("benchmark", "--set", photo.parent, "--sigma-255", 25) == 0
    rows = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("| conv-photo")
    ]
    assert len(rows) == 3
    assert float(rows[0].split("|")[8]) > 25
