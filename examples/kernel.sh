#!/bin/sh
# Run a command in a kernel with SCTP, or an interactive Python.
#
# usage: examples/kernel.sh [command [argument ...]]
#        examples/kernel.sh --help
#
# If the kernel of this machine has no SCTP, the command runs in a Linux kernel in
# user mode.  It sees the same files.  It has three networks of its own, to try
# multihoming: 10.1.0.1 and 10.1.0.2, 10.2.0.1 and 10.2.0.2, 10.3.0.1 and
# 10.3.0.2.  It cannot reach other machines.  "python" is the interpreter of the
# environment in build/, which has this project installed.
#
# For example: examples/kernel.sh python mine.py
# Several programs at once: examples/kernel.sh sh -c 'python server.py & sleep 2; python client.py'
#
# Exit status: that of the command.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

if [ "${1-}" = --help ]; then
    sed -n '2,/^$/{ /^set/d; s/^# \{0,1\}//p }' "$0"
    exit
fi

# shellcheck source=tests/kernel/setup.sh
. "$repository/tests/kernel/setup.sh"

prepare ''
PATH=$(dirname "$python"):$PATH
export PATH
[ $# -gt 0 ] || set -- python
if host_will_do; then
    exec "$@"
fi
terminal=
if [ -t 0 ] && [ -t 1 ]; then
    terminal=--terminal
elif [ "$*" = python ]; then
    fail 'an interactive Python needs a terminal'
fi
exec "$base_python" "$repository/tests/kernel/run" --timeout 0 $terminal -- \
    /usr/bin/env TMPDIR=/dev/shm "$@"
