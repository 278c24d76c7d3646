"""``recognizer serve``: answers over HTTP, and pages to look, draw, correct and review."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer import Recognizer
from recognizer.cli.arguments import add_max_error, add_model, at_least
from recognizer.errors import UsageError
from recognizer.needs import need_extra
from recognizer.service.settings import MIB, Settings

if TYPE_CHECKING:
    from recognizer.glyph.ink import Grey

_PACKAGES = ("fastapi", "httptools", "multipart", "prometheus_client", "uvicorn")
TOKEN = "RECOGNIZER_TOKEN"  # noqa: S105 - the variable's name
_SHORTEST_TOKEN = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    default = Settings()
    parser.add_argument(
        "--host",
        default=default.host,
        help="the address to listen on (default: %(default)s, this machine only)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=default.port,
        help="the port (default: %(default)s; 0 for any free one)",
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="a file with the token that clients must show; needed if other machines can reach the service "
        f"(default: the variable {TOKEN})",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another host name that clients call the service by; may be repeated",
    )
    add_model(parser, "whichever is current, followed as it changes")
    add_max_error(parser)
    parser.add_argument(
        "--gallery",
        metavar="DIR",
        help="the gallery of known digits, by folder, name or address (default: the one that ships)",
    )
    parser.add_argument(
        "--store",
        metavar="PLACE",
        help="the store of bad cases (default: RECOGNIZER_STORE, or a file below RECOGNIZER_HOME)",
    )
    _add_bounds(parser, default)


def _add_bounds(parser: argparse.ArgumentParser, default: Settings) -> None:
    whole = at_least(1)
    for option, value, what in (
        ("--workers", default.workers, "processes"),
        ("--threads", default.threads, "threads per process for requests with several images"),
        (
            "--batch",
            default.batch,
            "the most images, from several requests, that the network takes at a time",
        ),
        (
            "--queue",
            default.queue,
            "the most images that wait in a process; more are refused with status 503",
        ),
        ("--max-images", default.max_images, "the most images in a request"),
        ("--max-mib", default.max_bytes // MIB, "the largest request, in MiB"),
        ("--max-pixels", default.max_pixels, "the largest image, in pixels"),
    ):
        parser.add_argument(
            option, type=whole, default=value, metavar="N", help=f"{what} (default: %(default)s)"
        )
    parser.add_argument(
        "--keep-doubtful",
        type=at_least(0),
        default=default.keep_doubtful,
        metavar="N",
        help="keep the latest N images with doubtful answers for review (default: %(default)s; 0 for none)",
    )


def run(args: argparse.Namespace) -> int:
    """Answer until a signal ends it."""
    need_extra("serve", "the service needs", *_PACKAGES)
    from recognizer.service.server import check, serve

    settings = _settings(args)
    check(settings)
    # A model that can't be used is told before anything listens.
    Recognizer.load(settings.model, settings.max_error, 1, settings.max_pixels).recognize(_nothing())
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s: %(message)s", level=logging.INFO)
    serve(settings)
    return 0


def _nothing() -> Grey:
    import numpy as np

    return np.zeros((28, 28), np.uint8)


def _settings(args: argparse.Namespace) -> Settings:
    return Settings(
        host=args.host,
        port=args.port,
        allowed_hosts=tuple(args.allow_host),
        token=_token(args.token_file),
        workers=args.workers,
        threads=args.threads,
        model=args.model,
        max_error=args.max_error,
        gallery=args.gallery,
        store=args.store,
        batch=args.batch,
        queue=args.queue,
        max_images=args.max_images,
        max_bytes=args.max_mib * MIB,
        max_held_bytes=max(Settings().max_held_bytes, args.max_mib * MIB),
        max_pixels=args.max_pixels,
        keep_doubtful=args.keep_doubtful,
    )


def _token(file: Path | None) -> str:
    if file is None:
        token, where = os.environ.get(TOKEN, ""), TOKEN
    else:
        try:
            token, where = file.read_text(encoding="utf-8").strip(), f"--token-file {file}"
        except (OSError, UnicodeError) as error:
            raise UsageError(f"--token-file {file}: can't be read ({error})") from None
    if (token or file) and (len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        raise UsageError(f"{where}: a token must have {_SHORTEST_TOKEN} or more letters and digits")
    return token


def _port(text: str) -> int:
    if not text.isdigit() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")
    return int(text)
