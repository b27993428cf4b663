/* One message, one system call: control messages built and walked. */
#ifndef SCTP_MESSAGE_H
#define SCTP_MESSAGE_H

#include "buffers.h"
#include "call.h"
#include "records_info.h"

#define MESSAGE_SPA_MEMBERS 3

/* What messages need of _sctp.sctp_info, and what one leaves for the next,
   except without the GIL; lives in the state of a module. */
typedef struct {
    record_type infos[INFO_COUNT];
    PyObject *spa;
    PyObject *rn;
    PyObject *spa_members[MESSAGE_SPA_MEMBERS];
    sockaddr_memory peer; /* who sent the last one */
    PyObject *space;      /* to receive into; nobody else knows it */
} message_types;

/* Imports the types.  Returns 0 or -1. */
int message_types_init(message_types *self);
int message_types_traverse(message_types *self, visitproc visit, void *arg);
void message_types_clear(message_types *self);

/* Room for the control messages of all infos, and of an address. */
#define MESSAGE_INFOS_SPACE                    \
    (CMSG_SPACE(sizeof(struct sctp_sndinfo)) + \
     CMSG_SPACE(sizeof(struct sctp_prinfo)) +  \
     CMSG_SPACE(sizeof(struct sctp_authinfo)))
#define MESSAGE_ADDRESS_SPACE CMSG_SPACE(sizeof(struct in6_addr))

/* Room for a few addresses; more of these is rare, and then from the heap. */
#define MESSAGE_ADDRESSES 4

/* A message that is ready to be sent. */
typedef struct {
    struct msghdr header;
    buffers payload;
    sockaddr_list to;
    PyObject *info;     /* or NULL */
    unsigned snd_flags; /* of its sctp_sndinfo, as is the next */
    sctp_assoc_t assoc_id;
    int is_to_all;     /* goes to all associations of the socket */
    size_t infos_size; /* of the control messages of infos */
    unsigned char *more_control;
    union {
        struct cmsghdr aligned;
        unsigned char bytes[MESSAGE_INFOS_SPACE +
                            MESSAGE_ADDRESSES * MESSAGE_ADDRESS_SPACE];
    } control;
} message_out;

/* Checks the arguments of a message and makes it ready; owner stands in
   errors.  like, unless NULL, is the message before with the same info, which
   is read again only if Python's code ran since.  Returns 0, or -1 with an
   exception.  Whatever it returned, message_release has to follow; until then
   the message may not move. */
int message_prepare(message_out *self, message_types *types,
                    const call_methods *methods, PyObject *socket,
                    const char *owner, PyObject *data, PyObject *addresses,
                    PyObject *info, const message_out *like);
void message_release(message_out *self);

/* One sendmsg.  Returns what it returns; uses nothing of Python. */
Py_ssize_t message_send_once(int descriptor, const message_out *self,
                             int flags);

/* Adds to the OSError being raised, with which the message was not sent, what
   is behind it. */
void message_explain(const message_out *self, PyObject *socket);

/* A message or notification as it was received, but for its data. */
typedef struct {
    size_t size;
    int flags;
    int has_rcvinfo;
    int has_nxtinfo;
    socklen_t address_size;
    union {
        struct sockaddr any;
        struct sockaddr_in6 longest;
    } address;
    struct sctp_rcvinfo rcvinfo;
    struct sctp_nxtinfo nxtinfo;
} message_in;

/* One recvmsg into the vectors.  Returns the number of bytes, at most what
   there is room for, or -1 with errno; uses nothing of Python. */
Py_ssize_t message_receive_once(int descriptor, struct iovec *vectors,
                                int count, int flags, message_in *into);

/* Whether all control data came along: 0, or -1 with EBADMSG as OSError. */
int message_check_whole(const message_in *self);

/* A new tuple (data, address, info, infotype, flags); consumes the reference
   to data, which may be NULL with an exception. */
PyObject *message_to_tuple(message_types *types, const message_in *from,
                           PyObject *data);

/* Sends the buffers of data as one message to the addresses (NULL: none) with
   an info (NULL: none).  Returns the number of bytes as a new int. */
PyObject *message_send(message_types *types, const call_methods *methods,
                       PyObject *socket, PyObject *data, PyObject *addresses,
                       PyObject *info, int flags);

/* Receives at most size bytes of a message or notification.  Returns a new
   tuple (data, address, info, infotype, flags). */
PyObject *message_receive(message_types *types, const call_methods *methods,
                          PyObject *socket, Py_ssize_t size, int flags);

/* As message_receive, scattered into the caller's buffers: the tuple has the
   number of bytes in place of the data. */
PyObject *message_receive_into(message_types *types,
                               const call_methods *methods, PyObject *socket,
                               PyObject *into, int flags);

/* Ends the one association of a peeled socket gracefully, by SCTP_EOF.
   Returns 0 or -1. */
int message_send_eof(const call_methods *methods, PyObject *socket);

#endif
