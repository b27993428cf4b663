#!/bin/sh
# Build the project, and run an example with its peer, or your own program, on a
# kernel with SCTP.
#
# usage: examples/run.sh [name]
#        examples/run.sh program.py [argument ...]
#        examples/run.sh --help
#
# The name is that of an example, which runs with its peer.  Without a name, the
# echo client runs with the echo server.  The first run builds the project: it
# takes about half a minute.  Later runs take some seconds.
#
# Exit status: that of the client, or 1 if the server failed.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
server_patience_seconds=30

# Name, server, client, and the port argument of those that take one.
pairs='
echo echo_server echo_client
one_to_one one_to_many one_to_one 9
plain_stream plain_stream_server plain_stream_client
plain_seqpacket plain_seqpacket_server plain_seqpacket_client
failover failover_server failover_client
monitor monitor one_to_one 9
peeloff peeloff_server echo_client
sync sync_server sync_client
asyncio asyncio_server asyncio_client
endpoint endpoint_server endpoint_client
diameter diameter_server diameter_client
throughput sink load_generator
authenticated authenticated_server authenticated_client
'

# Print the pair with the name $1, or with an example of that name.
find_pair() {
    echo "$pairs" | awk -v name="${1%.py}" '
        $1 == name || $2 == name || $3 == name { print; exit }'
}

# Print the inode numbers of the sockets of process $1.
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

# /proc/net/sctp/assocs: column 11 is the inode.
has_no_association() {
    sockets_of "$1" |
        awk 'FNR == NR { mine[$1]; next }
             $11 in mine { found = 1 }
             END { exit found }' - /proc/net/sctp/assocs
}

# Wait until `$@` is true, or patience ends.
wait_until() {
    deadline=$(($(date +%s) + server_patience_seconds))
    until "$@"; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

listens_or_ended() {
    listens "$1" || ! kill -0 "$1" 2>/dev/null
}

wait_until_it_listens() {
    if ! wait_until listens_or_ended "$1"; then
        echo 'examples/run.sh: the server does not listen' >&2
        return 1
    fi
    if ! kill -0 "$1" 2>/dev/null; then
        echo 'examples/run.sh: the server ended before it listened' >&2
        return 1
    fi
}

# Whether process $1 waits, for example for a message.  The letter after its name
# in parentheses tells it.
waits() {
    case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
    S*|'') return 0 ;;
    esac
    return 1
}

# The server may print something when its associations end.  So wait until it has
# none.
let_it_finish() {
    wait_until has_no_association "$1" || return 0
    wait_until waits "$1" || return 0
}

# A port for users who may not use ports below 1024.
free_port() {
    "$1" -c '
import socket
with socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 132) as sock:
    sock.bind(("::", 0))
    print(sock.getsockname()[1])'
}

# Make a pipe, and print what comes through it with the prefix $1.
show_lines_of() {
    mkfifo "$pipes/$1"
    sed -u "s/^/$1: /" <"$pipes/$1" &
}

# Cut the first path of the failover example while it runs.
cut_a_path() {
    sleep 1
    echo 'run.sh: the address 10.1.0.2 goes away'
    ip address del 10.1.0.2/24 dev dummy0
}

# This runs inside the kernel.  $1 is the interpreter, $2 and $3 are the server and
# the client, and $4 is their port, if they take one.  The shell splits them.
# shellcheck disable=SC2086
play() {
    port=${4-}
    if [ -n "$port" ] && [ "$(id -u)" != 0 ] && [ "$port" -lt 1024 ]; then
        port=$(free_port "$1")
    fi
    arguments=$port
    # We may cut the network of our own kernel only.
    if [ "$2" = failover_server ] && [ "${KERNEL_RUN-}" = 1 ]; then
        arguments='10.1.0.2 10.2.0.2'
    fi
    pipes=$(mktemp -d)
    server_status=0
    client_status=1

    show_lines_of server
    "$1" "$repository/examples/$2.py" $arguments >"$pipes/server" 2>&1 &
    server=$!
    show_lines_of client
    if wait_until_it_listens "$server"; then
        client_status=0
        case $arguments in
        *10.1.0.2*) cut_a_path & ;;
        esac
        "$1" "$repository/examples/$3.py" $arguments >"$pipes/client" 2>&1 ||
            client_status=$?
        let_it_finish "$server"
    else
        : >"$pipes/client"
    fi

    # If we have to end the server, it has not failed.
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
    shift
    play "$@"
fi

name=${1-echo}
if [ "$name" = --help ]; then
    sed -n '2,/^$/{ /^set/d; s/^# \{0,1\}//p }' "$0"
    printf 'The examples:\n'
    echo "$pairs" | awk 'NF { print "  " $1 }'
    exit
fi
pair=$(find_pair "$name")
if [ -z "$pair" ] && [ -f "$name" ]; then
    exec "$repository/examples/kernel.sh" python "$@"
elif [ -z "$pair" ]; then
    printf 'no example and no file "%s"; there are:\n' "$name" >&2
    echo "$pairs" | awk 'NF { print $1 }' >&2
    exit 2
fi

# shellcheck source=tests/kernel/setup.sh
. "$repository/tests/kernel/setup.sh"

prepare ''
export PYTHONDONTWRITEBYTECODE=1
# The shell splits the pair.
# shellcheck disable=SC2086
set -- ${pair#* }
exec_in_kernel "$repository/examples/run.sh" --in-kernel "$python" "$@"
