import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from recognizer.errors import ImageError, UsageError
from recognizer.image.named_files import expand, named_error, printable
from recognizer.image.opening import kind_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder like a user's: images of several kinds, notes beside them, hidden files, a folder within."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.PNG",
        "a.jpg",
        "notes.txt",
        ".hidden.png",
        "in/c.webp",
        "in/.git/d.png",
        "z.tif",
        "empty/x.md",
    ):
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def found(*paths, stdin=b""):
    return [Path(path).as_posix() for path in expand(paths, io.BytesIO(stdin))]


def test_a_file_stays_as_it_was_named(folder):
    assert list(expand(["./scans/../scans/a.jpg"])) == ["./scans/../scans/a.jpg"]


def test_a_folder_gives_its_images_in_sorted_order_without_hidden_ones(folder):
    assert found("scans") == ["scans/a.jpg", "scans/b.PNG", "scans/in/c.webp", "scans/z.tif"]


def test_inputs_come_in_the_order_given_and_twice_when_named_twice(folder):
    assert found("scans/z.tif", "scans/in", "scans/z.tif") == [
        "scans/z.tif",
        "scans/in/c.webp",
        "scans/z.tif",
    ]


@pytest.mark.parametrize("names", [["empty"], ["scans/empty"], ["empty", "scans/empty"]])
def test_folders_without_images_are_wrong_usage_before_anything_is_read(folder, names):
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no image in the folder .*empty .*png"):
        expand(names)


def test_a_folder_without_images_stops_no_others(folder):
    assert found("scans/empty", "scans/a.jpg") == ["scans/empty", "scans/a.jpg"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("", "'': an empty name: name a file, folder or pattern"),
        ("scans/empty", "scans/empty: no image in the folder (looked for bmp, gif, jp"),
        ("nope*.png", "nope*.png: no file matches this pattern"),
        ("nope.png", "as it was"),
        ("scans", "as it was"),
        ("scans/*", "as it was"),
    ],
)
def test_an_error_knows_folders_and_patterns(folder, name, line):
    assert str(named_error(name, ImageError("as it was"))).startswith(line)


def test_a_missing_file_stays_in_the_list(folder):
    assert found("scans/a.jpg", "gone.png", "scans/z.tif") == ["scans/a.jpg", "gone.png", "scans/z.tif"]


def test_a_pattern_takes_what_it_matches(folder):
    assert found("scans/*.[pj]*g") == ["scans/a.jpg"]
    (folder / "scans/in/deep").mkdir()
    (folder / "scans/in/deep/e.webp").touch()
    assert found("scans/**/*.webp") == ["scans/in/c.webp", "scans/in/deep/e.webp"]
    assert found("scans/*") == ["scans/a.jpg", "scans/b.PNG", "scans/notes.txt", "scans/z.tif"]


def test_a_pattern_that_matches_nothing_stays_in_the_list_as_in_a_shell(folder):
    assert found("scans/*.bmp") == ["scans/*.bmp"]


def test_a_file_whose_name_looks_like_a_pattern_wins(folder):
    for name in ("img[1].png", "img1.png"):
        (folder / name).touch()
    assert found("img[1].png") == ["img[1].png"]


@pytest.mark.parametrize("name", ["", "x" * 5000 + ".png"])
def test_a_name_that_no_file_can_have_stays_in_the_list(name, folder):
    assert list(expand([name])) == [name]


def test_broken_links_are_kept_and_links_to_folders_are_not_followed(folder):
    (folder / "scans/in/up").symlink_to(folder / "scans")
    (folder / "scans/in/up.png").symlink_to(folder / "scans")
    (folder / "scans/in/broken.png").symlink_to("nowhere.png")
    (folder / "scans/in/self.png").symlink_to("self.png")
    assert found("scans/in") == ["scans/in/broken.png", "scans/in/c.webp", "scans/in/self.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in the file system")
