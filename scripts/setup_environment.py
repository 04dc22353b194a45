"""Makes and reuses `.venv`, for scripts/run and scripts/test. Standard library only.

It must parse and start on Python 3.6, because its first duty there is to find or name a newer one.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PINS = ("constraints.txt", "sources.txt")  # in scripts/
OLDEST, NEWEST = (3, 11), (3, 14)
NAMES = ["python3.%d" % minor for minor in range(NEWEST[1], OLDEST[1] - 1, -1)] + ["python3", "python"]
NO_NETWORK = re.compile(
    "connection broken|ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|resolve|unreachable"
)
# set for other work, these would send the packages elsewhere or refuse ours
FOREIGN = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_HASHES", "PIP_CONSTRAINT")


class SetupError(Exception):
    """One sentence that says what is missing."""


def call(command):
    """(exit status, output with errors) of a command; a command that cannot be started has status 127."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def version(python):
    """(major, minor) as the interpreter itself says, or None where it does not run, as an idle pyenv shim."""
    status, output = call([python, "-I", "-c", "import sys; print(sys.version_info[:2])"])
    found = re.search(r"^\((\d+), (\d+)\)\s*$", output)
    return (int(found.group(1)), int(found.group(2))) if status == 0 and found else None


def interpreters():
    """(path, version) of every Python that runs: the one running now, then those on PATH, newest first."""
    # an activated .venv is first on PATH, and may have to be deleted
    own = os.path.join(ROOT, ".venv") + os.sep
    path = os.pathsep.join(part for part in os.get_exec_path() if not (part + os.sep).startswith(own))
    found, paths = [], [getattr(sys, "_base_executable", sys.executable)]
    paths += [shutil.which(name, path=path) for name in NAMES]
    for path in paths:
        if path and path not in [known for known, _ in found]:
            number = version(path)
            if number:
                found.append((path, number))
    return found


def suitable(found):
    """The interpreters among `found` that pkpd runs on, or a SetupError naming what was found instead."""
    fitting = [path for path, number in found if OLDEST <= number <= NEWEST]
    if fitting:
        return fitting
    others = ", ".join(sorted({"%d.%d" % number for _, number in found})) or "none at all"
    raise SetupError(
        "pkpd needs Python 3.%d to 3.%d and PATH has %s; install one of them and run this again"
        % (OLDEST[1], NEWEST[1], others)
    )


def venv_python(venv):
    """The interpreter inside a virtual environment."""
    return os.path.join(venv, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))


def remove(venv):
    """Delete a virtual environment, half-made or whole."""
    if os.path.lexists(venv):
        shutil.rmtree(venv)


def pinned(name):
    """The line of constraints.txt that pins a package."""
    with open(os.path.join(ROOT, "scripts", "constraints.txt")) as lines:
        return next(line.strip() for line in lines if line.startswith(name + "=="))


def create(venv, found):
    """Make an empty virtual environment with a working pip, whatever the interpreters lack."""
    pythons = suitable(found)
    ways = [[python, "-I", "-m", "venv", venv] for python in pythons]
    ways += [[python, "-I", "-m", "virtualenv", venv] for python in pythons]
    if shutil.which("virtualenv"):
        ways += [[shutil.which("virtualenv"), "-p", python, venv] for python in pythons]
    inside = venv_python(venv)
    for way in ways:
        remove(venv)
        if call(way)[0] == 0 and call([inside, "-I", "-m", "pip", "--version"])[0] == 0:
            return
    # Debian's python3 has venv but not ensurepip; a pip from elsewhere can put one into the new environment
    for python in pythons:
        remove(venv)
        if call([python, "-I", "-m", "venv", "--without-pip", venv])[0] == 0:
            for lender, _ in found:
                borrowed = [lender, "-I", "-m", "pip", "--python", inside, "install", "-q", pinned("pip")]
                if call(borrowed)[0] == 0:
                    return
    raise SetupError(
        "%s can make no environment with pip in it: install its ensurepip (on Debian and Ubuntu: "
        "apt install python3-venv) and run this again" % pythons[0]
    )


def install(venv):
    """Install the pinned packages and then the checkout itself into a virtual environment."""
    pip = [venv_python(venv), "-I", "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check"]
    # a complete list with --no-deps gives the same set from every version of pip, and nothing is compiled
    constraints, sources = (os.path.join(ROOT, "scripts", name) for name in PINS)
    status, output = call([*pip, "--retries", "2", "--only-binary=:all:", "-r", constraints])
    if status == 0:
        status, output = call([*pip, "--retries", "2", "--no-build-isolation", "-r", sources])
    if status == 0:
        # the backend is in place by now, so that building the checkout needs no network
        status, output = call([*pip, "--no-index", "--no-build-isolation", "-e", ROOT])
    if status != 0:
        raise SetupError(pip_failure(output))


def pip_failure(output):
    """One sentence for a failed pip."""
    if NO_NETWORK.search(output):
        return "the package index cannot be reached: the first start needs a network; later ones do not"
    errors = [line for line in output.splitlines() if line.strip()] or ["no message"]
    last = [line for line in errors if line.startswith("ERROR")][-1:] or errors[-1:]
    return "pip could not install the packages of scripts/%s: %s" % (" and ".join(PINS), last[0])


def stamp(number):
    """What a finished `.venv` rests on: pyproject.toml, pins, the interpreter's version, the place."""
    digest = hashlib.sha256(repr((number, ROOT)).encode())
    for name in ("pyproject.toml", *(os.path.join("scripts", name) for name in PINS)):
        with open(os.path.join(ROOT, name), "rb") as content:
            digest.update(content.read())
    return digest.hexdigest()


def is_ready(venv):
    """Whether a virtual environment was finished, is of today's pins and still runs."""
    try:
        with open(os.path.join(venv, "pkpd-stamp")) as written:
            return written.read() == stamp(version(venv_python(venv)))
    except OSError:
        return False


@contextlib.contextmanager
def lock(path):
    """Hold a file for this process alone; the system lets go of it even if the process dies."""
    with open(path, "w") as held:
        if fcntl:
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def prepare(venv, create=create, install=install):
    """The interpreter of a finished `.venv`, which is made first, or again, where needed."""
    if is_ready(venv):
        return venv_python(venv)
    with lock(venv + ".lock"):
        if not is_ready(venv):  # another process may have made it meanwhile
            found = interpreters()
            suitable(found)
            say("setting up .venv (once; takes a minute or two)")
            create(venv, found)
            install(venv)
            with open(os.path.join(venv, "pkpd-stamp"), "w") as written:
                written.write(stamp(version(venv_python(venv))))
    return venv_python(venv)


def say(text):
    """Tell the user on stderr, since stdout belongs to the results."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def environment():
    """The interpreter of the checkout's `.venv`; ends the program with one sentence if there can be none."""
    try:
        return prepare(os.path.join(ROOT, ".venv"))
    except (SetupError, OSError) as error:
        sys.exit("scripts/%s: %s" % (os.path.basename(sys.argv[0]), error))
    except KeyboardInterrupt:
        sys.exit("scripts/%s: interrupted; the next start begins again" % os.path.basename(sys.argv[0]))
