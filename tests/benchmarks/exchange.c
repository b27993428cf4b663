/* Sends messages through two sockets, in C.  Every binding is compared with it.

   usage: exchange raw|libsctp MESSAGES ROUNDS MODE:SIZE...

   It works like the contestants in Python: see exchange.py. */

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/sctp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STREAM = 3, PPID = 60, SPACE = 16384 };

struct pair {
    int sender, receiver;
    sctp_assoc_t assoc_id;
    size_t size;
};

/* Sends and receives so many messages. */
typedef void exchange(const struct pair *pair, int times);

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
raw(const struct pair *pair, int times)
{
    for (int i = 0; i < times; i++) {
        union {
            char bytes[CMSG_SPACE(sizeof(struct sctp_sndinfo))];
            struct cmsghdr align;
        } out = {{0}};
        struct sctp_sndinfo sndinfo = {.snd_sid = STREAM,
                                       .snd_ppid = htonl(PPID),
                                       .snd_assoc_id = pair->assoc_id};
        struct iovec outgoing = {message, pair->size};
        struct msghdr send = {
            .msg_iov = &outgoing,
            .msg_iovlen = 1,
            .msg_control = out.bytes,
            .msg_controllen = sizeof out.bytes,
        };
        struct cmsghdr *control = CMSG_FIRSTHDR(&send);
        control->cmsg_level = IPPROTO_SCTP;
        control->cmsg_type = SCTP_SNDINFO;
        control->cmsg_len = CMSG_LEN(sizeof sndinfo);
        memcpy(CMSG_DATA(control), &sndinfo, sizeof sndinfo);
        require(sendmsg(pair->sender, &send, 0) == (ssize_t)pair->size,
                "sendmsg");

        union {
            char bytes[CMSG_SPACE(sizeof(struct sctp_rcvinfo))];
            struct cmsghdr align;
        } in;
        struct sctp_rcvinfo rcvinfo = {0};
        struct sockaddr_storage from;
        struct iovec incoming = {space, sizeof space};
        struct msghdr receive = {
            .msg_name = &from,
            .msg_namelen = sizeof from,
            .msg_iov = &incoming,
            .msg_iovlen = 1,
            .msg_control = in.bytes,
            .msg_controllen = sizeof in.bytes,
        };
        require(recvmsg(pair->receiver, &receive, 0) == (ssize_t)pair->size,
                "recvmsg");
        for (control = CMSG_FIRSTHDR(&receive); control;
             control = CMSG_NXTHDR(&receive, control)) {
            if (control->cmsg_level == IPPROTO_SCTP &&
                control->cmsg_type == SCTP_RCVINFO) {
                memcpy(&rcvinfo, CMSG_DATA(control), sizeof rcvinfo);
            }
        }
        require(rcvinfo.rcv_sid == STREAM && rcvinfo.rcv_ppid == htonl(PPID) &&
                    receive.msg_flags & MSG_EOR,
                "rcvinfo");
    }
}

static void
libsctp(const struct pair *pair, int times)
{
    for (int i = 0; i < times; i++) {
        struct iovec outgoing = {message, pair->size};
        struct sctp_sndinfo sndinfo = {.snd_sid = STREAM,
                                       .snd_ppid = htonl(PPID),
                                       .snd_assoc_id = pair->assoc_id};
        require(sctp_sendv(pair->sender, &outgoing, 1, NULL, 0, &sndinfo,
                           sizeof sndinfo, SCTP_SENDV_SNDINFO,
                           0) == (int)pair->size,
                "sctp_sendv");

        struct iovec incoming = {space, sizeof space};
        struct sctp_rcvinfo rcvinfo = {0};
        struct sockaddr_storage from;
        socklen_t from_length = sizeof from, info_length = sizeof rcvinfo;
        unsigned type = 0;
        int flags = 0;
        require(sctp_recvv(pair->receiver, &incoming, 1,
                           (struct sockaddr *)&from, &from_length, &rcvinfo,
                           &info_length, &type, &flags) == (int)pair->size,
                "sctp_recvv");
        require(type == SCTP_RECVV_RCVINFO && rcvinfo.rcv_sid == STREAM &&
                    rcvinfo.rcv_ppid == htonl(PPID) && flags & MSG_EOR,
                "rcvinfo");
    }
}

static int
open_socket(int type)
{
    const int on = 1;
    int opened = socket(AF_INET, type, IPPROTO_SCTP);

    require(opened >= 0, "socket");
    require(!setsockopt(opened, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on),
            "SCTP_NODELAY");
    require(
        !setsockopt(opened, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on),
        "SCTP_RECVRCVINFO");
    return opened;
}

static struct pair
open_pair(int many, size_t size)
{
    struct sockaddr_in address;
    struct pair pair = {.size = size};
    const int type = many ? SOCK_SEQPACKET : SOCK_STREAM;
    socklen_t length = sizeof address;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int server = open_socket(type);
    require(!bind(server, (struct sockaddr *)&address, length), "bind");
    require(!getsockname(server, (struct sockaddr *)&address, &length),
            "getsockname");
    require(!listen(server, 1), "listen");
    pair.sender = open_socket(type);
    require(!sctp_connectx(pair.sender, (struct sockaddr *)&address, 1,
                           &pair.assoc_id),
            "sctp_connectx");
    pair.receiver = many ? server : accept(server, NULL, NULL);
    require(pair.receiver >= 0, "accept");
    return pair;
}

/* Gives one end to another process, which answers each message.  After the
   first message it does the same as this end. */
static pid_t
fork_answer(struct pair *pair, exchange *way)
{
    pid_t child = fork();

    require(child >= 0, "fork");
    if (child == 0) {
        close(pair->sender);
        pair->sender = pair->receiver;
        require(read(pair->receiver, space, sizeof space) ==
                    (ssize_t)pair->size,
                "read");
        way(pair, INT_MAX);
        exit(1);
    }
    close(pair->receiver);
    pair->receiver = pair->sender;
    return child;
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
        fprintf(stderr, "usage: %s raw|libsctp MESSAGES ROUNDS MODE:SIZE...\n",
                argv[0]);
        return 2;
    }
    exchange *way = strcmp(argv[1], "raw") == 0 ? raw : libsctp;
    int times = atoi(argv[2]), rounds = atoi(argv[3]);
    for (int i = 4; i < argc; i++) {
        const char *size = strchr(argv[i], ':');
        require(size != NULL, argv[i]);
        struct pair pair = open_pair(strncmp(argv[i], "one-to-many:", 12) == 0,
                                     strtoul(size + 1, NULL, 10));
        pid_t child = strncmp(argv[i], "round-trip:", 11) == 0
                          ? fork_answer(&pair, way)
                          : 0;
        int64_t least = INT64_MAX;
        way(&pair, times);
        for (int j = 0; j < rounds; j++) {
            int64_t start = now();
            way(&pair, times);
            int64_t took = now() - start;
            least = took < least ? took : least;
        }
        printf("%s %.1f\n", argv[i], (double)least / times);
        fflush(stdout);
        if (child > 0) {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
        }
    }
    return 0;
}
