"""What docs/kernels.rst says of the kernel and no other test sees."""

import contextlib
import itertools
import resource
import socket
import struct
import sys
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    MSG_DONTWAIT,
    SHUT_RDWR,
    SHUT_WR,
    SO_LINGER,
    SO_RCVBUF,
    SO_SNDBUF,
    SO_TYPE,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
from system import send_until_full

import sctp
from sctp import (
    IPPROTO_SCTP,
    MSG_NOTIFICATION,
    ErrorCause,
    parse_notification,
    sctp_assoc_value,
    sctp_authkey,
    sctp_authkeyid,
    sctp_prinfo,
    sctp_sndinfo,
)

pytestmark = [pytest.mark.kernel, pytest.mark.linux]
only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)


def outcome(call, *args, **kwargs):
    """'accepted', or the error."""
    try:
        call(*args, **kwargs)
    except OSError as error:
        return error
    return "accepted"


def put(sock, option, value):
    sock.setsockopt(IPPROTO_SCTP, getattr(sctp, f"SCTP_{option}"), value)


def get(sock, option, *value):
    return sock.getsockopt(IPPROTO_SCTP, getattr(sctp, f"SCTP_{option}"), *value)


def switch(sock, option, value):
    put(sock, option, sctp_assoc_value(assoc_value=value))


def is_on(sock, option):
    return bool(get(sock, option, sctp_assoc_value())["assoc_value"])


def count_repetitions(sock):
    """How many chunks were sent again."""
    return get(sock, "GET_ASSOC_STATS", sctp.sctp_assoc_stats())["sas_rtxchunks"]


def count_abandoned(sock):
    """How many messages were abandoned before and after they were first sent."""
    asked = sctp.sctp_prstatus(sprstat_policy=sctp.SCTP_PR_SCTP_ALL)
    status = get(sock, "PR_ASSOC_STATUS", asked)
    return status["sprstat_abandoned_unsent"], status["sprstat_abandoned_sent"]


def subscribe(sock, *types):
    for type in types:
        put(sock, "EVENT", sctp.sctp_event(se_type=type, se_on=1))


@pytest.fixture
def one(make_socket):
    return make_socket(AF_INET, SOCK_STREAM)


@pytest.fixture
def many(make_socket):
    return make_socket(AF_INET, SOCK_SEQPACKET)


@pytest.fixture
def sender_of_many(make_many):
    """A one-to-many socket, the info for its association, and the other end."""
    sock, assoc_id, receiver = make_many()
    return sock, sctp_sndinfo(snd_assoc_id=assoc_id), receiver


# Sockets and addresses


def test_name_of_an_unbound_socket(one, kernel_fact):
    kernel_fact("name-of-an-unbound-socket", one.getsockname() == ("0.0.0.0", 0))


def test_ipv6_sockets_by_default(make_socket, kernel_fact):
    sock = make_socket(AF_INET6, SOCK_STREAM)
    only = sock.getsockopt(IPPROTO_IPV6, IPV6_V6ONLY)
    kernel_fact("ipv6-only-by-default", bool(only))
    mapped = get(sock, "I_WANT_MAPPED_V4_ADDR")
    kernel_fact("mapped-addresses-by-default", bool(mapped))


def test_mapped_addresses_on_an_ipv4_socket(one, kernel_fact):
    refused = outcome(put, one, "I_WANT_MAPPED_V4_ADDR", 1)
    kernel_fact("mapped-addresses-of-ipv4", refused)


@only_ipv4
def test_new_address_of_an_association_without_reconfiguration(
    own_network, make_pair, network, kernel_fact
):
    client, server = make_pair()
    addresses = [network.address(2)]
    added = outcome(server.sctp_bindx, addresses, sctp.SCTP_BINDX_ADD_ADDR)
    kernel_fact("bindx-without-reconfiguration", added)
    server.sctp_sendv([b"?"])
    client.sctp_recvv(1)
    kernel_fact(
        "told-without-reconfiguration",
        network.address(2)[0] in [host for host, _ in client.sctp_getpaddrs()],
    )


