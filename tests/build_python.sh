#!/bin/sh
# Build variants of CPython from Debian's sources: free-threaded, debug, and
# thread-sanitizer, which is free-threaded and runs under ThreadSanitizer.
#
# usage: tests/build_python.sh [--only VARIANT] [version]
#
# Makes build/python3.N-VARIANT for one variant, or for all.  Prints the
# interpreters: use them as PYTHON=... tests/run.sh.  The version is a number
# such as 3.14.  The default is the newest version with sources.  Variants that
# exist are not built again.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# shellcheck source=tests/kernel/setup.sh
. "$repository/tests/kernel/setup.sh"
# shellcheck source=tests/sid.sh
. "$repository/tests/sid.sh"

# Called by provide.
# shellcheck disable=SC2317
check_for_python() {
    has_command "${CC:-$compiler}" || missing 'a C compiler' gcc
    has_command make || missing make make
    has_command dpkg-source || missing dpkg-source dpkg-dev
    compiles ffi.h || missing ffi.h libffi-dev
    compiles openssl/ssl.h || missing openssl/ssl.h libssl-dev
    compiles zlib.h || missing zlib.h zlib1g-dev
}

# Print the source packages of Python, or of its version $1, as NAME=VERSION.
# The newest comes first.
sources() {
    names=$(with_sid apt-cache pkgnames "python${1-3.}" |
        grep -x 'python3\.[0-9]*')
    # The shell splits the names.
    # shellcheck disable=SC2086
    with_sid apt-cache showsrc $names | awk '
        $1 == "Package:" { name = $2 }
        $1 == "Version:" { print name "=" $2 }' | sort -ruV
}

# Unpack the source package $1 as its authors published it: Debian's changes
# are about where its packages put things.
unpack() {
    [ ! -d "$sid/${1%=*}" ] || return 0
    (
        cd "$sid" &&
            with_sid apt-get source -qq --download-only "$1" &&
            dpkg-source --no-check --skip-patches -x \
                "${1%=*}_${1#*=}.dsc" "${1%=*}.new" &&
            mv "${1%=*}.new" "${1%=*}"
    ) >>"$sid/sources.log" 2>&1
}

# Build the sources $1 as the variant $2.
build() {
    case $2 in
    free-threaded) options=--disable-gil ;;
    debug) options=--with-pydebug ;;
    thread-sanitizer) options='--disable-gil --with-thread-sanitizer' ;;
    *) fail "no variant '$2'" ;;
    esac
    prefix=$repository/build/$1-$2
    if [ ! -e "$prefix/bin/python3" ]; then
        echo "building $1 $2" >&2
        mkdir -p "$sid/$1-$2"
        # The shell splits the options.
        # shellcheck disable=SC2086
        (
            cd "$sid/$1-$2" &&
                "$sid/$1/configure" --quiet --prefix="$prefix" $options \
                    --disable-test-modules &&
                make -s -j"$(nproc)" &&
                make -s install
        ) >"$prefix.log" 2>&1 || fail "see $prefix.log"
        rm -r "$sid/$1-$2"
    fi
    echo "$prefix/bin/python3"
}

variants='free-threaded debug thread-sanitizer'
if [ "${1-}" = --only ]; then
    variants=$2
    shift 2
fi
find_python
mkdir -p "$repository/build"
provide check_for_python
for source in $(sources "$@"); do
    if unpack "$source"; then
        for variant in $variants; do
            build "${source%=*}" "$variant"
        done
        exit
    fi
done
fail "no source of Python to be had: see $sid/sources.log"
