"""What a program gets over HTTP: the same answers and lines as from the API and the command line."""

import base64
from pathlib import Path

import httpx
import pytest
from bundles import copy_of_shipped

from recognizer import Recognizer
from recognizer.bundle import read_bundle
from recognizer.feedback.learning import candidate_folder
from recognizer.feedback.store import Store
from recognizer.registry.versions import Registry

EXAMPLES = Path(__file__).parents[2] / "examples"
PHOTO = (EXAMPLES / "photo-4.png").read_bytes()
TICK = (EXAMPLES / "tick.png").read_bytes()
PAPER = (EXAMPLES / "paper-5.png").read_bytes()
ROW = (EXAMPLES / "row-2706.png").read_bytes()
SHIPPED = f"model={read_bundle().name}"
PNG = {"Content-Type": "image/png"}


def as_json(*images):
    return {"images": [base64.b64encode(image).decode() for image in images]}


def as_form(*images):
    return [("images", (f"{number}.png", image, "image/png")) for number, image in enumerate(images)]


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load("shipped")


def test_one_image_is_answered_as_by_the_api(client, recognizer):
    found = client.post("/recognize", content=PHOTO, headers=PNG)
    assert found.status_code == 200
    assert found.json() == {"answers": [recognizer.recognize(PHOTO).to_dict()]}


@pytest.mark.parametrize("how", ["form", "json"])
def test_several_images_are_answered_in_order(client, recognizer, how):
    sent = {"files": as_form(PHOTO, TICK, PHOTO)} if how == "form" else {"json": as_json(PHOTO, TICK, PHOTO)}
    answers = client.post("/recognize", **sent).json()["answers"]
    names = [each.pop("name", None) for each in answers]
    assert answers == [recognizer.recognize(image).to_dict() for image in (PHOTO, TICK, PHOTO)]
    assert names == (["0.png", "1.png", "2.png"] if how == "form" else [None] * 3)


@pytest.mark.parametrize("path", ["/recognize", "/recognize?field=true", "/similar", "/badcases?label=4"])
def test_errors_and_answers_of_a_form_name_its_files(client, path):
    kind = "outcomes" if path.startswith("/bad") else "answers"
    bad, good = client.post(path, files=as_form(b"no image", PAPER)).json()[kind]
    assert (bad["name"], good["name"], good["error"]) == ("0.png", "1.png", None)
    assert bad["error"].startswith("0.png: is text")
    first, second = client.post(path, json=as_json(PAPER, b"no image")).json()[kind]
    assert second["error"].startswith("image 2: is text")
    assert not {"name"} & (first.keys() | second.keys())
    alone = client.post(path, content=b"no image", headers=PNG)
    assert (alone.status_code, alone.json()["error"][:8]) == (422, "is text:")
    assert client.post(path, files=as_form(b"no image")).json()["error"].startswith("0.png: is text")


def test_one_bad_image_stops_no_other(client):
    found = client.post("/recognize", files=as_form(b"no image", PHOTO))
    first, second = found.json()["answers"]
    assert found.status_code == 200
    assert "is text: convert it" in first["error"]
    assert second["digit"] == 4


def test_options_are_those_of_the_command_line(client, recognizer):
    found = client.post("/recognize?explain=3&allowed=1-3,5", content=PHOTO, headers=PNG).json()["answers"][0]
    assert found == recognizer.recognize(PHOTO, explain=3, allowed={1, 2, 3, 5}).to_dict()
    row = client.post("/recognize?field=true&length=4", content=ROW, headers=PNG).json()["answers"][0]
    assert row["text"] == "2706"
    assert [digit["digit"] for digit in row["digits"]] == [2, 7, 0, 6]
    row = client.post("/recognize?field=true&allowed=0-6", content=ROW, headers=PNG).json()["answers"][0]
    assert row["text"] == "2?06"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("allowed=11", "digits such as 1-9"),
        ("length=3", "length needs field"),
        ("explain=-1", "explain"),
        ("explan=3", "explan"),
    ],
)
def test_impossible_options_are_refused(client, query, word):
    found = client.post(f"/recognize?{query}", content=PHOTO, headers=PNG)
    assert found.status_code == 422
    assert word in found.json()["error"]