@only_ipv4
def test_blocking_connect_of_many(own_network, make_listener, many, kernel_fact):
    address = make_listener(SOCK_SEQPACKET).getsockname()
    own_network.disturb("delay 50ms")
    many.settimeout(None)
    many.connect(address)
    (assoc_id,) = get(many, "GET_ASSOC_ID_LIST")
    status = many.sctp_opt_info(assoc_id, sctp.SCTP_STATUS, sctp.sctp_status())
    waits = status["sstat_state"] == sctp.SCTP_ESTABLISHED
    kernel_fact("blocking-connect-of-many-waits", waits)


@only_ipv4
def test_empty_first_message(many, make_listener, kernel_fact):
    address = make_listener(SOCK_SEQPACKET).getsockname()
    kernel_fact("set-up-without-data", outcome(many.sctp_sendv, [], [address]))


def test_one_to_many_without_listen(many, make_socket, ipv4, kernel_fact):
    many.bind(ipv4.address())
    client = make_socket(AF_INET, SOCK_STREAM)
    refused = outcome(client.connect, many.getsockname())
    kernel_fact("one-to-many-without-listen", refused)


def test_accept_that_finds_nobody(one, ipv4, kernel_fact):
    """It sleeps, although it is not to block."""
    one.bind(ipv4.address())
    one.listen()
    one.setblocking(False)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    for _ in range(5):
        with pytest.raises(BlockingIOError):
            one.accept()
    slept = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before
    kernel_fact("accept-without-a-peer-sleeps", slept >= 5)


# Defaults


def test_extensions_by_default(own_network, make_socket, kernel_fact):
    sock = make_socket(AF_INET, SOCK_STREAM)
    extensions = "AUTH_SUPPORTED", "ASCONF_SUPPORTED", "RECONFIG_SUPPORTED"
    (on,) = {is_on(sock, option) for option in extensions}
    kernel_fact("extensions-by-default", on)
    kernel_fact("partial-reliability-by-default", is_on(sock, "PR_SUPPORTED"))


def test_numbers_by_default(own_network, make_socket, kernel_fact):
    sock = make_socket(AF_INET, SOCK_STREAM)
    init = get(sock, "INITMSG", sctp.sctp_initmsg())
    streams = f"{init['sinit_num_ostreams']} out, {init['sinit_max_instreams']} in"
    kernel_fact("streams-by-default", streams)
    rto = get(sock, "RTOINFO", sctp.sctp_rtoinfo())
    times = (f"{rto[f'srto_{key}'] / 1000:g}" for key in ("initial", "min", "max"))
    kernel_fact("timeouts-by-default", f"{', '.join(times)} s")
    path = get(sock, "PEER_ADDR_PARAMS", sctp.sctp_paddrparams())
    kernel_fact("heartbeat-by-default", f"{path['spp_hbinterval'] // 1000} s")
    kernel_fact("path-failures-by-default", path["spp_pathmaxrxt"])
    thresholds = get(sock, "PEER_ADDR_THLDS", sctp.sctp_paddrthlds())
    kernel_fact("potential-failures-by-default", thresholds["spt_pathpfthld"])
    association = get(sock, "ASSOCINFO", sctp.sctp_assocparams())
    kernel_fact("failures-by-default", association["sasoc_asocmaxrxt"])
    delay = get(sock, "DELAYED_SACK", sctp.sctp_sack_info())
    kernel_fact("delay-of-acknowledgements", f"{delay['sack_delay']} ms")


def test_interleaving_levels(many, kernel_fact):
    kernel_fact("fragment-interleave-by-default", get(many, "FRAGMENT_INTERLEAVE"))
    put(many, "FRAGMENT_INTERLEAVE", 2)
    kernel_fact("fragment-interleave-2", get(many, "FRAGMENT_INTERLEAVE") == 2)


def test_interleaving_needs(own_network, make_socket, kernel_fact):
    own_network.set(intl_enable=1)

    def interleave_at(level):
        sock = make_socket(AF_INET, SOCK_STREAM)
        put(sock, "FRAGMENT_INTERLEAVE", level)
        return outcome(switch, sock, "INTERLEAVING_SUPPORTED", 1)

    kernel_fact("interleaving-at-level-0", interleave_at(0))
    kernel_fact("interleaving-at-level-1", interleave_at(1))
    own_network.set(intl_enable=0)
    kernel_fact("interleaving-without-sysctl", interleave_at(1))


