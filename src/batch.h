/* Sends and receives many messages in one call, in few packets. */
#ifndef SCTP_BATCH_H
#define SCTP_BATCH_H

#include "message.h"

#include <stdatomic.h>

/* The largest number of messages in a call. */
#define BATCH_MAX 1024

/* An error (errno) that followed a message, or 0. */
typedef atomic_int batch_error;

/* Sends messages, as message_send does.  messages is an iterable of tuples
   (data[, addresses[, info]]).  All of them are checked before the first is
   sent.  A message is held back while another one for its association follows,
   so that they share packets.  At the end the call lets all of them go; with
   MSG_MORE in flags, the last message stays held.  Returns a new int: how many
   messages the kernel took.  An exception has the attribute sent with that
   number. */
PyObject *batch_send(message_types *types, const call_methods *methods,
                     PyObject *socket, PyObject *messages, int flags);

/* Waits for a message, as message_receive does.  Then it takes the messages
   that have arrived, at most count in all.  Returns a new list of the results
   that message_receive would return.  Stores an error that follows the first
   message in *kept. */
PyObject *batch_receive(message_types *types, const call_methods *methods,
                        PyObject *socket, Py_ssize_t size, int count,
                        int flags, batch_error *kept);

#endif
