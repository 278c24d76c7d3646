"""Images a second and latency of the service: driven by wrk, beside an endpoint that does nothing.

Everything runs on this machine, the client too. Each figure is one run of wrk against a service of its own process;
the endpoint that does nothing is one more route of the same application, which reads the body and answers.

`--soak MINUTES` instead holds a rate for minutes and watches errors and memory.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from common import command_line, header, table, write
from fastapi import FastAPI, Request, Response
from speed import photographs, png

from recognizer import Recognizer
from recognizer.data import find_data, load_mnist
from recognizer.service import server
from recognizer.service.app import create_app
from recognizer.service.settings import Settings

CLIENTS = (1, 8, 64)
BATCHES = (1, 16, Settings().batch)
BODIES = 256
BATCH = 256
SOAK_S = 15
# wrk sends the images of a folder in turn, each thread from another one on.
SCRIPT = """
local bodies = {}
for number = 0, COUNT - 1 do
  local file = io.open("FOLDER/" .. number .. ".png", "rb")
  bodies[#bodies + 1] = file:read("*a")
  file:close()
end
local at = math.random(#bodies)
wrk.method = "POST"
wrk.headers["Content-Type"] = "image/png"
request = function()
  at = at % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[at])
end
done = function(summary, latency)
  io.write(string.format("FIGURES %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), summary.errors.status + summary.errors.connect
    + summary.errors.read + summary.errors.timeout))
end
"""


def start(settings: Settings) -> FastAPI:
    """The application, and a route that does nothing; every process of a service makes it."""
    app = create_app(settings)

    @app.post("/nothing", include_in_schema=False)
    async def nothing(request: Request) -> Response:
        await request.body()
        return Response(b"{}", media_type="application/json")

    return app


def child(options: argparse.Namespace) -> None:
    """Run a service, in a process of its own."""
    server.start = start  # what `serve` hands to each process
    server.serve(Settings(port=options.port, batch=options.batch, workers=options.workers, keep_doubtful=0))


@contextmanager
def service(batch: int, workers: int) -> Iterator[tuple[str, int]]:
    """The address of a service, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--child", "--port", str(port), "--batch", str(batch), "--workers", str(workers)]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "RECOGNIZER_HOME": home, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen([sys.executable, __file__, *arguments], env=environment)
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def wait_until_ready(url: str) -> None:
    """Ask until the answer is 200, for a minute at most."""
    for _ in range(600):
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def drive(url: str, clients: int, script: Path, seconds: int) -> tuple[float, float, float, int]:
    """Requests a second, median and 99th percentile in milliseconds, and errors, as wrk measures them."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "5s", "-s", str(script), url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"FIGURES (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    assert found, said
    requests, micros, median, late, errors = map(int, found.groups())
    return requests / micros * 1e6, median / 1000, late / 1000, errors


def write_bodies(options: argparse.Namespace, folder: Path) -> tuple[Path, list[bytes]]:
    """Images as files, and the script that sends them."""
    rng = np.random.default_rng(options.seed)
    digits = load_mnist(find_data(options.data), "train")[0]
    bodies = [png(page) for page in photographs(digits[rng.permutation(len(digits))[:BODIES]], rng)]
    for number, body in enumerate(bodies):
        (folder / f"{number}.png").write_bytes(body)
    script = folder / "post.lua"
    script.write_text(SCRIPT.replace("FOLDER", str(folder)).replace("COUNT", str(len(bodies))))
    return script, bodies


def singles(script: Path, options: argparse.Namespace) -> list[list[object]]:
    """Rows of the table: each number of clients, with and without batching, beside the endpoint that does nothing."""
    rows: list[list[object]] = []
    for batch in BATCHES:
        with service(batch, options.workers) as (url, _):
            for clients in CLIENTS:
                drive(f"{url}/recognize", clients, script, 1)  # warm
                nothing = drive(f"{url}/nothing", clients, script, options.seconds)
                found = drive(f"{url}/recognize", clients, script, options.seconds)
                figures = [f"{found[0]:,.0f}", f"{found[1]:.1f}", f"{found[2]:.1f}", found[3]]
                kind = "no" if batch == 1 else f"up to {batch}"
                rows.append([kind, clients, *figures, f"{nothing[0]:,.0f}", f"{found[0] / nothing[0]:.2f}"])
    return rows


def batches(bodies: list[bytes], options: argparse.Namespace) -> list[list[object]]:
    """Rows of the table: requests of many images, beside the same images in this process."""
    images = (bodies * (BATCH // len(bodies) + 1))[:BATCH]
    local = Recognizer.load(threads=Settings().threads)
    many = {"images": [base64.b64encode(image).decode() for image in images]}
    body = json.dumps(many).encode()
    form = [("images", (f"{number}.png", image, "image/png")) for number, image in enumerate(images)]
    rows: list[list[object]] = []
    with service(Settings().batch, options.workers) as (url, _), httpx.Client(trust_env=False) as client:
        kinds = {
            "in this process": lambda: list(local.recognize_many(images)),
            "JSON": lambda: client.post(
                f"{url}/recognize", content=body, headers={"Content-Type": "application/json"}
            ),
            "form": lambda: client.post(f"{url}/recognize", files=form),
        }
        rates: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(options.rounds):  # in turn: other load on the machine affects all alike
            for kind, call in kinds.items():
                begin = time.perf_counter()
                call()
                rates[kind].append(len(images) / (time.perf_counter() - begin))
    base = float(np.median(rates["in this process"]))
    for kind, found in rates.items():
        rate = float(np.median(found))
        rows.append([kind, f"{rate:,.0f}", f"{rate / base:.2f}"])
    return rows


def memory_mib(pid: int) -> float:
    """What a process holds in memory."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"^VmRSS:\s+(\d+)", text, re.MULTILINE)[1]) / 1024  # type: ignore[index]


def soak(script: Path, options: argparse.Namespace) -> None:
    """Hold four fifths of the rate that was measured; print errors and memory, and exit with 1 if either is wrong."""
    clients, asked, errors, held = CLIENTS[-1], 0.0, 0, []
    with service(Settings().batch, options.workers) as (url, pid):
        most = drive(f"{url}/recognize", clients, script, options.seconds)[0]
        wanted = 0.8 * most
        # Each client pauses after an answer, the less the longer that took, so that together they keep the rate.
        resting = script.with_name("resting.lua")
        rest_ms = 1000 * clients / wanted
        for _ in range(max(1, round(60 * options.soak / SOAK_S))):
            resting.write_text(f"{script.read_text()}\nfunction delay() return {round(rest_ms)} end\n")
            rate, median, late, failed = drive(f"{url}/recognize", clients, resting, SOAK_S)
            rest_ms = max(1.0, rest_ms - 1000 * clients * (1 / rate - 1 / wanted))
            asked, errors = asked + SOAK_S * rate, errors + failed
            held.append(memory_mib(pid))
            print(
                f"{rate:,.0f} of {most:,.0f} a second, p50 {median:.1f} ms, p99 {late:.1f} ms, {held[-1]:.0f} MiB"
            )
    print(
        f"{asked:,.0f} requests, {errors} errors; {held[0]:.0f} MiB at first, {held[-1]:.0f} MiB at the end"
    )
    if errors or held[-1] > 1.1 * held[0]:
        raise SystemExit(1)


def main() -> None:
    """Measure, and write the tables."""
    parser = command_line(__doc__, data="mnist/", seed=0)
    parser.add_argument("--seconds", type=int, default=10, help="of each run of wrk")
    parser.add_argument("--rounds", type=int, default=9, help="requests of many images")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    if shutil.which("wrk") is None:
        raise SystemExit("this needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        script, bodies = write_bodies(options, Path(folder))
        if options.soak:
            soak(script, options)
            return
        single, many = singles(script, options), batches(bodies, options)
    write(
        "service",
        "Service",
        header(
            ("fastapi", "uvicorn", "httptools", "uvloop", "onnxruntime", "numpy"),
            images=f"{BODIES} PNG files of 56×56, {sum(map(len, bodies)) // len(bodies)} bytes on average",
            seed=options.seed,
            workers=options.workers,
            command="`python benchmarks/service.py`",
        ),
        f"Requests of one image, by wrk on one thread, {options.seconds} s each; milliseconds.\n",
        table(
            ["batching", "clients", "a second", "median", "p99", "errors", "nothing, a second", "ratio"],
            single,
        ),
        f"Requests of {BATCH} images, one client; median of {options.rounds}.\n",
        table(["how", "images a second", "ratio"], many),
    )


if __name__ == "__main__":
    main()
