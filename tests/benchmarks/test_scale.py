"""What galleries cost: the model is arithmetic on what was measured, and the document shows what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_files import BENCHMARKS, benchmarks


@pytest.fixture(autouse=True)
def modules():
    """With the results that are there."""
    with benchmarks(BENCHMARKS / "results"):
        yield


def slopes():
    from cost_slopes import Slopes

    return Slopes(
        read=1e-3,
        encode=1e-4,
        store=5e-4,
        rows=1024.0,
        indexes={"HNSW": 700.0, "IVF_SQ8": 140.0},
        wide=40.0,
        query=(0.0, 1e-4),
        posted=1e-8,
        folder=1200.0,
        exact=3e-8,
        graph=1e-4,
        graph_memory=1e4,
        graph_query=(1e-4, 1e-5),
        largest=20_000,
        largest_folder=200_000,
    )


def lines(rows):
    return {row[0]: row[1:] for row in rows}


def test_the_document_shows_what_the_model_says():
    """To mend a difference: `python benchmarks/cost_model.py`."""
    from cost_model import DOCUMENT, Machine, filled, tables
    from cost_slopes import read_slopes

    text = DOCUMENT.read_text(encoding="utf-8")
    found = tables(read_slopes(), Machine())
    assert set(found) == {"slopes", "milvus", "folder"}
    assert filled(text, found) == text
    assert all(content in text for content in found.values())


def test_a_cluster():
    from cost_model import Machine, milvus_rows

    found = lines(milvus_rows(slopes(), Machine(memory=1e9, usable=0.5, cores=4, segment=1024 * 1e5)))
    assert found["rows on disk"][:3] == ["1 GB", "100 GB", "1 TB"]
    assert found["dense codes in memory, HNSW"][0] == "700 MB"
    assert found["sparse codes in memory"][0] == "320 MB"
    # A million images are 1.02 GB of indexes, at half a gigabyte a machine.
    assert found["machines, HNSW and sparse"][:3] == ["3", "204", "2,040"]
    assert found["machines, IVF_SQ8 and sparse"][:3] == ["1", "92", "920"]
    assert found["encode, core hours"][1] == "2.8"
    # Ten segments of 100,000 on twelve cores: one each, at ln(100,000) tenths of a millisecond.
    assert found["one dense query, ms"][0] == "1.2"
    assert all("measured" in row[3] or "assumed" in row[3] or "above" in row[3] for row in found.values())


def test_a_folder():
    from cost_model import folder_rows

    found = lines(folder_rows(slopes()))
    assert found["one exact query, ms"][:3] == ["30", "3,000", "30,000"]
    assert found["memory while the graph is built"][:3] == ["10 GB", "1 TB", "10 TB"]


@given(
    st.floats(-5, 5),
    st.floats(0.001, 5),
    st.lists(st.integers(2, 10**6), min_size=3, max_size=6, unique=True),
)
def test_fits_find_what_was_there(constant, slope, sizes):
    import math

    from cost_slopes import linear, logarithmic

    assert linear(sizes, [constant + slope * size for size in sizes]) == pytest.approx(slope, rel=1e-3)
    found = logarithmic(sizes, [constant + slope * math.log(size) for size in sizes])
    assert found == pytest.approx((constant, slope), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0123, "0.012"), (1.26, "1.3"), (9.96, "10"), (123, "120"), (98_765, "99,000")],
)
def test_numbers_have_two_digits_that_count(value, text):
    from cost_model import short

    assert short(value) == text


def test_tables_are_read_as_they_are_written():
    from common import table
    from cost_slopes import tables_of

    text = f"# Title\n\n{table(['a', 'b'], [['1', '2'], ['3', '4']])}\nwords\n\n{table(['c'], [['5']])}"
    assert tables_of(text) == [[{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], [{"c": "5"}]]


def test_bytes_of_a_file_of_milvus_lite(tmp_path):
    from milvus import bytes_of

    (tmp_path / "a.db" / "deep").mkdir(parents=True)
    (tmp_path / "a.db" / "deep" / "data.parquet").write_bytes(bytes(70))
    (tmp_path / "a.db" / "deep" / "data.hnsw.idx").write_bytes(bytes(30))
    assert bytes_of(f"{tmp_path}/a.db?index=HNSW") == {"rows": 70, "index": 30}
    assert bytes_of("milvus://host/a?index=HNSW") == {"rows": 0, "index": 0}