def test_pictures_show_what_the_network_saw(client):
    found = client.post("/recognize?explain=2&pictures=true", content=PHOTO, headers=PNG).json()["answers"][0]
    glyphs = [found["glyph"], *(near["glyph"] for near in found["neighbors"])]
    assert [len(base64.b64decode(glyph)) for glyph in glyphs] == [784] * 3
    assert any(base64.b64decode(found["glyph"]))


def test_similar_finds_known_digits(client):
    found = client.post("/similar?k=3&label=4", files=as_form(PHOTO, b"junk")).json()["answers"]
    assert [hit["label"] for hit in found[0]["neighbors"]] == [4] * 3
    assert found[0]["engine"]
    assert "is text: convert it" in found[1]["error"]


def test_a_mistake_is_kept_found_and_settled(client, service):
    said = "label=9&source=meter-7&reporter=ann&note=smudged"
    (outcome,) = client.post(f"/badcases?{said}", content=PHOTO, headers=PNG).json()["outcomes"]
    assert (outcome["status"], outcome["state"]) == ("new", "bad")
    number = outcome["case"]
    with Store.existing(service.home / "badcases.sqlite") as store:
        (report,) = store.reports([number])[number]
        assert (report.label, report.source, report.reporter, report.note) == (9, "meter-7", "ann", "smudged")
        assert dict(store.images([number]))[number] == PHOTO
    for query in ("state=bad", "pair=4-9", "label=9", "source=meter-*", f"number={number}", SHIPPED):
        assert number in [case["id"] for case in client.get(f"/badcases?{query}").json()["cases"]], query
    for query in (
        "state=learnt",
        "pair=1-2",
        "label=3",
        "source=form-*",
        "reason=blank",
        "model=x",
        "number=99",
    ):
        assert number not in [case["id"] for case in client.get(f"/badcases?{query}").json()["cases"]], query
    settled = client.post(f"/badcases/{number}/label", json={"label": 4, "reporter": "bob"}).json()
    assert (settled["label"], settled["state"]) == (4, "confirmed")
    assert client.get(f"/badcases/{number}").json()["label"] == 4


def test_a_label_without_a_body_is_told_how_to_send_it(client):
    refused = client.post("/badcases/1/label?label=4")
    assert refused.status_code == 422
    assert refused.json()["error"].startswith('body: send a JSON object, such as {"label": 4} for a label')


@pytest.mark.parametrize("label", [True, False, "4", 4.0, 4.5, 10, -1, "true", "", None, [4]])
def test_only_a_digit_or_reject_settles_a_case(client, label):
    (outcome,) = client.post("/badcases?label=9", content=PHOTO, headers=PNG).json()["outcomes"]
    for path in (f"/badcases/{outcome['case']}/label", "/doubtful/1/label"):
        refused = client.post(path, json={"label": label})
        assert refused.status_code == 422
        assert refused.json()["error"].startswith("label")
    assert client.post(f"/badcases/{outcome['case']}/label", json={"label": "reject"}).status_code == 200


def test_what_is_said_keeps_to_the_rules_of_the_command_line(client, service):
    form = [("images", ("a\0b.png", ROW, "image/png"))]
    (outcome,) = client.post("/badcases?label=9&source=c%00d&note=e%00f", files=form).json()["outcomes"]
    with Store.existing(service.home / "badcases.sqlite") as store:
        report = store.reports([outcome["case"]])[outcome["case"]][-1]
    assert "\0" not in report.name
    assert (report.source, report.note) == ("c\\0d", "e\\0f")
    assert client.post("/badcases?label=9&source=" + "s" * 501, files=form).status_code == 422


def test_pages_of_cases_follow_each_other(client):
    for source in ("a", "b", "c"):
        client.post(f"/badcases?label=1&source={source}", files=as_form(TICK, ROW))
    first = client.get("/badcases?limit=1").json()
    rest = client.get(f"/badcases?after={first['next']}").json()
    ids = [case["id"] for case in first["cases"] + rest["cases"]]
    assert ids == sorted(set(ids))
    assert len(ids) >= 2
    assert rest["next"] is None


def test_groups_are_those_of_the_diagnosis(client):
    client.post("/badcases?label=7", content=TICK, headers=PNG)
    found = client.get("/groups").json()
    assert found["cases"] >= 1
    assert {case for group in found["groups"] for case in group["cases"]}