@pytest.mark.parametrize("option", [SO_SNDBUF, SO_RCVBUF])
def test_size_of_a_buffer(one, option, kernel_fact):
    one.setsockopt(SOL_SOCKET, option, 50_000)
    size = one.getsockopt(SOL_SOCKET, option)
    kernel_fact("size-of-a-buffer", {50_000: "as set", 100_000: "doubled"}[size])


# Options


def test_port_reuse(make_socket, ipv4, kernel_fact):
    sock = make_socket(AF_INET, SOCK_STREAM)
    put(sock, "REUSE_PORT", 1)
    put(sock, "REUSE_PORT", 0)
    kernel_fact("reuse-port-can-be-off", get(sock, "REUSE_PORT") == 0)
    sock.bind(ipv4.address())
    kernel_fact("reuse-port-after-bind", outcome(put, sock, "REUSE_PORT", 1))
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    kernel_fact("reuse-port-of-many", outcome(put, sock, "REUSE_PORT", 1))


def test_what_options_accept(one, make_socket, kernel_fact):
    kernel_fact("maxseg-as-an-int", outcome(put, one, "MAXSEG", 1000))
    timeouts = sctp.sctp_rtoinfo(srto_initial=500, srto_min=1000)
    kernel_fact("initial-below-minimum", outcome(put, one, "RTOINFO", timeouts))
    kernel_fact("autoclose-of-one", outcome(put, one, "AUTOCLOSE", 1))
    path = struct.pack("i128s", 0, b"").ljust(sctp.sctp_paddrparams.size, b"\0")
    kernel_fact("all-paths", outcome(put, one, "PEER_ADDR_PARAMS", path))


def test_options_of_the_rfc(one, kernel_fact):
    kernel_fact("explicit-eor", hasattr(sctp, "SCTP_EXPLICIT_EOR"))
    stopped = hasattr(sctp, "SCTP_NOTIFICATIONS_STOPPED_EVENT")
    kernel_fact("notifications-stopped", stopped)


def test_default_policy(one, kernel_fact):
    policy = sctp.sctp_default_prinfo(pr_policy=sctp.SCTP_PR_SCTP_RTX, pr_value=1)
    put(one, "DEFAULT_PRINFO", policy)
    put(one, "DEFAULT_SNDINFO", sctp.sctp_default_sndinfo(snd_ppid=1))
    kept = get(one, "DEFAULT_PRINFO", sctp.sctp_default_prinfo())
    kernel_fact("default-policy-is-kept", kept["pr_policy"] == policy["pr_policy"])


def test_default_policy_of_a_message(own_network, make_pair, wait_for, kernel_fact):
    own_network.set(rto_min=50, rto_max=100, rto_initial=50)
    own_network.set(path_max_retrans=1000, association_max_retrans=1000)
    client, _ = make_pair()
    policy = sctp.sctp_default_prinfo(pr_policy=sctp.SCTP_PR_SCTP_RTX, pr_value=0)
    put(client, "DEFAULT_PRINFO", policy)
    own_network.lose(100)
    client.sctp_sendv([b"with"], info=sctp_sndinfo())
    client.sctp_sendv([b"without"])

    def both_are_abandoned():
        return count_abandoned(client) == (0, 2)

    wait_for(lambda: any(count_abandoned(client)))
    wait_for(lambda: both_are_abandoned() or count_repetitions(client) >= 3)
    kernel_fact("default-policy-with-an-info", both_are_abandoned())


# Sending


def test_address_of_somebody_else(pair, network, kernel_fact):
    client, _ = pair
    stranger = network.address(3, host=2, port=9)
    kernel_fact(
        "address-of-somebody-else", outcome(client.sctp_sendv, [b"?"], [stranger])
    )


def test_sending_after_ones_own_shutdown(pair, kernel_fact):
    client, _ = pair
    client.shutdown(SHUT_WR)
    kernel_fact("send-after-own-shutdown", outcome(client.sctp_sendv, [b"?"]))


