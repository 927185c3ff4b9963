#!/usr/bin/env python3
"""Builds the dashboard: ui.py UI OUT [--c FILE --header H --table T --depfile FILE] [--watch]

UI is the source folder with its node_modules, OUT gets index.html and assets/, each file a second time as .gz. esbuild
is run as it lies in node_modules, so that Node itself is not needed. With --c the files become a C table too. Where the
packages are missing the dashboard is one page that says so. The output depends on the sources only, so builds repeat.

--watch builds again at each change, for `flyball dev --ui-dir OUT`.
"""
import argparse
import gzip
import json
import pathlib
import platform
import shutil
import subprocess
import sys
import time

import embed

MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
NO_PACKAGES = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Flyball</title>
<h1>This build has no dashboard</h1>
<p>The packages that it is made of were not there when the program was built. Run <code>script/bootstrap</code>, and
start it again. The commands of <code>flyball help</code> show the same data.</p>
</html>
"""
TYPES = {".js": "js", ".css": "css", ".svg": "svg"}


def esbuild_of(ui):
    machine = MACHINES.get(platform.machine(), platform.machine())
    return ui / "node_modules" / "@esbuild" / f"linux-{machine}" / "bin" / "esbuild"


def bundle(ui, out):
    """{entry: name in assets/} after esbuild wrote them."""
    assets = out / "assets"
    shutil.rmtree(assets, ignore_errors=True)
    assets.mkdir(parents=True)
    meta = out / "meta.json"
    subprocess.run([esbuild_of(ui), "src/main.tsx", "src/style.css", "src/icon.svg", "--bundle", "--minify",
                    "--splitting", "--format=esm", "--target=es2022", "--jsx=automatic", "--jsx-import-source=preact",
                    "--loader:.svg=copy", "--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]",
                    "--asset-names=[name]-[hash]", "--define:process.env.NODE_ENV=\"production\"",
                    "--legal-comments=none", "--log-level=warning",
                    f"--outdir={assets}", f"--metafile={meta}"], cwd=ui, check=True)
    outputs = json.loads(meta.read_text())["outputs"]
    return {o["entryPoint"]: pathlib.Path(path).name for path, o in outputs.items() if "entryPoint" in o}


def write_page(ui, out, entries):
    page = (ui / "index.html").read_text()
    for entry, name in entries.items():
        page = page.replace("{" + entry + "}", "assets/" + name)
    if "{src/" in page:
        sys.exit("ui.py: index.html names an entry that was not built")
    (out / "index.html").write_text(page)


def built(out):
    return [out / "index.html", *sorted(p for p in (out / "assets").glob("*") if p.suffix in TYPES)]


def build(ui, out):
    out.mkdir(parents=True, exist_ok=True)
    if esbuild_of(ui).exists():
        write_page(ui, out, bundle(ui, out))
    else:
        shutil.rmtree(out / "assets", ignore_errors=True)
        (out / "index.html").write_text(NO_PACKAGES)
    for path in built(out):
        pathlib.Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def sources(ui):
    schema = ui.parent / "spec" / "agentpolicy" / "v1.schema.json"  # what the editor offers
    return sorted([ui / "index.html", ui / "package-lock.json", schema,
                   *(p for p in (ui / "src").rglob("*") if p.is_file())])


def write_c(ui, out, args):
    items = []
    for path in built(out):
        items += [f"{path.name}={path}", f"{path.name}.gz={path}.gz"]
    named = [item if item.startswith("index.html") else "assets/" + item for item in items]
    fresh = args.c.with_suffix(".new")
    embed.write(fresh, args.header, args.table, named)
    if not args.c.exists() or args.c.read_bytes() != fresh.read_bytes():  # else nothing is compiled again
        fresh.replace(args.c)
    fresh.unlink(missing_ok=True)
    # What is not there makes ninja look again each time: so the packages' arrival is seen.
    depends = [*sources(ui), ui / "node_modules" / ".package-lock.json"]
    args.depfile.write_text(f"{args.c}: " + " ".join(str(p).replace(" ", "\\ ") for p in depends) + "\n")


def watch(ui, out):
    seen = None
    while True:
        now = [(p, p.stat().st_mtime_ns) for p in sources(ui)]
        if now != seen:
            try:
                build(ui, out)
                print("built", out, flush=True)
            except subprocess.CalledProcessError:
                pass  # esbuild said what is wrong
            seen = now
        time.sleep(0.3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ui", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--c", type=pathlib.Path)
    parser.add_argument("--depfile", type=pathlib.Path)
    parser.add_argument("--header")
    parser.add_argument("--table")
    parser.add_argument("--watch", action="store_true")
    args = parser.parse_args()
    args.ui, args.out = args.ui.resolve(), args.out.resolve()
    if args.watch:
        watch(args.ui, args.out)
    build(args.ui, args.out)
    if args.c:
        write_c(args.ui, args.out, args)


if __name__ == "__main__":
    main()
