#!/bin/sh
# Build the project and run its tests on a kernel with SCTP.
#
# usage: tests/run.sh [pytest arguments]
#
# Paths are relative to the repository's root.  PYTHON chooses an interpreter;
# SCTP_TEST_KERNEL=sid takes the newest kernel, from Debian's sid;
# SCTP_TEST_TIMEOUT limits the run, to 900 seconds if not set.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# shellcheck source=tests/kernel/setup.sh
. "$repository/tests/kernel/setup.sh"

case ${SCTP_TEST_KERNEL-} in
'') ;;
sid)
    # shellcheck source=tests/sid.sh
    . "$repository/tests/sid.sh"
    use_sid_kernel
    ;;
*) fail "SCTP_TEST_KERNEL: no kernel '$SCTP_TEST_KERNEL', only sid" ;;
esac
tools=strace:strace
prepare '[test]'
cd "$repository"
# A test that lacks the kernel fails; nothing is left in the source tree.
export SCTP_TEST_REQUIRE_KERNEL=1 PYTHONDONTWRITEBYTECODE=1
exec_in_kernel "$python" -m pytest -p no:cacheprovider -o testpaths=tests "$@"
