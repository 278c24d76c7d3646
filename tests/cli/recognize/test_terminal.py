"""On a terminal, where a person reads."""

import sys

import pytest
from commands import environment, objects
from recognize_command import COMMAND, MODULE
from shipped_stand_in import command
from terminals import shown_on_a_terminal


def on_a_terminal(*argv, cwd, command=COMMAND, **settings):
    return shown_on_a_terminal([*command, *argv], cwd, environment(**settings))


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
class TestTerminal:
    def test_a_person_sees_the_glyph_and_the_reason(self, here):
        shown, code = on_a_terminal("7.png", "blank.png", "bad.png", cwd=here, PYTHONIOENCODING="utf-8")
        assert code == 1
        assert shown.count("▀") == 2 * 14 * 28
        assert "nothing is drawn on it" in shown
        assert "recognize: bad.png: " in shown

    def test_a_person_sees_what_is_similar_and_what_is_remembered(self, here, models):
        shown, code = on_a_terminal("--explain", "3", "7.png", cwd=here, command=command(MODULE, models))
        assert code == 0
        assert shown.count("▀") + shown.count("█") >= 14 * 28 + 5 * 14 * 7
        for words in ("as seen", "as encoded", "similarity", "mnist/train"):
            assert words in shown

    @pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"PYTHONIOENCODING": "ascii"}])
    def test_a_plain_terminal_gets_ascii(self, setting, here):
        shown, code = on_a_terminal("7.png", cwd=here, **setting)
        assert code == 0
        assert shown.isascii()
        assert "candidates" in shown

    def test_many_images_get_a_line_each_and_a_summary(self, here):
        shown, code = on_a_terminal(".", cwd=here)
        assert code == 1
        assert "▀" not in shown
        assert len(shown.splitlines()) == 13 + 1
        assert "13 images: " in shown.splitlines()[-1]
        assert "1 unreadable" in shown.splitlines()[-1]

    def test_json_on_a_terminal_is_still_json(self, here):
        shown, code = on_a_terminal("--json", "7.png", cwd=here)
        assert (objects(shown)[0]["best"], code) == (7, 0)
