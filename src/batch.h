/* Many messages in one call, in few packets. */
#ifndef SCTP_BATCH_H
#define SCTP_BATCH_H

#include "message.h"

#include <stdatomic.h>

/* The most messages of a call. */
#define BATCH_MAX 1024

/* An error (errno) that came behind a message; 0 for none. */
typedef atomic_int batch_error;

/* Sends messages, an iterable of tuples (data[, addresses[, info]]), as
   message_send does, after all of them have been checked.  All but the last
   to each association are held back to share packets; nothing stays held but
   what flags hold of the last one.  Returns how many the kernel took as a new
   int; an exception has that number as its attribute sent. */
PyObject *batch_send(message_types *types, const call_methods *methods,
                     PyObject *socket, PyObject *messages, int flags);

/* Waits for a message as message_receive does, then takes what is there, at
   most count messages.  Returns a new list of what message_receive returns.
   An error behind the first message is left in *kept. */
PyObject *batch_receive(message_types *types, const call_methods *methods,
                        PyObject *socket, Py_ssize_t size, int count,
                        int flags, batch_error *kept);

#endif
