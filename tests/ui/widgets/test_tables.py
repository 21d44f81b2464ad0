"""Tables of figures on the page."""

from denoise.ui.widgets.tables import say_table, table_of

ROWS = [["Noisy", 20.7, None], ["Median", 9.123, 1234567]]


def test_figures_have_a_fixed_number_of_digits_and_stay_numbers():
    table = table_of(ROWS, ["", ".2f", ","])
    assert table["data"] == ROWS
    shown = table["metadata"]["display_value"]
    assert shown == [["Noisy", "20.70", ""], ["Median", "9.12", "1,234,567"]]


def test_only_texts_are_said_in_another_language():
    said = say_table(table_of(ROWS, ["", ".2f", ","]), {"Noisy": "带噪"}.get)
    assert [row[0] for row in said["data"]] == ["带噪", None]
