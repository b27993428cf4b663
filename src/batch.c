/* Sends and receives many messages in one call, in few packets.

   A message that is sent with MSG_MORE stays in the kernel until the next one
   shares its packet.  If no other message comes, it stays there for ever.
   Meanwhile it takes room in the send buffer.  So a call holds a message back
   only if another one for the same association follows in the call, and it
   never waits while it holds messages back. */
#include "batch.h"
#include "args.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define OWNER "sctp_sendv_many"

/* So many messages are allocated at a time.  They must not move: an object may
   keep the address of the view of its buffer. */
#define BLOCK 16

/* A call can receive so many messages, and so many bytes, before it has to
   allocate memory. */
#define PLACES 16
#define ROOM (20 << 10)

/* How many milliseconds to wait before the messages are let go again.
   REST_READY is for a poll that reports room at once although there is
   none. */
#define REST_READY 10
#define REST_HELD 100

/* How many bytes to allocate beyond the room for the next message. */
#define SPARE 4096

typedef struct entry entry;
struct entry {
    message_out message;
    entry *next;
    entry *peer; /* the first entry for the same association */
    /* These are used in the entry of a peer only. */
    entry *last;      /* a message that may be held until the next one */
    entry *next_peer; /* in the list of peers */
    sctp_assoc_t id;  /* its association */
    int is_known;     /* the association has been looked up */
    int is_settled;   /* the association has been set up */
    int is_held;      /* the last message went with MSG_MORE */
    /* This one is used in all entries. */
    int has_more; /* another message for the association follows */
};

typedef struct block block;
struct block {
    block *next;
    entry entries[BLOCK];
};

typedef struct {
    block *blocks; /* the newest first */
    entry *first;
    entry *last;
    entry *peers;
    int count;
    int flags;
    entry *next; /* to send */
    int sent;
    int held;     /* how many peers have messages that are held */
    int is_alone; /* the next message is sent without holding it */
    int is_ready; /* poll reported room, but there was none */
    int may_wait; /* signal handlers have just run */
    int err;      /* of a message to all; some may have got it */
} batch;

/* Adds an entry at the end and returns it, or NULL with MemoryError.  Entries
   never move. */
static entry *
add_entry(batch *self)
{
    int index = self->count % BLOCK;
    entry *added;

    if (index == 0) {
        block *more = PyMem_Malloc(sizeof *more);

        if (more == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        more->next = self->blocks;
        self->blocks = more;
    }
    added = &self->blocks->entries[index];
    added->next = added->peer = added->last = added->next_peer = NULL;
    added->is_known = added->is_settled = 0;
    added->has_more = added->is_held = 0;
    if (self->last == NULL) {
        self->first = added;
    }
    else {
        self->last->next = added;
    }
    self->last = added;
    self->count++;
    return added;
}

static void
clear_batch(batch *self)
{
    for (entry *at = self->first; at != NULL; at = at->next) {
        message_release(&at->message);
    }
    while (self->blocks != NULL) {
        block *next = self->blocks->next;

        PyMem_Free(self->blocks);
        self->blocks = next;
    }
}

/* Whether two messages name the same association by the same address and
   identifier. */
static int
is_same_peer(const message_out *one, const message_out *other)
{
    return one->assoc_id == other->assoc_id &&
           one->header.msg_namelen == other->header.msg_namelen &&
           (one->header.msg_namelen == 0 ||
            memcmp(one->header.msg_name, other->header.msg_name,
                   one->header.msg_namelen) == 0);
}

/* Finds the peer of an entry: the first entry for the same association, which
   may be the entry itself. */
static void
find_peer(batch *self, entry *added, entry *before)
{
    if (before != NULL && is_same_peer(&before->message, &added->message)) {
        added->peer = before->peer;
        return;
    }
    for (entry *peer = self->peers; peer != NULL; peer = peer->next_peer) {
        if (is_same_peer(&peer->message, &added->message)) {
            added->peer = peer;
            return;
        }
    }
    added->peer = added;
    added->next_peer = self->peers;
    self->peers = added;
}

/* Decides which earlier message may wait for the added one. */
static void
plan(batch *self, entry *added, entry *before)
{
    int flags = added->message.snd_flags;

    find_peer(self, added, before);
    if (flags & SCTP_SENDALL) {
        for (entry *peer = self->peers; peer != NULL; peer = peer->next_peer) {
            peer->last = NULL;
        }
    }
    else if (flags & (SCTP_EOF | SCTP_ABORT)) {
        added->peer->last = NULL;
    }
    else {
        if (added->peer->last != NULL) {
            added->peer->last->has_more = 1;
        }
        added->peer->last = added;
    }
}

/* Appends the message of an item.  Errors name the index of the item.  is_kept
   means that all items exist already, in a list or a tuple.  Otherwise an
   iterator may change an info between two items that share it. */
static int
add_item(batch *self, message_types *types, const call_methods *methods,
         PyObject *socket, PyObject *item, int is_kept)
{
    PyObject *values[3] = {NULL, NULL, NULL};
    entry *before = self->last, *added;
    int is_like_before;

    if (self->count == BATCH_MAX) {
        PyErr_Format(PyExc_ValueError,
                     OWNER "(): messages has more than %d items", BATCH_MAX);
        return -1;
    }
    if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) < 1 ||
        PyTuple_GET_SIZE(item) > 3) {
        PyErr_Format(PyExc_TypeError,
                     OWNER "(): messages[%d] must be a tuple (data[, addrs[, "
                           "info]]), not %R",
                     self->count, item);
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(item); i++) {
        if (PyTuple_GET_ITEM(item, i) != Py_None) {
            values[i] = PyTuple_GET_ITEM(item, i);
        }
    }
    added = add_entry(self);
    if (added == NULL) {
        return -1;
    }
    is_like_before =
        is_kept && before != NULL && values[2] == before->message.info;
    if (message_prepare(&added->message, types, methods, socket, OWNER,
                        values[0] == NULL ? Py_None : values[0], values[1],
                        values[2],
                        is_like_before ? &before->message : NULL) < 0) {
        char note[64];

        (void)snprintf(note, sizeof note, "The error is in messages[%d].",
                       self->count - 1);
        error_add_note(note);
        return -1;
    }
    plan(self, added, before);
    return 0;
}

