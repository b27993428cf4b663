#!/bin/sh
# Build the project and run an example's server and client on a kernel with
# SCTP.
#
# usage: examples/run.sh [name]
#
# The name is that of a NAME_server.py with its NAME_client.py, echo if none is
# given.  Exit status: the client's, or 1 if the server failed.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
server_patience_seconds=30

list_examples() {
    for server_file in "$repository"/examples/*_server.py; do
        [ -e "$server_file" ] && basename "$server_file" _server.py
    done
}

# The sockets of process $1, as inode numbers.
sockets_of() {
    find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null |
        tr -cd '0-9\n'
}

# /proc/net/sctp/eps: column 4 is the socket's state, 10 for LISTEN, and 8 the
# inode.
listens() {
    sockets_of "$1" |
        awk 'FNR == NR { mine[$1]; next }
             $4 == 10 && $8 in mine { found = 1 }
             END { exit !found }' - /proc/net/sctp/eps
}

wait_until_it_listens() {
    deadline=$(($(date +%s) + server_patience_seconds))
    until listens "$1"; do
        if ! kill -0 "$1" 2>/dev/null; then
            echo 'examples/run.sh: the server ended before it listened' >&2
            return 1
        fi
        if [ "$(date +%s)" -ge "$deadline" ]; then
            echo 'examples/run.sh: the server does not listen' >&2
            return 1
        fi
        sleep 0.05
    done
}

# Prefix what comes through a pipe, made here, with the name $1.
show_lines_of() {
    mkfifo "$pipes/$1"
    sed -u "s/^/$1: /" <"$pipes/$1" &
}

# Inside the kernel: $1 the interpreter, $2 the example.
play() {
    pipes=$(mktemp -d)
    server_status=0
    client_status=1

    show_lines_of server
    "$1" "$repository/examples/$2_server.py" >"$pipes/server" 2>&1 &
    server=$!
    show_lines_of client
    if wait_until_it_listens "$server"; then
        client_status=0
        "$1" "$repository/examples/$2_client.py" >"$pipes/client" 2>&1 ||
            client_status=$?
    else
        : >"$pipes/client"
    fi

    # A server that we have to end has not failed.
    if kill "$server" 2>/dev/null; then
        expected_status=143
    else
        expected_status=0
    fi
    wait "$server" 2>/dev/null || server_status=$?
    wait
    rm -r "$pipes"

    if [ "$server_status" != 0 ] && [ "$server_status" != "$expected_status" ]; then
        echo "examples/run.sh: the server failed, status $server_status" >&2
        exit 1
    fi
    exit "$client_status"
}

if [ "${1-}" = --in-kernel ]; then
    play "$2" "$3"
fi

name=${1-echo}
if ! list_examples | grep -qxF -e "$name"; then
    printf 'no example "%s"; there are:\n%s\n' "$name" "$(list_examples)" >&2
    exit 2
fi

# shellcheck source=tests/kernel/setup.sh
. "$repository/tests/kernel/setup.sh"

prepare ''
export PYTHONDONTWRITEBYTECODE=1
exec_in_kernel "$repository/examples/run.sh" --in-kernel "$python" "$name"
