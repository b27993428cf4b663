/* Sends batches of messages through two one-to-one sockets, in C.  The batches
   of the package are compared with it.

   usage: batches one|more ROUNDS SIZE:BATCH...

   A round sends a batch with sendmsg and then receives it with recvmsg, one by
   one; with more, all but the last of a batch have MSG_MORE. Like grid.py. */
#include <arpa/inet.h>
#include <netinet/sctp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { STREAM = 3, PPID = 60, SPACE = 16384, MESSAGES = 256 };

static char message[SPACE], space[SPACE];

static void
require(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static void
send_one(int sender, size_t size, int flags)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct sctp_sndinfo))];
        struct cmsghdr align;
    } out = {{0}};
    struct sctp_sndinfo sndinfo = {.snd_sid = STREAM, .snd_ppid = htonl(PPID)};
    struct iovec outgoing = {message, size};
    struct msghdr header = {
        .msg_iov = &outgoing,
        .msg_iovlen = 1,
        .msg_control = out.bytes,
        .msg_controllen = sizeof out.bytes,
    };
    struct cmsghdr *control = CMSG_FIRSTHDR(&header);

    control->cmsg_level = IPPROTO_SCTP;
    control->cmsg_type = SCTP_SNDINFO;
    control->cmsg_len = CMSG_LEN(sizeof sndinfo);
    memcpy(CMSG_DATA(control), &sndinfo, sizeof sndinfo);
    require(sendmsg(sender, &header, flags) == (ssize_t)size, "sendmsg");
}

static void
receive_one(int receiver, size_t size)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct sctp_rcvinfo))];
        struct cmsghdr align;
    } in;
    struct sctp_rcvinfo rcvinfo = {0};
    struct sockaddr_storage from;
    struct iovec incoming = {space, sizeof space};
    struct msghdr header = {
        .msg_name = &from,
        .msg_namelen = sizeof from,
        .msg_iov = &incoming,
        .msg_iovlen = 1,
        .msg_control = in.bytes,
        .msg_controllen = sizeof in.bytes,
    };

    require(recvmsg(receiver, &header, 0) == (ssize_t)size, "recvmsg");
    for (struct cmsghdr *control = CMSG_FIRSTHDR(&header); control != NULL;
         control = CMSG_NXTHDR(&header, control)) {
        if (control->cmsg_level == IPPROTO_SCTP &&
            control->cmsg_type == SCTP_RCVINFO) {
            memcpy(&rcvinfo, CMSG_DATA(control), sizeof rcvinfo);
        }
    }
    require(rcvinfo.rcv_sid == STREAM && rcvinfo.rcv_ppid == htonl(PPID) &&
                header.msg_flags & MSG_EOR,
            "rcvinfo");
}

static void
open_pair(int *sender, int *receiver)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    const int on = 1, room = 4 << 20;
    int listener = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(!setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room),
            "SO_RCVBUF");
    require(!bind(listener, (struct sockaddr *)&address, length), "bind");
    require(!getsockname(listener, (struct sockaddr *)&address, &length),
            "getsockname");
    require(
        !setsockopt(listener, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on),
        "SCTP_RECVRCVINFO");
    require(!listen(listener, 1), "listen");
    *sender = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
    require(
        !setsockopt(*sender, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on) &&
            !setsockopt(*sender, SOL_SOCKET, SO_SNDBUF, &room, sizeof room),
        "setsockopt");
    require(!connect(*sender, (struct sockaddr *)&address, length), "connect");
    *receiver = accept(listener, NULL, NULL);
    require(*receiver >= 0, "accept");
}

static int64_t
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

int
main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s one|more ROUNDS SIZE:BATCH...\n", argv[0]);
        return 2;
    }
    int more = strcmp(argv[1], "more") == 0 ? MSG_MORE : 0;
    int rounds = atoi(argv[2]);
    for (int i = 3; i < argc; i++) {
        const char *second = strchr(argv[i], ':');
        require(second != NULL, argv[i]);
        size_t size = strtoul(argv[i], NULL, 10);
        int batch = atoi(second + 1), times = MESSAGES / batch;
        int sender, receiver;
        int64_t least = INT64_MAX;
        open_pair(&sender, &receiver);
        for (int round = 0; round <= rounds; round++) {
            int64_t start = now();
            for (int j = 0; j < times; j++) {
                for (int k = 0; k < batch; k++) {
                    send_one(sender, size, k < batch - 1 ? more : 0);
                }
                for (int k = 0; k < batch; k++) {
                    receive_one(receiver, size);
                }
            }
            int64_t took = now() - start;
            if (round > 0 && took < least) {
                least = took;
            }
        }
        printf("%s %.0f\n", argv[i], (double)least / times / batch);
        fflush(stdout);
    }
    return 0;
}
