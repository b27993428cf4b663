/* When it is preloaded, it replaces the kernel, so that only the way to the
   kernel and back is counted. As a program, it is the plain C that bindings are
   compared with. */
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PAYLOAD 64

/* Returns a descriptor for a socket of any kind. */
int
socket(int family, int type, int protocol)
{
    int descriptors[2];

    (void)family, (void)type, (void)protocol;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, descriptors) < 0
               ? -1
               : descriptors[0];
}

ssize_t
sendmsg(int descriptor, const struct msghdr *header, int flags)
{
    ssize_t size = 0;

    (void)descriptor, (void)flags;
    for (size_t i = 0; i < header->msg_iovlen; i++) {
        size += (ssize_t)header->msg_iov[i].iov_len;
    }
    return size;
}

/* Receives the same message as before, with the next numbers. */
ssize_t
recvmsg(int descriptor, struct msghdr *header, int flags)
{
    static const char payload[PAYLOAD];
    static struct sockaddr_in address = {.sin_family = AF_INET};
    static struct sctp_rcvinfo info = {
        .rcv_sid = 300,
        .rcv_ssn = 1000,
        .rcv_ppid = 0x3c000000,
        .rcv_tsn = 3000000000,
        .rcv_cumtsn = 3000000000,
        .rcv_assoc_id = 1000,
    };
    struct cmsghdr *control = header->msg_control;

    (void)descriptor, (void)flags;
    info.rcv_ssn++;
    info.rcv_tsn++;
    info.rcv_cumtsn++;
    address.sin_port = htons(20000);
    address.sin_addr.s_addr = htonl(0x0a010001);
    memcpy(header->msg_iov->iov_base, payload, sizeof payload);
    memcpy(header->msg_name, &address, sizeof address);
    header->msg_namelen = sizeof address;
    control->cmsg_level = IPPROTO_SCTP;
    control->cmsg_type = SCTP_RCVINFO;
    control->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(control), &info, sizeof info);
    header->msg_controllen = CMSG_SPACE(sizeof info);
    header->msg_flags = MSG_EOR;
    return PAYLOAD;
}

/* Returns the status of an association, and zeros for every other option. */
int
getsockopt(int descriptor, int level, int option, void *value,
           socklen_t *size)
{
    (void)descriptor;
    if (level == IPPROTO_SCTP && option == SCTP_STATUS) {
        struct sctp_status *status = value;
        struct sockaddr_in *address =
            (struct sockaddr_in *)&status->sstat_primary.spinfo_address;

        memset(status, 0x7f, sizeof *status);
        memset(address, 0, sizeof status->sstat_primary.spinfo_address);
        address->sin_family = AF_INET;
        address->sin_port = htons(20000);
        address->sin_addr.s_addr = htonl(0x0a010001);
        *size = sizeof *status;
    }
    else {
        memset(value, 0, *size);
    }
    return 0;
}

static void
raw_send(int descriptor)
{
    union {
        struct cmsghdr header;
        unsigned char bytes[CMSG_SPACE(sizeof(struct sctp_sndinfo))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(struct sctp_sndinfo)),
                            .cmsg_level = IPPROTO_SCTP,
                            .cmsg_type = SCTP_SNDINFO}};
    struct sctp_sndinfo info = {.snd_sid = 1, .snd_ppid = 0x3c000000};
    static char payload[PAYLOAD];
    struct iovec vector = {payload, sizeof payload};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};

    memcpy(CMSG_DATA(&control.header), &info, sizeof info);
    if (sendmsg(descriptor, &header, MSG_NOSIGNAL) != PAYLOAD) {
        abort();
    }
}

static void
raw_receive(int descriptor)
{
    union {
        struct cmsghdr header;
        unsigned char bytes[256];
    } control;
    struct sctp_rcvinfo info = {0};
    struct sockaddr_storage address;
    char payload[PAYLOAD];
    struct iovec vector = {payload, sizeof payload};
    struct msghdr header = {.msg_name = &address,
                            .msg_namelen = sizeof address,
                            .msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control};

    if (recvmsg(descriptor, &header, 0) != PAYLOAD) {
        abort();
    }
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&header); at != NULL;
         at = CMSG_NXTHDR(&header, at)) {
        if (at->cmsg_type == SCTP_RCVINFO) {
            memcpy(&info, CMSG_DATA(at), sizeof info);
        }
    }
    if (info.rcv_sid != 300) {
        abort();
    }
}

int
main(int count, char **arguments)
{
    void (*call)(int) =
        count == 3 && strcmp(arguments[1], "send") == 0 ? raw_send
                                                        : raw_receive;

    for (int i = count == 3 ? atoi(arguments[2]) : 0; i > 0; i--) {
        call(0);
    }
    return 0;
}