@only_ipv4
@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
def test_sending_after_the_peers_shutdown(
    make_listener, make_socket, network, type, kernel_fact
):
    """While what was sent before keeps the association from its end."""
    listener = make_listener(SOCK_STREAM)
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    client = make_socket(network.family, type, timeout=None)
    subscribe(client, sctp.SCTP_SHUTDOWN_EVENT)
    assoc_id = client.sctp_connectx([listener.getsockname()], assoc_id=True)
    info = sctp_sndinfo(snd_assoc_id=assoc_id)
    with listener.accept()[0] as server:
        for _ in range(20):
            client.sctp_sendv([bytes(1000)], info=info)
        server.shutdown(SHUT_WR)
        *_, flags = client.sctp_recvv(100)
        assert flags & MSG_NOTIFICATION
        status = sctp.sctp_status(sstat_assoc_id=assoc_id)
        state = get(client, "STATUS", status)["sstat_state"]
        assert state == sctp.SCTP_SHUTDOWN_RECEIVED
        refused = outcome(client.sctp_sendv, [b"?"], info=info)
        kernel_fact("send-after-the-peers-shutdown", refused)


def test_sending_on_an_unknown_association(sender_of_many, kernel_fact):
    sock, info, _ = sender_of_many
    info["snd_assoc_id"] += 1
    kernel_fact(
        "send-on-an-unknown-association", outcome(sock.sctp_sendv, [b"?"], info=info)
    )


def test_small_messages_in_the_send_buffer(own_network, make_pair, kernel_fact):
    client, _ = make_pair()
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 50_000)
    room = client.getsockopt(SOL_SOCKET, SO_SNDBUF)
    own_network.lose(100)
    count = 0
    with pytest.raises(BlockingIOError):
        while True:
            client.sctp_sendv([bytes(64)], flags=MSG_DONTWAIT)
            count += 1
    size = round(room / count, -3)
    kernel_fact("room-of-a-small-message", f"about {size:,.0f} bytes")


SO_MEMINFO = 55  # its first number is how much of the receive buffer is used


def used_of_the_receive_buffer(sock):
    used, *_ = struct.unpack("9I", sock.getsockopt(SOL_SOCKET, SO_MEMINFO, 36))
    return used


def test_small_messages_in_the_receive_buffer(make_pair, wait_for, kernel_fact):
    client, server = make_pair()

    def get_status():
        return client.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())

    window = get_status()["sstat_rwnd"]
    count = 100
    for _ in range(count):
        client.sctp_sendv([bytes(64)])
    wait_for(lambda: get_status()["sstat_unackdata"] == 0)
    assert get_status()["sstat_rwnd"] == window - count * 64
    size = round(used_of_the_receive_buffer(server) / count, -1)
    kernel_fact("received-small-message", f"about {size:.0f} bytes")


def test_lifetime_before_the_set_up(
    own_network, make_listener, make_socket, network, kernel_fact
):
    own_network.disturb("delay 20ms")
    listener = make_listener(SOCK_STREAM)
    client = make_socket(network.family, SOCK_STREAM)
    address = network.address(port=listener.getsockname()[1])
    patient = sctp_prinfo(pr_policy=sctp.SCTP_PR_SCTP_TTL, pr_value=10_000)
    client.sctp_sendv([b"patient"], [address], patient)
    with listener.accept()[0] as server:
        server.settimeout(10)
        server.send(b"!")
        client.recv(1)
        client.send(b"reliable")
        kernel_fact("lifetime-before-the-set-up", server.recv(10) == b"patient")


@only_ipv4
def test_pieces_of_abandoned_messages(
    own_network, make_listener, make_socket, network, wait_for, kernel_fact
):
    listener = make_listener(SOCK_SEQPACKET)
    put(listener, "FRAGMENT_INTERLEAVE", 1)
    # Of some other sizes it delivers the pieces, and none stay.
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 19)
    client, other = (make_socket(AF_INET, SOCK_STREAM) for _ in range(2))
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 1_000_000)
    for sock in (client, other):
        sock.connect(listener.getsockname())
    short = sctp_prinfo(pr_policy=sctp.SCTP_PR_SCTP_TTL, pr_value=2)
    client.sctp_sendv([bytes(1_000_000)], info=short)
    wait_for(lambda: any(count_abandoned(client)))
    other.send(b"the only one")
    while listener.sctp_recvv(1 << 20)[0] != b"the only one":
        pass
    listener.settimeout(0.5)  # for the news that it is abandoned
    with pytest.raises(TimeoutError):
        listener.sctp_recvv(1)
    used = used_of_the_receive_buffer(listener)
    kernel_fact("pieces-of-abandoned-messages-stay", used > 0)


