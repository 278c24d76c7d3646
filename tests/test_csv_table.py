"""CSV that is written is read again, whatever is in its cells, also a line at a time."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from recognizer.csv_table import csv_table


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
@example([("a\rb", "\r"), ("\n", '"'), ("", "")])
def test_any_cell_comes_back(rows):
    out = io.StringIO(newline="")
    table = csv_table(out, ["first", "second"])
    table.writerows({"first": first, "second": second, "third": "left out"} for first, second in rows)
    text = out.getvalue()
    assert text.startswith("first,second\n")
    assert text.endswith("\n")
    lines = io.BytesIO(text.encode())
    found = list(csv.reader(line.decode() for line in lines))
    assert found[1:] == [list(row) for row in rows]
