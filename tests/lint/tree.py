"""tree.py - what the lints share: which files belong to the tree, and the frame that runs a lint and its self-test.

A lint is a script with problems(root) -> [text], and a list of small trees, each with one violation and the text that
must then be found. `lint` checks the tree, `lint --self-test` proves that it can fail.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
SKIPPED_FOLDERS = {".git", ".venv", "node_modules", "__pycache__", ".pytest_cache"}


def files(root):
    """Every file that is, or would be, committed: git's list where there is a repository, else a walk."""
    if (root / ".git").exists():
        git = ["git", "-c", "safe.directory=*", "-C", root]
        listed = subprocess.run([*git, "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, check=False)
        if listed.returncode == 0:
            paths = (root / name for name in listed.stdout.decode().split("\0") if name)
            return sorted({path for path in paths if path.is_file()})
    found = []
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if path.is_file() and not SKIPPED_FOLDERS & set(parts) and not parts[0].startswith("build"):
            found.append(path)
    return sorted(found)


def text(path):
    return path.read_text(encoding="utf-8", errors="replace")


def name(root, path):
    return path.relative_to(root).as_posix()


def write(root, path, content):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8")


def main(problems, plants, report=None, options=None):
    """plants: [(what, {path: content}, text that must be in a problem, or None: no problem may be found)].

    Returns only when one of `options` (flags of the lint itself) was given: then what was parsed.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--self-test", action="store_true", help="prove that each kind of violation is found")
    parser.add_argument("--root", type=pathlib.Path, default=TOP)
    for option, help_text in (options or {}).items():
        parser.add_argument(option, action="store_true", help=help_text)
    args = parser.parse_args()
    if args.self_test:
        sys.exit(self_test(problems, plants))
    if options and any(getattr(args, o.lstrip("-").replace("-", "_")) for o in options):
        return args
    if report:
        report(args.root)
    found = problems(args.root)
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


def self_test(problems, plants):
    failed = 0
    for what, content, expected in plants:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, body in content.items():
                write(root, path, body)
            found = problems(root)
        if expected is None and found:
            print(f"self-test: {what}: expected nothing, got {found}")
            failed += 1
        elif expected is not None and not any(expected in line for line in found):
            print(f"self-test: {what}: expected {expected!r}, got {found}")
            failed += 1
    return 1 if failed else 0