@pytest.mark.parametrize("policy", [0, 1])
@only_ipv4
def test_receive_buffer_of_many(
    own_network, make_listener, make_socket, network, wait_for, policy, kernel_fact
):
    """While what nobody reads of one association fills it, a message of another
    does not arrive."""
    own_network.set(rcvbuf_policy=policy, rto_min=50, rto_max=100, rto_initial=50)
    listener = make_listener(SOCK_SEQPACKET)
    first, second = (make_socket(network.family, SOCK_STREAM) for _ in range(2))
    for sock in (first, second):
        sock.connect(listener.getsockname())
    send_until_full(lambda: first.sctp_sendv([bytes(64)], flags=MSG_DONTWAIT))
    second.send(b"?")

    def arrived():
        status = second.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())
        return status["sstat_unackdata"] == 0

    wait_for(lambda: arrived() or count_repetitions(second) >= 3)
    if policy == 0:
        kernel_fact("receive-buffer-is-shared", not arrived())
    else:
        assert arrived()


def test_counting_of_messages_that_arrive(own_network, make_pair, kernel_fact):
    client, server = make_pair()
    once = sctp_prinfo(pr_policy=sctp.SCTP_PR_SCTP_RTX, pr_value=0)
    for _ in range(3):
        client.sctp_sendv([b"?"], info=once)
        assert server.recv(1) == b"?"
    counted = any(count_abandoned(client))
    kernel_fact("arrived-messages-count-as-abandoned", counted)


@pytest.mark.parametrize("policy", ["TTL", "PRIO"])
def test_counting_of_fragments(own_network, make_pair, wait_for, policy, kernel_fact):
    own_network.set(rto_min=50, rto_max=100, rto_initial=50)
    own_network.set(path_max_retrans=1000, association_max_retrans=1000)
    client, server = make_pair()
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 32_000)
    put(client, "MAXSEG", 500)
    own_network.lose(100)
    sent = 0
    for value in (60, 30):  # the later messages are more important
        info = sctp_prinfo(
            pr_policy=getattr(sctp, f"SCTP_PR_SCTP_{policy}"), pr_value=value
        )
        with contextlib.suppress(BlockingIOError):
            while True:
                client.sctp_sendv([bytes(2000)], info=info, flags=MSG_DONTWAIT)
                sent += 1
    wait_for(lambda: any(count_abandoned(client)))
    own_network.lose(0)
    client.sctp_sendv([b"last"])
    arrived = len(list(iter(lambda: server.recv(3000), b"last")))
    assert arrived < sent
    counts_each = sum(count_abandoned(client)) > sent - arrived
    if policy == "TTL":
        kernel_fact("fragments-count-by-lifetime", counts_each)
    else:
        kernel_fact("fragments-count-by-priority", counts_each)


# Peeled-off sockets and ends


@only_ipv4
@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
def test_subscriptions_of_a_new_socket(
    make_listener, make_socket, network, type, kernel_fact
):
    listener = make_listener(type)
    subscribe(listener, sctp.SCTP_SHUTDOWN_EVENT)
    client = make_socket(AF_INET, SOCK_STREAM)
    client.connect(listener.getsockname())
    if type == SOCK_STREAM:
        new, _ = listener.accept()
    else:
        new = listener.sctp_peeloff(*get(listener, "GET_ASSOC_ID_LIST"))
    with new:
        asked = sctp.sctp_event(se_type=sctp.SCTP_SHUTDOWN_EVENT)
        is_on = bool(get(new, "EVENT", asked)["se_on"])
        kernel_fact("new-socket-inherits-subscriptions", is_on)


@pytest.fixture
def peeled(make_many):
    sock, assoc_id, receiver = make_many()
    with sock.sctp_peeloff(assoc_id) as peeled:
        peeled.settimeout(10)
        yield peeled, receiver


def test_type_of_a_peeled_off_socket(peeled, kernel_fact):
    type = peeled[0].getsockopt(SOL_SOCKET, SO_TYPE)
    kernel_fact("type-of-a-peeled-off-socket", socket.SocketKind(type).name)


