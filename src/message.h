/* One message, one system call: control messages built and walked. */
#ifndef SCTP_MESSAGE_H
#define SCTP_MESSAGE_H

#include "call.h"
#include "records_info.h"

#define MESSAGE_SPA_MEMBERS 3
#define MESSAGE_PEERS 64

/* What one message leaves for the next: tuples of those who sent, and a bytes
   object that nobody else knows, to receive into.  Without the GIL it stays
   empty. */
typedef struct {
    sockaddr_memory peers[MESSAGE_PEERS];
    PyObject *space;
} message_memory;

/* What messages need of _sctp.sctp_info; lives in the state of a module. */
typedef struct {
    record_type infos[INFO_COUNT];
    PyObject *spa;
    PyObject *rn;
    PyObject *spa_members[MESSAGE_SPA_MEMBERS];
    message_memory *memory;
} message_types;

/* Imports the types.  Returns 0 or -1. */
int message_types_init(message_types *self);
int message_types_traverse(message_types *self, visitproc visit, void *arg);
void message_types_clear(message_types *self);

/* Sends the buffers of data as one message to the addresses (NULL: none) with
   an info (NULL: none).  Returns the number of bytes as a new int. */
PyObject *message_send(const message_types *types, const call_methods *methods,
                       PyObject *socket, PyObject *data, PyObject *addresses,
                       PyObject *info, int flags);

/* Receives at most size bytes of a message or notification.  Returns a new
   tuple (data, address, info, infotype, flags). */
PyObject *message_receive(const message_types *types,
                          const call_methods *methods, PyObject *socket,
                          Py_ssize_t size, int flags);

/* As message_receive, scattered into the caller's buffers: the tuple has the
   number of bytes in place of the data. */
PyObject *message_receive_into(const message_types *types,
                               const call_methods *methods, PyObject *socket,
                               PyObject *into, int flags);

/* Ends the one association of a peeled socket gracefully, by SCTP_EOF.
   Returns 0 or -1. */
int message_send_eof(const call_methods *methods, PyObject *socket);

#endif