static int
fill_batch(batch *self, message_types *types, const call_methods *methods,
           PyObject *socket, PyObject *messages)
{
    PyObject *iterator = PyObject_GetIter(messages), *item;
    int is_kept = PyList_CheckExact(messages) || PyTuple_CheckExact(messages);
    int result = 0;

    if (iterator == NULL) {
        return -1;
    }
    while (result == 0 && (item = PyIter_Next(iterator)) != NULL) {
        result = add_item(self, types, methods, socket, item, is_kept);
        Py_DECREF(item);
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
}

static int
is_set_up(int descriptor, sctp_assoc_t id)
{
    struct sctp_status status;
    socklen_t size = sizeof status;

    memset(&status, 0, sizeof status);
    status.sstat_assoc_id = id;
    return getsockopt(descriptor, IPPROTO_SCTP, SCTP_STATUS, &status, &size) ==
               0 &&
           status.sstat_state >= SCTP_ESTABLISHED;
}

/* Whether the messages to a peer may be held.  They may not before the
   association has been set up: they share packets then anyway, and no
   heartbeat would let them go.  Only a message with an address can set up an
   association. */
static int
may_hold(entry *peer, int descriptor)
{
    const struct msghdr *header = &peer->message.header;

    if (!peer->is_known) {
        peer->is_known = 1;
        peer->id = peer->message.assoc_id;
        peer->is_settled = 1;
        if (header->msg_namelen > 0) {
            struct sctp_paddrinfo info;
            socklen_t size = sizeof info;

            memset(&info, 0, sizeof info);
            memcpy(&info.spinfo_address, header->msg_name,
                   header->msg_namelen);
            peer->is_settled =
                getsockopt(descriptor, IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO,
                           &info, &size) == 0 &&
                is_set_up(descriptor, info.spinfo_assoc_id);
            peer->id = info.spinfo_assoc_id;
        }
    }
    return peer->is_settled;
}

/* Makes the kernel send the messages of this batch that it holds.  It demands
   heartbeats: they go out at once on all paths, and on one path the held data
   goes with them, as far as the windows allow.  The rest stays held until a
   message without MSG_MORE or the next heartbeat.  Keeps errno. */
static void
let_go(batch *self, int descriptor)
{
    int err = errno;

    for (entry *peer = self->peers; peer != NULL; peer = peer->next_peer) {
        struct sctp_paddrparams params;

        if (peer->is_held) {
            memset(&params, 0, sizeof params);
            params.spp_assoc_id = peer->id;
            params.spp_flags = SPP_HB_DEMAND;
            /* If the association is gone, the held messages are too. */
            (void)setsockopt(descriptor, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS,
                             &params, sizeof params);
        }
    }
    errno = err;
}

/* Waits for room while the kernel holds messages.  A sendmsg that waits would
   not do: the messages have to be let go again when the window has opened.
   Returns 0, or -1 with errno; EAGAIN means that the socket does not wait. */
static int
wait_for_room(batch *self, int descriptor)
{
    struct pollfd polled = {descriptor, POLLOUT, 0};
    int status = fcntl(descriptor, F_GETFL), result;

    if (status < 0 || status & O_NONBLOCK || self->flags & MSG_DONTWAIT) {
        errno = status < 0 ? errno : EAGAIN;
        return -1;
    }
    result = poll(&polled, !self->is_ready,
                  self->is_ready ? REST_READY : REST_HELD);
    self->is_ready = result > 0;
    return result < 0 ? -1 : 0;
}

/* Sends the remaining messages until the kernel takes no more.  Returns how
   many it has taken in all, or -1 if the first message fails or if signal
   handlers have to run (EINTR).  A system call that may wait is made only
   right after the signal handlers have run. */
static Py_ssize_t
send_batch(int descriptor, void *argument)
{
    batch *self = argument;

    self->may_wait = 1;
    while (self->next != NULL) {
        entry *at = self->next;
        int is_last = at->next == NULL;
        int holds = PLATFORM_MSG_MORE != 0 && at->has_more &&
                    !self->is_alone && may_hold(at->peer, descriptor);
        int flags = self->flags & ~(is_last ? 0 : PLATFORM_MSG_MORE);
        int waits = self->may_wait && !holds && self->held == 0;

        if (at->message.is_to_all && !self->may_wait) {
            errno = EINTR; /* it must not be repeated later */
            return -1;
        }
        flags |= (holds ? PLATFORM_MSG_MORE : 0) | (waits ? 0 : MSG_DONTWAIT);
        if (message_send_once(descriptor, &at->message, flags) < 0) {
            let_go(self, descriptor);
            if (at->message.is_to_all) {
                self->err = errno;
                return self->sent;
            }
            if ((errno == EAGAIN || errno == EINPROGRESS) && !waits) {
                if (self->is_alone && self->may_wait) {
                    if (wait_for_room(self, descriptor) == 0) {
                        self->may_wait = 0;
                        continue;
                    }
                }
                else {
                    self->is_alone = 1;
                    errno = EINTR;
                }
            }
            return self->sent == 0 || errno == EINTR ? -1 : self->sent;
        }
        self->held += holds - at->peer->is_held;
        at->peer->is_held = holds;
        self->is_alone = self->is_ready = self->may_wait = 0;
        self->sent++;
        self->next = at->next;
    }
    return self->sent;
}

/* Sets the attribute sent of the exception being raised: how many messages
   were sent before. */
static void
tell_sent(int sent)
{
    PyObject *exception = PyErr_GetRaisedException();
    PyObject *count = PyLong_FromLong(sent);

    if (count == NULL ||
        PyObject_SetAttrString(exception, "sent", count) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(count);
    PyErr_SetRaisedException(exception);
}

PyObject *
batch_send(message_types *types, const call_methods *methods, PyObject *socket,
           PyObject *messages, int flags)
{
    batch self = {.flags = flags};
    PyObject *result = NULL;

    if (fill_batch(&self, types, methods, socket, messages) == 0) {
        Py_ssize_t sent;

        self.next = self.first;
        sent = call_run(methods, socket, flags & MSG_DONTWAIT ? 0 : POLLOUT,
                        send_batch, &self);
        if (sent == 0 && self.err != 0) {
            if (PyErr_CheckSignals() == 0) {
                error_raise(self.err);
            }
        }
        else if (sent >= 0) {
            result = PyLong_FromSsize_t(sent);
        }
        if (result == NULL) {
            if (self.next != NULL) {
                message_explain(&self.next->message, socket);
            }
            tell_sent(self.sent);
        }
    }
    clear_batch(&self);
    return result;
}

/* The messages that arrive in one call, one after the other. */
typedef struct {
    size_t size; /* room for one message */
    int most;
    int flags;
    int count;
    int places;
    message_in *messages;
    message_in first_messages[PLACES];
    size_t used;
    size_t room;
    char *bytes;
    char first_bytes[ROOM];
    int err; /* follows the last message, or 0 */
} arrivals;

/* Moves the received data to memory of that size.  first is the memory to
   begin with, which is not allocated.  Returns the new memory, or NULL with
   errno. */
static void *
move(void *from, const void *first, size_t used, size_t size)
{
    void *to = PyMem_RawRealloc(from == first ? NULL : from, size);

    if (to == NULL) {
        errno = ENOMEM;
    }
    else if (from == first) {
        memcpy(to, first, used);
    }
    return to;
}

/* Makes room for another message.  Returns 0, or -1 with errno. */
static int
make_room(arrivals *self)
{
    if (self->count == self->places) {
        size_t size = (size_t)self->places * sizeof(message_in);
        void *to = move(self->messages, self->first_messages, size, 2 * size);

        if (to == NULL) {
            return -1;
        }
        self->messages = to;
        self->places *= 2;
    }
    if (self->room - self->used < self->size) {
        size_t room = self->used + self->size + Py_MAX(self->used, SPARE);
        void *to = move(self->bytes, self->first_bytes, self->used, room);

        if (to == NULL) {
            return -1;
        }
        self->bytes = to;
        self->room = room;
    }
    return 0;
}

/* Receives until no message is left.  Returns the number of messages, or -1 if
   the first one fails. */
static Py_ssize_t
receive_batch(int descriptor, void *argument)
{
    arrivals *self = argument;

    while (self->count < self->most) {
        message_in *into;
        struct iovec vector;
        Py_ssize_t size;

        if (make_room(self) < 0) {
            return self->count > 0 ? self->count : -1;
        }
        into = &self->messages[self->count];
        vector = (struct iovec){self->bytes + self->used, self->size};
        size = message_receive_once(
            descriptor, &vector, 1,
            self->flags | (self->count > 0 ? MSG_DONTWAIT : 0), into);
        if (size < 0) {
            if (self->count == 0) {
                return -1;
            }
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                self->err = errno;
            }
            break;
        }
        if (into->flags & MSG_CTRUNC && self->count > 0) {
            self->err = EBADMSG;
            break;
        }
        self->used += (size_t)size;
        self->count++;
        if (into->flags & MSG_CTRUNC ||
            (size == 0 && !(into->flags & MSG_NOTIFICATION))) {
            break; /* the end of the association comes once */
        }
    }
    return self->count;
}

PyObject *
batch_receive(message_types *types, const call_methods *methods,
              PyObject *socket, Py_ssize_t size, int count, int flags,
              batch_error *kept)
{
    arrivals self;
    PyObject *result = NULL;
    const char *at;

    self.size = (size_t)size;
    /* With MSG_PEEK, a second call would return the same message. */
    self.most = flags & MSG_PEEK ? 1 : count;
    self.flags = flags;
    self.count = self.err = 0;
    self.places = PLACES;
    self.messages = self.first_messages;
    self.used = 0;
    self.room = ROOM;
    self.bytes = self.first_bytes;
    if (make_room(&self) < 0) {
        PyErr_NoMemory();
        goto done;
    }
    if (call_run(methods, socket, flags & MSG_DONTWAIT ? 0 : POLLIN,
                 receive_batch, &self) >= 0 &&
        message_check_whole(&self.messages[0]) == 0) {
        if (self.err != 0) {
            atomic_store(kept, self.err);
        }
        result = PyList_New(self.count);
    }
    else {
        error_explain(socket, "sctp_recvv", "()");
    }
    at = self.bytes;
    for (int i = 0; result != NULL && i < self.count; i++) {
        const message_in *from = &self.messages[i];
        PyObject *item = message_to_tuple(
            types, from,
            PyBytes_FromStringAndSize(at, (Py_ssize_t)from->size));

        if (item == NULL) {
            Py_CLEAR(result);
            break;
        }
        PyList_SET_ITEM(result, i, item);
        at += from->size;
    }
done:
    if (self.messages != self.first_messages) {
        PyMem_RawFree(self.messages);
    }
    if (self.bytes != self.first_bytes) {
        PyMem_RawFree(self.bytes);
    }
    return result;
}