def test_a_pipe_in_a_folder_is_left_alone(folder):
    os.mkfifo(folder / "scans/in/pipe.png")
    assert found("scans/in") == ["scans/in/c.webp"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_a_folder_without_permission_is_reported_in_its_place(folder):
    (folder / "scans/in").chmod(0)
    try:
        assert found("scans") == ["scans/a.jpg", "scans/b.PNG", "scans/in", "scans/z.tif"]
    finally:
        (folder / "scans/in").chmod(0o700)


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        (b"", []),
        (b"a.png", ["a.png"]),
        (b"a.png\nb c.png\n\n-d.png\n", ["a.png", "b c.png", "-d.png"]),
        (b"a.png\r\nb.png\r\n", ["a.png", "b.png"]),
        (b"a.png\0b\nc.png\0", ["a.png", "b\nc.png"]),
        (b"img[1].png\n*.png\n", ["img[1].png", "*.png"]),
        ("é.png\n".encode(), ["é.png"]),
    ],
)
def test_the_list_on_standard_input_is_taken_name_by_name(listed, names):
    assert list(expand(["-"], io.BytesIO(listed))) == names


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WebP"])
def test_an_image_is_no_list(kind):
    stream = io.BytesIO()
    Image.new("L", (40, 40), 200).save(stream, kind)
    with pytest.raises(UsageError, match="standard input holds an image, not a list of paths"):
        list(expand(["-"], io.BytesIO(stream.getvalue())))


@pytest.mark.parametrize("listed", [b"BM1.png\0BM2.png\0", b"BM\n", b"GIF8.gif\n"])
def test_a_name_that_begins_like_an_image_is_a_name(listed):
    assert next(expand(["-"], io.BytesIO(listed))) == listed.split(b"\0")[0].decode().rstrip()


def test_the_list_takes_its_place_among_the_other_inputs(folder):
    assert found("scans/z.tif", "-", "scans/a.jpg", stdin=b"x.png\n") == [
        "scans/z.tif",
        "x.png",
        "scans/a.jpg",
    ]


def test_names_that_are_not_utf8_come_back_to_the_same_bytes():
    (name,) = expand(["-"], io.BytesIO(b"caf\xe9.png\n"))
    assert os.fsencode(name) == b"caf\xe9.png"


def test_a_list_is_handed_on_as_it_grows():
    reader, writer = os.pipe()
    with open(reader, "rb") as stream, open(writer, "wb", buffering=0) as source:  # noqa: PTH123
        names = expand(["-"], stream)
        source.write(b"first.png\nsec")
        assert next(names) == "first.png"
        source.write(b"ond.png\n")
        assert next(names) == "second.png"


def begins_as_an_image(data):
    try:
        kind_of(data)
    except ImageError:
        return False
    return True


@given(
    st.lists(st.binary(min_size=1).filter(lambda name: not {10, 13, 0} & set(name))),
    st.sampled_from([b"\n", b"\0"]),
    st.booleans(),
)
@example([b"\xff\xd8\xff.png", b"b"], b"\n", True)
@example([b"BM1.png", b"b"], b"\n", True)
def test_any_list_comes_back_name_for_name(names, separator, ended):
    listed = separator.join(names) + (separator if ended and names else b"")
    if begins_as_an_image(listed) and not listed.startswith(b"BM"):
        with pytest.raises(UsageError, match="holds an image"):
            list(expand(["-"], io.BytesIO(listed)))
        return
    assert [os.fsencode(name) for name in expand(["-"], io.BytesIO(listed))] == names


def test_expansion_is_lazy(folder):
    names = expand(["scans/a.jpg", "scans"])
    assert next(names) == "scans/a.jpg"
    (folder / "scans/a2.png").touch()
    assert [Path(name).name for name in names] == ["a.jpg", "a2.png", "b.PNG", "c.webp", "z.tif"]


@given(st.text())
def test_a_printed_path_is_one_line_without_control_characters(path):
    shown = printable(path)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
