# script/lib/common.sh - what the scripts share. Sourced by bash; `top` is the root of the tree.

top=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$top/.venv

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Runs a command as root: as it is, or through sudo; asks for a password only where somebody can type one.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif ! command -v sudo >/dev/null; then die "this needs root, and there is no sudo: $*"
    elif [ -t 0 ]; then sudo "$@"
    else sudo -n "$@"
    fi
}

apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2; }

# The packages of the arguments that are not installed, one a line.
packages_missing() {
    local installed
    installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii  *//p')
    printf '%s\n' "$@" | grep -Fxv -e "$installed" || true
}
