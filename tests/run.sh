#!/bin/sh
# Build the project and run its tests on a kernel with SCTP.
#
# usage: tests/run.sh [--sanitize | --memcheck | --tsan | --pydebug]
#                     [pytest arguments]
#        tests/run.sh --help
#
# All tests take about 25 minutes.  The first run takes a minute or two longer, to
# build and install what they need.  To run some tests only, name their files or
# use -k.  The end of the output lists how many tests were skipped, and why.
#
# --sanitize runs the modules under AddressSanitizer and UBSan.  --memcheck runs
# the tests of how C code uses memory, or the given ones, under Valgrind's
# memcheck.  --tsan runs the tests with threads, or the given ones, on a
# free-threaded CPython under ThreadSanitizer.  --pydebug uses a CPython with
# assertions.  If one of these tools reports something, the run fails.
#
# Paths are relative to the root of the repository.  These variables are read:
# PYTHON chooses an interpreter.  SCTP_TEST_KERNEL=sid uses the newest kernel, from
# Debian's sid.  SCTP_TEST_TIMEOUT limits the run in seconds; the default is 1,800.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

if [ "${1-}" = --help ]; then
    sed -n '2,/^$/{ /^set/d; s/^# \{0,1\}//p }' "$0"
    echo
    echo "The arguments of pytest: tests/run.sh -h"
    exit
fi

# shellcheck source=tests/kernel/setup.sh
. "$repository/tests/kernel/setup.sh"

# The packages of tests/requirements.txt.  One that cannot be had costs some tests.
install_packages_of_tests() {
    wanted=$(cksum <"$repository/tests/requirements.txt")
    if [ "$(cat "$environment/packages" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    if "$python" -m pip --disable-pip-version-check install -q \
        -r "$repository/tests/requirements.txt"; then
        echo "$wanted" >"$environment/packages"
    else
        echo 'tests that need what could not be installed are skipped' >&2
    fi
}

tools=strace:strace
under=
case ${1-} in
--sanitize | --memcheck | --tsan | --pydebug)
    under=${1#--}
    shift
    # shellcheck source=tests/sanitizers.sh
    . "$repository/tests/sanitizers.sh"
    "prepare_$under"
    ;;
esac
case ${SCTP_TEST_KERNEL-} in
'') ;;
sid)
    # shellcheck source=tests/sid.sh
    . "$repository/tests/sid.sh"
    use_sid_kernel
    ;;
*) fail "SCTP_TEST_KERNEL: no kernel '$SCTP_TEST_KERNEL', only sid" ;;
esac
prepare '[test]'
(
    if has_command flock; then
        flock 9
    fi
    install_packages_of_tests 9>&-
) 9>"$repository/build/setup.lock"
cd "$repository"
# A test that lacks the kernel fails; nothing is left in the source tree.
export SCTP_TEST_REQUIRE_KERNEL=1 PYTHONDONTWRITEBYTECODE=1
set -- -m pytest -p no:cacheprovider -rs -o testpaths=tests "$@"
if [ -n "$under" ]; then
    "run_$under" "$@"
else
    exec_in_kernel "$python" "$@"
fi