def test_shutdown_of_a_peeled_off_socket(peeled, kernel_fact):
    sock, _ = peeled
    socket.socket.shutdown(sock, SHUT_RDWR)
    status = sock.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())
    ignored = status["sstat_state"] == sctp.SCTP_ESTABLISHED
    kernel_fact("shutdown-of-a-peeled-off-socket", "ignored" if ignored else "ends it")


def see_close(pair, prepare):
    """Whether it aborts the association."""
    client, server = pair
    subscribe(client, sctp.SCTP_ASSOC_CHANGE)
    prepare(server)
    server.close()
    notif = parse_notification(client.recv(1000))
    return notif["sac_state"] == sctp.SCTP_COMM_LOST


def test_close_without_lingering(pair, kernel_fact):
    def prepare(sock):
        sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))

    kernel_fact("close-aborts-linger", see_close(pair, prepare))


def test_close_before_all_is_read(pair, kernel_fact):
    def prepare(sock):
        pair[0].send(b"?")
        sock.recv(1, socket.MSG_PEEK)

    kernel_fact("close-aborts-unread", see_close(pair, prepare))


def test_byte_order_of_an_error(sender_of_many, make_pair, kernel_fact):
    sock, info, receiver = sender_of_many
    subscribe(sock, sctp.SCTP_ASSOC_CHANGE)
    event = sctp.sctp_event(
        se_assoc_id=sctp.SCTP_ALL_ASSOC, se_type=sctp.SCTP_ASSOC_CHANGE, se_on=1
    )
    put(receiver, "EVENT", event)
    info["snd_flags"] = sctp.SCTP_ABORT
    sock.sctp_sendv([b"why"], info=info)
    raw = receiver.recv(1000)
    orders = {
        order: int.from_bytes(raw[10:12], order) == ErrorCause.USER_INITIATED_ABORT
        for order in ("big", "little")
    }
    assert sys.byteorder == "little"
    kernel_fact("byte-order-of-errors", "network" if orders["big"] else "host")


# Authentication


def test_authentication_is_off(own_network, make_socket, kernel_fact):
    sock = make_socket(AF_INET, SOCK_STREAM)
    key = sctp_authkey(sca_keynumber=1, sca_key=b"key")
    kernel_fact("key-without-authentication", outcome(put, sock, "AUTH_KEY", key))


