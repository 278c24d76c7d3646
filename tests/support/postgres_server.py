"""A PostgreSQL server of its own, where Debian's package `postgresql` is installed."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"


def programs():
    """The folder of the server's programs; None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def unusable():
    """Why there can be no server; "" where there can."""
    if programs() is None:
        return "no PostgreSQL server here: apt-get install postgresql"
    if os.name != "posix":
        return "no sockets in files here"
    if os.geteuid() == 0:
        import pwd

        try:
            pwd.getpwnam(USER)
        except KeyError:
            return f"root may not run a PostgreSQL server, and there is no user {USER}"
    return ""


@contextmanager
def server():
    """Runs a server; gives the URL of its database, which only this machine's users reach, through a file."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = None
    if os.geteuid() == 0:
        user = USER
        shutil.chown(folder, USER)

    def run(program, *args):
        command = [str(programs() / program), *map(str, args)]
        done = subprocess.run(
            command, user=user, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert done.returncode == 0, done.stdout.decode()

    data = folder / "data"
    try:
        run("initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://{USER}@/{USER}?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