def test_unknown_numbers_are_404(client):
    assert client.get("/badcases/12345").status_code == 404
    assert client.post("/badcases/12345/label", json={"label": 1}).status_code == 404
    assert client.post("/doubtful/12345/label", json={"label": 1}).status_code == 404
    assert client.delete("/doubtful/12345").status_code == 404
    assert client.post("/models/eleven@77/use", json={}).status_code == 404


def test_metrics_count_what_was_answered(start, tmp_path):
    with start(tmp_path) as service, service.client() as client:
        for _ in range(3):
            client.post("/recognize", content=PHOTO, headers=PNG)
        client.post("/recognize", content=b"junk", headers=PNG)
        lines = client.get("/metrics").text.splitlines()
    assert 'recognizer_requests_total{route="/recognize",status="200"} 3.0' in lines
    assert 'recognizer_requests_total{route="/recognize",status="422"} 1.0' in lines
    assert 'recognizer_answers_total{outcome="accepted"} 3.0' in lines
    assert 'recognizer_answers_total{outcome="error"} 1.0' in lines


def test_another_model_is_taken_up_and_rolled_back(start, tmp_path):
    with start(tmp_path / "home") as service, service.client() as client:
        meta = Recognizer.load("shipped").bundle.meta
        strict = {**meta["operating_point"], "threshold": 1.0}
        bundle = copy_of_shipped(tmp_path / "strict", operating_point=strict)
        version = Registry().register(bundle, "for a test").version
        client.post("/badcases?label=4", content=PHOTO, headers=PNG)
        change = client.get(f"/models/{version}/compare").json()
        assert (change["cases"], change["right_before"], change["broken"]) == (1, 1, 1)
        assert change["changed"][0]["after"] == "reject"
        used = client.post(f"/models/{version}/use", json={"who": "ann", "why": "stricter"}).json()
        assert used["current"] == version
        answer = client.post("/recognize", content=PHOTO, headers=PNG).json()["answers"][0]
        assert answer["rejected"]
        assert answer["model"].startswith(version)
        event = client.get("/models/history").json()["events"][0]
        assert (event["action"], event["who"], event["why"]) == ("use", "ann", "stricter")
        assert client.post("/models/rollback", json={}).json()["current"] == "shipped"
        assert client.post("/recognize", content=PHOTO, headers=PNG).json()["answers"][0]["digit"] == 4
        assert client.post("/models/rollback", json={}).status_code == 409


def test_doubtful_answers_wait_for_review(start, tmp_path):
    with start(tmp_path / "home", max_error=None) as service, service.client() as client:
        asked = client.post("/recognize?allowed=7,9", content=PHOTO, headers=PNG).json()["answers"][0]
        kept = service.core.doubtful.keep(PHOTO, Recognizer.load("shipped").recognize(PHOTO, allowed={7, 9}))
        assert kept
        assert asked["digit"] is None
        service.core.doubtful.close()  # what waits is on the disk
        (doubtful,) = client.get("/doubtful").json()["doubtful"]
        assert doubtful["answer"]["model"] == asked["model"]
        outcome = client.post(f"/doubtful/{doubtful['id']}/label", json={"label": 4}).json()
        assert outcome["status"] == "new"
        assert client.get("/doubtful").json() == {"doubtful": [], "next": None}


def test_health_tells_when_it_is_ready(start, tmp_path):
    with start(tmp_path) as service:
        assert httpx.get(f"{service.url}/health", trust_env=False).json()["state"] == "ready"
        service.core.live.state = "loading"
        assert httpx.get(f"{service.url}/health", trust_env=False).status_code == 503
        service.core.live.state = "ready"


def test_there_may_be_no_candidate(start, tmp_path):
    with start(tmp_path / "home") as service, service.client() as client:
        assert not client.get("/models").json()["has_candidate"]
        assert client.get("/candidate").status_code == 404
        assert client.post("/candidate/promote", json={}).status_code == 404
        client.post("/badcases?label=9", content=PHOTO, headers=PNG)
        learnt = {
            "from": "another@7",
            "at": "",
            "validation_sha256": "",
            "learn": [],
            "look": [],
            "proposals": [],
        }
        copy_of_shipped(candidate_folder(), learning={**learnt, "replayed": 0, "seconds": 0.0})
        assert client.get("/models").json()["has_candidate"]
        for refused in (client.get("/candidate"), client.post("/candidate/promote", json={})):
            assert refused.status_code == 409
            assert "another@7" in refused.json()["error"]
        assert Registry().current == "shipped"
