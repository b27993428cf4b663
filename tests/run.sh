#!/bin/sh
# Build the project and run its tests on a kernel with SCTP.
#
# usage: tests/run.sh [--sanitize | --memcheck | --tsan | --pydebug]
#                     [pytest arguments]
#        tests/run.sh --help
#
# All tests take about 25 minutes; the first run also sets up what they need,
# which takes a minute or two.  Name files, or use -k, for some of them.  At the
# end stands why tests were skipped, and how many.
#
# --sanitize runs the modules under AddressSanitizer and UBSan; --memcheck runs
# the tests of what C code does with memory, or those given, under Valgrind's
# memcheck; --tsan runs the tests with threads, or those given, on a
# free-threaded CPython under ThreadSanitizer; --pydebug takes a CPython with
# assertions.  A report makes the run fail.
#
# Paths are relative to the repository's root.  PYTHON chooses an interpreter;
# SCTP_TEST_KERNEL=sid takes the newest kernel, from Debian's sid;
# SCTP_TEST_TIMEOUT limits the run, to 1,800 seconds if not set.
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
