/* Sends or receives one message with one system call, and builds and reads its
   control messages. */
#ifndef SCTP_MESSAGE_H
#define SCTP_MESSAGE_H

#include "buffers.h"
#include "call.h"
#include "records_info.h"

#define MESSAGE_SPA_MEMBERS 3

/* The types of _sctp.sctp_info, and what a message leaves for the next one
   (only with the GIL).  It lives in the state of a module. */
typedef struct {
    record_type infos[INFO_COUNT];
    PyObject *spa;
    PyObject *rn;
    PyObject *spa_members[MESSAGE_SPA_MEMBERS];
    sockaddr_memory peer; /* the sender of the last message */
    PyObject *space; /* bytes to receive into; nothing else refers to it */
} message_types;

/* Imports the types.  Returns 0 or -1. */
int message_types_init(message_types *self);
int message_types_traverse(message_types *self, visitproc visit, void *arg);
void message_types_clear(message_types *self);

/* The room for the control messages of all infos, and for that of an
   address. */
#define MESSAGE_INFOS_SPACE                    \
    (CMSG_SPACE(sizeof(struct sctp_sndinfo)) + \
     CMSG_SPACE(sizeof(struct sctp_prinfo)) +  \
     CMSG_SPACE(sizeof(struct sctp_authinfo)))
#define MESSAGE_ADDRESS_SPACE CMSG_SPACE(sizeof(struct in6_addr))

/* Room for a few addresses.  More are rare; the heap has the room for them. */
#define MESSAGE_ADDRESSES 4

/* A message that is ready to be sent. */
typedef struct {
    struct msghdr header;
    buffers payload;
    sockaddr_list to;
    PyObject *info;        /* or NULL */
    unsigned snd_flags;    /* of its sctp_sndinfo */
    sctp_assoc_t assoc_id; /* of its sctp_sndinfo */
    int is_to_all;         /* goes to all associations of the socket */
    size_t infos_size;     /* of the control messages of the infos */
    unsigned char *more_control;
    union {
        struct cmsghdr aligned;
        unsigned char bytes[MESSAGE_INFOS_SPACE +
                            MESSAGE_ADDRESSES * MESSAGE_ADDRESS_SPACE];
    } control;
} message_out;

/* Checks the arguments of a message and prepares it.  Errors name the owner.
   like is NULL, or an earlier message with the same info.  Then the info is
   read again only if Python code may have run since.  Returns 0, or -1 with an
   exception.  The caller must call message_release, also after an error; until
   then the message must not move. */
int message_prepare(message_out *self, message_types *types,
                    const call_methods *methods, PyObject *socket,
                    const char *owner, PyObject *data, PyObject *addresses,
                    PyObject *info, const message_out *like);
void message_release(message_out *self);

/* Calls sendmsg once and returns its result.  It does not use Python. */
Py_ssize_t message_send_once(int descriptor, const message_out *self,
                             int flags);

/* Adds an explanation to the OSError being raised, which says why the message
   was not sent. */
void message_explain(const message_out *self, PyObject *socket);

/* A received message or notification, without its data. */
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

/* Calls recvmsg once, to receive into the vectors.  Returns the number of
   bytes, at most the room of the vectors, or -1 with errno.  It does not use
   Python. */
Py_ssize_t message_receive_once(int descriptor, struct iovec *vectors,
                                int count, int flags, message_in *into);

/* Returns 0 if the message has all its control data, or -1 with OSError
   (EBADMSG). */
int message_check_whole(const message_in *self);

/* Returns a new tuple (data, address, info, infotype, flags) and consumes the
   reference to data.  If data is NULL with an exception, it returns NULL. */
PyObject *message_to_tuple(message_types *types, const message_in *from,
                           PyObject *data);

/* Sends the buffers of data as one message.  addresses and info may be NULL.
   Returns the number of bytes as a new int. */
PyObject *message_send(message_types *types, const call_methods *methods,
                       PyObject *socket, PyObject *data, PyObject *addresses,
                       PyObject *info, int flags);

/* Receives at most size bytes of a message or notification.  Returns a new
   tuple (data, address, info, infotype, flags). */
PyObject *message_receive(message_types *types, const call_methods *methods,
                          PyObject *socket, Py_ssize_t size, int flags);

/* Does the same as message_receive, but receives into the buffers of the
   caller.  The tuple has the number of bytes in place of the data. */
PyObject *message_receive_into(message_types *types,
                               const call_methods *methods, PyObject *socket,
                               PyObject *into, int flags);

/* Ends the association of a peeled-off socket gracefully, with SCTP_EOF.
   Returns 0 or -1. */
int message_send_eof(const call_methods *methods, PyObject *socket);

#endif
