# script/lib/newer-debian.sh - two libraries from Debian 13 on an older Debian.
#
# llhttp and yyjson are not in Debian 12; Debian 13's packages need nothing newer than Debian 12's libc. The source is
# derived from the machine's own: the same mirror, options and keyring, with the suite's name changed. Beside it stands
# a pin file, so that nothing but these libraries is ever taken from there:
#
#   /etc/apt/sources.list.d/flyball-trixie.{sources,list}
#   /etc/apt/preferences.d/flyball-trixie
#
# Both can be removed by hand once the libraries are installed; on Debian 13 they are removed here.

newer_suite=trixie
# A keyring with the keys of one release only; the whole one stands beside it.
keyring_of_one='debian-archive-(bullseye|bookworm)-(stable|automatic)[.](gpg|pgp)'

# newer_debian_enable PACKAGE...: makes the packages installable, or dies saying why not. Packages lists are fresh.
newer_debian_enable() {
    local id codename
    id=$(. /etc/os-release && echo "${ID-}")
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    if [ "$codename" = "$newer_suite" ]; then
        newer_debian_disable
    fi
    if all_installable "$@"; then
        return 0
    fi
    [ "$id" = debian ] || die "packages not found: $*. They are in Debian 13; on this system install them by hand."

    # The keyring of an early Debian 12 does not know Debian 13's keys; its updates do.
    apt_install debian-archive-keyring
    write_newer_source "$codename"
    write_newer_pin
    as_root apt-get update -q >&2
    all_installable "$@" || die "packages not found, not in $newer_suite of this machine's mirror either: $*"
}

newer_debian_disable() {
    as_root rm -f /etc/apt/sources.list.d/flyball-$newer_suite.sources \
        /etc/apt/sources.list.d/flyball-$newer_suite.list /etc/apt/preferences.d/flyball-$newer_suite
    as_root apt-get update -q >&2
}

all_installable() {
    local p candidate
    for p in "$@"; do
        candidate=$(apt-cache policy "$p" | sed -n 's/^  Candidate: //p')
        case $candidate in ''|'(none)') return 1 ;; esac
    done
}

# The machine's first source of CODENAME's main, rewritten. deb822 stanzas are preferred; then old one-line sources.
write_newer_source() {
    local codename=$1 text
    text=$(newer_from_deb822 "$codename" /etc/apt/sources.list.d/*.sources)
    if [ -n "$text" ]; then
        printf '%s\n' "$text" | as_root tee /etc/apt/sources.list.d/flyball-$newer_suite.sources >/dev/null
        return
    fi
    text=$(newer_from_lines "$codename" /etc/apt/sources.list /etc/apt/sources.list.d/*.list)
    [ -n "$text" ] || die "found no source of Debian '$codename' in /etc/apt to derive one of $newer_suite from"
    printf '%s\n' "$text" | as_root tee /etc/apt/sources.list.d/flyball-$newer_suite.list >/dev/null
}

# newer_from_deb822 CODENAME FILE...: prints a stanza, or nothing. Fields we do not know are kept; a field may span
# lines (keys written out in Signed-By). A keyring that holds one release's key only gives way to the whole one.
newer_from_deb822() {
    local codename=$1 files=() f
    shift
    for f in "$@"; do
        case $f in */flyball-*) ;; *) [ -f "$f" ] && files+=("$f") ;; esac
    done
    [ ${#files[@]} -gt 0 ] || return 0
    awk -v codename="$codename" -v newer="$newer_suite" -v keyring_of_one="$keyring_of_one" '
        function flush(    i, suites, is_ours) {
            suites = " " value["suites"] " "
            is_ours = (suites ~ " " codename " " || suites ~ / (stable|oldstable) /) &&
                (" " value["types"] " ") ~ / deb / && value["enabled"] !~ /^ *(no|false|0)/ &&
                value["uris"] !~ /(^| )(cdrom|file):/
            if (is_ours && !is_done) {
                is_done = 1
                for (i = 1; i <= n; i++)
                    print line[i]
            }
            n = 0
            split("", value)
            field = ""
        }
        FNR == 1 { flush() }
        /^#/ { next }
        /^[[:space:]]*$/ { flush(); next }
        /^[^[:space:]]/ {
            field = tolower($0)
            sub(/[[:space:]]*:.*/, "", field)
            rest = $0
            sub(/^[^:]*:[[:space:]]*/, "", rest)
            value[field] = rest
            if (field == "types") line[++n] = "Types: deb"
            else if (field == "suites") line[++n] = "Suites: " newer
            else if (field == "components") line[++n] = "Components: main"
            else line[++n] = $0
        }
        /^[[:space:]]/ {
            value[field] = value[field] " " $0
            if (field !~ /^(types|suites|components)$/) line[++n] = $0
        }
        { sub(keyring_of_one, "debian-archive-keyring.gpg", line[n]) }
        END { flush() }' "${files[@]}"
}

# newer_from_lines CODENAME FILE...: the same for "deb [options] URI SUITE COMPONENT...".
newer_from_lines() {
    local codename=$1 files=() f
    shift
    for f in "$@"; do
        case $f in */flyball-*) ;; *) [ -f "$f" ] && files+=("$f") ;; esac
    done
    [ ${#files[@]} -gt 0 ] || return 0
    awk -v codename="$codename" -v newer="$newer_suite" -v keyring_of_one="$keyring_of_one" '
        $1 != "deb" { next }
        {
            i = 2
            options = ""
            if ($2 ~ /^\[/) {
                for (; i <= NF; i++) {
                    options = options $i " "
                    if ($i ~ /\]$/) break
                }
                i++
            }
            uri = $i
            suite = $(i + 1)
            if (uri ~ /^(cdrom|file):/) next
            if (suite != codename && suite != "stable" && suite != "oldstable") next
            sub(keyring_of_one, "debian-archive-keyring.gpg", options)
            print "deb " options uri " " newer " main"
            exit
        }' "${files[@]}"
}

# Nothing of the newer release may be installed but the two libraries (-1: never), and those like any package (500).
write_newer_pin() {
    as_root tee /etc/apt/preferences.d/flyball-$newer_suite >/dev/null <<PIN
Explanation: Flyball takes two libraries from Debian $newer_suite and nothing else.
Explanation: Remove this file before an upgrade to it.
Package: *
Pin: release n=$newer_suite
Pin-Priority: -1

Package: libllhttp* libyyjson*
Pin: release n=$newer_suite
Pin-Priority: 500
PIN
}
