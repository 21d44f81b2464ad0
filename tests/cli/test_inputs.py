import shutil

import pytest
from command_line import run


def test_a_folder_is_taken_with_its_tree_where_asked(photo, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    shutil.copy(photo, tmp_path / "in" / "deep" / "a.png")
    shutil.copy(photo, tmp_path / "in" / "b.png")
    assert run("noise", tmp_path / "in", "-o", tmp_path / "out", "--recursive") == 0
    assert (tmp_path / "out" / "deep" / "a.png").is_file()
    assert (tmp_path / "out" / "b.png").is_file()


def test_an_output_never_replaces_its_input(photo):
    before = photo.read_bytes()
    assert run("noise", photo, "-o", photo) == 2
    assert run("noise", photo, "-o", photo.parent) == 2
    assert photo.read_bytes() == before


def test_two_inputs_of_one_name_get_two_outputs(photo, tmp_path):
    (tmp_path / "b").mkdir()
    shutil.copy(photo, tmp_path / "b" / "photo.png")
    assert run("noise", photo, tmp_path / "b" / "photo.png", "-o", tmp_path / "out") == 0
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == [f"{photo.stem}-2.png", photo.name]


@pytest.mark.parametrize("name", ["out.pdf", "out.gif"])
def test_an_output_format_that_cannot_be_written_is_refused(photo, tmp_path, name):
    assert run("noise", photo, "-o", tmp_path / name) == 2


def test_a_suffix_and_a_format_that_differ_are_refused(photo, tmp_path):
    assert run("noise", photo, "-o", tmp_path / "out.jpg", "--format", "png") == 2
    assert run("noise", photo, "-o", tmp_path / "out.jpeg", "--format", "jpeg") == 0


def test_several_pictures_do_not_go_into_one_file(photo, tmp_path):
    shutil.copy(photo, tmp_path / "second.png")
    out = tmp_path / "both.png"
    assert run("noise", photo, tmp_path / "second.png", "-o", out) == 2
    assert not out.exists()


def test_an_empty_folder_is_refused(tmp_path):
    assert run("noise", tmp_path, "-o", tmp_path / "out") == 2