@pytest.fixture
def authenticating(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    switch(sock, "AUTH_SUPPORTED", 1)
    return sock


def test_algorithms_by_default(authenticating, kernel_fact):
    algorithms = get(authenticating, "HMAC_IDENT")
    kernel_fact("algorithms-by-default", ", ".join(map(str, algorithms)))


def test_authentication_under_reconfiguration(authenticating, kernel_fact):
    switch(authenticating, "ASCONF_SUPPORTED", 1)
    off = outcome(switch, authenticating, "AUTH_SUPPORTED", 0)
    kernel_fact("authentication-off-before-reconfiguration", off)


def test_longest_key(authenticating, kernel_fact):
    key = sctp_authkey(sca_keynumber=1, sca_key=bytes(65_535))
    kernel_fact("longest-key", outcome(put, authenticating, "AUTH_KEY", key))


def test_key_that_is_deactivated(authenticating, kernel_fact):
    put(authenticating, "AUTH_KEY", sctp_authkey(sca_keynumber=1, sca_key=b"key"))
    number = sctp_authkeyid(scact_keynumber=1)
    put(authenticating, "AUTH_DEACTIVATE_KEY", number)
    gone = outcome(put, authenticating, "AUTH_DELETE_KEY", number) != "accepted"
    kernel_fact("deactivating-deletes", gone)


def test_empty_key(authenticating, kernel_fact):
    number = sctp_authkeyid(scact_keynumber=0)
    deleted = outcome(put, authenticating, "AUTH_DELETE_KEY", number)
    kernel_fact("deleting-the-active-key", deleted)
    put(authenticating, "AUTH_KEY", sctp_authkey(sca_keynumber=1, sca_key=b"key"))
    put(authenticating, "AUTH_ACTIVE_KEY", sctp_authkeyid(scact_keynumber=1))
    deleted = outcome(put, authenticating, "AUTH_DELETE_KEY", number)
    kernel_fact("deleting-the-empty-key", deleted)


@only_ipv4
def test_peer_that_does_not_authenticate(
    authenticating, make_socket, network, kernel_fact
):
    chunk = sctp.sctp_authchunk(sauth_chunk=sctp.ChunkTypes.DATA)
    put(authenticating, "AUTH_CHUNK", chunk)
    authenticating.bind(network.address())
    authenticating.listen()
    client = make_socket(AF_INET, SOCK_STREAM)
    switch(client, "AUTH_SUPPORTED", 0)
    client.connect(authenticating.getsockname())
    client.send(b"?")
    with authenticating.accept()[0] as server:
        server.settimeout(10)
        kernel_fact("unauthenticated-data-is-delivered", server.recv(1) == b"?")


def connect_friend(listener, make_socket, *numbers):
    """The other end, whose keys are the listener's; the listener wants DATA to be
    authenticated."""
    chunk = sctp.sctp_authchunk(sauth_chunk=sctp.ChunkTypes.DATA)
    put(listener, "AUTH_CHUNK", chunk)
    client = make_socket(AF_INET, SOCK_STREAM)
    switch(client, "AUTH_SUPPORTED", 1)
    for sock, number in itertools.product((client, listener), numbers):
        key = sctp_authkey(sca_keynumber=number, sca_key=b"secret")
        put(sock, "AUTH_KEY", key)
        put(sock, "AUTH_ACTIVE_KEY", sctp_authkeyid(scact_keynumber=number))
    return client


@only_ipv4
def test_empty_key_that_is_deactivated(
    authenticating, make_socket, network, kernel_fact
):
    """Who knows no other key uses it."""
    connect_friend(authenticating, make_socket, 1)
    number = sctp_authkeyid(scact_keynumber=0)
    put(authenticating, "AUTH_DEACTIVATE_KEY", number)
    authenticating.bind(network.address())
    authenticating.listen()
    stranger = make_socket(AF_INET, SOCK_STREAM)
    switch(stranger, "AUTH_SUPPORTED", 1)
    stranger.connect(authenticating.getsockname())
    stranger.send(b"?")
    with authenticating.accept()[0] as server:
        server.settimeout(10)
        kernel_fact("deactivated-empty-key-is-used", server.recv(1) == b"?")


@only_ipv4
def test_restart_without_a_key(
    own_network, make_socket, network, authenticating, kernel_fact
):
    friend = connect_friend(authenticating, make_socket, 1)
    authenticating.bind(network.address())
    authenticating.listen()
    friend.connect(authenticating.getsockname())
    address = friend.getsockname()
    with authenticating.accept()[0] as server:
        server.settimeout(10)
        subscribe(server, sctp.SCTP_ASSOC_CHANGE)
        own_network.lose(100)
        friend.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        friend.close()
        own_network.lose(0)
        stranger = make_socket(AF_INET, SOCK_STREAM)
        switch(stranger, "AUTH_SUPPORTED", 0)
        stranger.bind(address)
        stranger.connect(authenticating.getsockname())
        stranger.send(b"?")
        notif = parse_notification(server.recv(1000))
        assert notif["sac_state"] == sctp.SCTP_RESTART
        kernel_fact("restart-without-a-key", server.recv(1) == b"?")


# Stream reconfiguration


def test_second_request(own_network, make_pair, kernel_fact):
    own_network.set(reconf_enable=1)
    client, server = make_pair()
    for sock in (client, server):
        switch(sock, "ENABLE_STREAM_RESET", sctp.SCTP_ENABLE_RESET_STREAM_REQ)
    own_network.lose(100)
    streams = sctp.sctp_reset_streams(
        srs_flags=sctp.SCTP_STREAM_RESET_OUTGOING, srs_stream_list=[1]
    )
    put(client, "RESET_STREAMS", streams)
    again = outcome(put, client, "RESET_STREAMS", streams)
    kernel_fact("reset-while-another-is-under-way", again)


# The fixture itself


def test_fact_must_be_what_is_recorded(kernel_fact, facts_of_kernels):
    if facts_of_kernels.recording or not facts_of_kernels.known:
        pytest.skip("any value is right")
    kernel_fact("explicit-eor", hasattr(sctp, "SCTP_EXPLICIT_EOR"))
    with pytest.raises(AssertionError, match="explicit-eor: 'perhaps' instead of"):
        kernel_fact("explicit-eor", "perhaps")
    with pytest.raises(AssertionError, match="instead of None"):
        kernel_fact("no-such-fact", True)
