/* Sends or receives one message with one system call, and builds and reads its
   control messages. */
#include "message.h"
#include "error.h"

#include <errno.h>
#include <string.h>

/* Python has memory for objects up to 512 bytes at hand.  A longer bytes
   object has to be allocated, cut to the length of the message and freed.  For
   a short message it is quicker to keep a long object and copy the message out
   of it. */
#define SPACE_MIN 480
#define SPACE_MAX (256 << 10)
#define COPIED_MAX 1024
#define SPACE_LIMIT (PY_SSIZE_T_MAX / 2)

/* Room for all infos, also deprecated ones, and for the control messages of
   other socket options, such as SO_TIMESTAMP. */
#define CONTROL_RECEIVE 512

/* The infos that are sent, in the order of the members of sctp_sendv_spa. */
static const struct {
    int info;
    int type; /* of the control message */
    const char *member;
} sent[MESSAGE_SPA_MEMBERS] = {
    {INFO_SNDINFO, SCTP_SNDINFO, "sndinfo"},
    {INFO_PRINFO, SCTP_PRINFO, "prinfo"},
    {INFO_AUTHINFO, SCTP_AUTHINFO, "authinfo"},
};

typedef struct {
    const message_out *message;
    int flags;
} sending;

typedef struct {
    struct iovec *vectors;
    int count;
    int flags;
    message_in *into;
} receiving;

int
message_types_init(message_types *self)
{
    PyObject *module = PyImport_ImportModule("_sctp.sctp_info");
    int result = -1;

    if (module == NULL) {
        return -1;
    }
    for (int i = 0; i < INFO_COUNT; i++) {
        PyObject *type = PyObject_GetAttrString(module, records_info[i].name);
        int failed =
            type == NULL || record_type_init(&self->infos[i], &records_info[i],
                                             (PyTypeObject *)type) < 0;

        Py_XDECREF(type);
        if (failed) {
            goto done;
        }
    }
    for (int i = 0; i < MESSAGE_SPA_MEMBERS; i++) {
        self->spa_members[i] = PyUnicode_InternFromString(sent[i].member);
        if (self->spa_members[i] == NULL) {
            goto done;
        }
    }
    self->spa = PyObject_GetAttrString(module, "sctp_sendv_spa");
    if (self->spa == NULL) {
        goto done;
    }
    self->rn = PyObject_GetAttrString(module, "sctp_recvv_rn");
    result = self->rn == NULL ? -1 : 0;
done:
    Py_DECREF(module);
    return result;
}

int
message_types_traverse(message_types *self, visitproc visit, void *arg)
{
    for (int i = 0; i < INFO_COUNT; i++) {
        Py_VISIT(self->infos[i].type);
    }
    Py_VISIT(self->spa);
    Py_VISIT(self->rn);
    return 0;
}

void
message_types_clear(message_types *self)
{
    for (int i = 0; i < INFO_COUNT; i++) {
        record_type_clear(&self->infos[i]);
    }
    for (int i = 0; i < MESSAGE_SPA_MEMBERS; i++) {
        Py_CLEAR(self->spa_members[i]);
    }
    Py_CLEAR(self->peer.tuple);
    Py_CLEAR(self->space);
    Py_CLEAR(self->spa);
    Py_CLEAR(self->rn);
}

/* Appends a control message and returns its data, for the caller to fill. */
static void *
add_control(struct msghdr *header, int type, size_t size)
{
    struct cmsghdr *control =
        (struct cmsghdr *)((unsigned char *)header->msg_control +
                           header->msg_controllen);

    memset(control, 0, CMSG_SPACE(size));
    control->cmsg_level = IPPROTO_SCTP;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(size);
    header->msg_controllen += CMSG_SPACE(size);
    return CMSG_DATA(control);
}

/* Returns the data of a control message if it is a whole info of that type, or
   NULL. */
static const void *
find_info(const struct cmsghdr *control, int info, int type)
{
    return control->cmsg_level == IPPROTO_SCTP && control->cmsg_type == type &&
                   control->cmsg_len >= CMSG_LEN(records_info[info].size)
               ? CMSG_DATA(control)
               : NULL;
}

/* Appends the control message of an info if it is of that kind.  Returns 1, 0
   if it is of another kind, or -1 with an exception. */
static int
add_info(message_types *types, struct msghdr *header, int kind, PyObject *info)
{
    record_type *type = &types->infos[sent[kind].info];

    if (!PyObject_TypeCheck(info, type->type)) {
        return 0;
    }
    return record_from_dict(
               type, info,
               add_control(header, sent[kind].type, type->record->size)) < 0
               ? -1
               : 1;
}

/* Appends the control messages of a sctp_sendv_spa. */
static int
add_spa(message_types *types, struct msghdr *header, PyObject *spa)
{
    int added = 0;

    for (int i = 0; i < MESSAGE_SPA_MEMBERS && added >= 0; i++) {
        PyObject *member = PyObject_GetAttr(spa, types->spa_members[i]);

        added = member == NULL ? -1 : add_info(types, header, i, member);
        if (added == 0 && member != Py_None) { /* possible in a subclass */
            PyErr_Format(PyExc_TypeError,
                         "sctp_sendv_spa: %s must be a %s or None, not %.100s",
                         sent[i].member, records_info[sent[i].info].name,
                         Py_TYPE(member)->tp_name);
            added = -1;
        }
        Py_XDECREF(member);
    }
    return added;
}

/* Appends the control messages for the argument info. */
static int
add_infos(message_types *types, struct msghdr *header, const char *owner,
          PyObject *info)
{
    int added = 0;

    for (int i = 0; i < MESSAGE_SPA_MEMBERS && added == 0; i++) {
        added = add_info(types, header, i, info);
    }
    if (added == 0 && PyObject_TypeCheck(info, (PyTypeObject *)types->spa)) {
        return add_spa(types, header, info);
    }
    if (added == 0) {
        PyErr_Format(PyExc_TypeError,
                     "%s(): info must be sctp_sndinfo, sctp_prinfo, "
                     "sctp_authinfo, sctp_sendv_spa or None, not %.100s",
                     owner, Py_TYPE(info)->tp_name);
        return -1;
    }
    return added;
}

/* Notes the flags and the association of a sctp_sndinfo.  If there is one, it
   is the first of the infos. */
static void
note_sndinfo(message_out *self)
{
    const struct cmsghdr *first = CMSG_FIRSTHDR(&self->header);
    const struct sctp_sndinfo *info =
        first == NULL ? NULL : find_info(first, INFO_SNDINFO, SCTP_SNDINFO);

    if (info != NULL) {
        self->snd_flags = info->snd_flags;
        self->assoc_id = info->snd_assoc_id;
    }
}

/* Makes the first address the destination, and appends a control message for
   each other one.  The kernel uses them if it has to set up an association
   (RFC 6458, 5.3.9 and 5.3.10). */
static void
add_addresses(struct msghdr *header, sockaddr_list *addresses)
{
    unsigned char *at = addresses->bytes;

    for (int i = 0; i < addresses->count; i++) {
        struct sockaddr *address = (struct sockaddr *)at;
        size_t size = sockaddr_size(address);

        if (i == 0) {
            header->msg_name = address;
            header->msg_namelen = (socklen_t)size;
        }
        else if (address->sa_family == AF_INET) {
            const struct in_addr *ipv4 =
                &((struct sockaddr_in *)address)->sin_addr;

            memcpy(add_control(header, SCTP_DSTADDRV4, sizeof *ipv4), ipv4,
                   sizeof *ipv4);
        }
        else {
            const struct in6_addr *ipv6 =
                &((struct sockaddr_in6 *)address)->sin6_addr;

            memcpy(add_control(header, SCTP_DSTADDRV6, sizeof *ipv6), ipv6,
                   sizeof *ipv6);
        }
        at += size;
    }
}

int
message_prepare(message_out *self, message_types *types,
                const call_methods *methods, PyObject *socket,
                const char *owner, PyObject *data, PyObject *addresses,
                PyObject *info, const message_out *like)
{
    sockaddr_list *to = &self->to;

    self->header = (struct msghdr){.msg_control = self->control.bytes};
    self->more_control = NULL;
    self->info = Py_XNewRef(info);
    self->snd_flags = 0;
    self->assoc_id = 0;
    sockaddr_list_init(to);
    if (buffers_acquire(&self->payload, data, 0, owner, "data") < 0 ||
        (addresses != NULL &&
         sockaddr_list_parse(to, addresses,
                             call_member(methods->family, socket),
                             "socket.connect", socket) < 0) ||
        sockaddr_list_agree(to, owner) < 0) {
        return -1;
    }
    if (to->count - 1 > MESSAGE_ADDRESSES) {
        self->more_control = PyMem_Malloc(
            MESSAGE_INFOS_SPACE + (size_t)to->count * MESSAGE_ADDRESS_SPACE);
        if (self->more_control == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->header.msg_control = self->more_control;
    }
    if (like != NULL && like->infos_size > 0 && addresses == NULL &&
        self->payload.is_plain) {
        self->header.msg_controllen = like->infos_size;
        memcpy(self->header.msg_control, like->header.msg_control,
               like->infos_size);
    }
    else if (info != NULL &&
             add_infos(types, &self->header, owner, info) < 0) {
        return -1;
    }
    self->infos_size = self->header.msg_controllen;
    note_sndinfo(self);
    add_addresses(&self->header, to);
    if (self->header.msg_controllen == 0) {
        self->header.msg_control = NULL;
    }
    self->header.msg_iov = self->payload.vectors;
    self->header.msg_iovlen = self->payload.count;
    self->is_to_all = self->snd_flags & SCTP_SENDALL &&
                      call_member(methods->type, socket) == SOCK_SEQPACKET;
    return PySys_Audit("socket.sendmsg", "OO", socket,
                       to->first == NULL ? Py_None : to->first);
}

void
message_release(message_out *self)
{
    buffers_release(&self->payload);
    sockaddr_list_clear(&self->to);
    PyMem_Free(self->more_control);
    Py_XDECREF(self->info);
}

Py_ssize_t
message_send_once(int descriptor, const message_out *self, int flags)
{
    return sendmsg(descriptor, &self->header, flags | MSG_NOSIGNAL);
}

static Py_ssize_t
send_once(int descriptor, void *argument)
{
    const sending *call = argument;

    return message_send_once(descriptor, call->message, call->flags);
}

void
message_explain(const message_out *self, PyObject *socket)
{
    error_explain(socket, "sctp_sendv", "(nOO&)",
                  (Py_ssize_t)buffers_size(&self->payload),
                  self->info == NULL ? Py_None : self->info,
                  sockaddr_list_convert, &self->to);
    if (self->is_to_all && PyErr_ExceptionMatches(PyExc_OSError)) {
        error_add_note("Some associations may have got the message.");
    }
}

PyObject *
message_send(message_types *types, const call_methods *methods,
             PyObject *socket, PyObject *data, PyObject *addresses,
             PyObject *info, int flags)
{
    message_out message;
    sending call = {&message, flags};
    PyObject *result = NULL;
    Py_ssize_t count;

    if (message_prepare(&message, types, methods, socket, "sctp_sendv", data,
                        addresses, info, NULL) < 0) {
        goto done;
    }
    count = message.is_to_all
                ? call_once(methods, socket, send_once, &call)
                : call_run(methods, socket, flags & MSG_DONTWAIT ? 0 : POLLOUT,
                           send_once, &call);
    if (count >= 0) {
        result = PyLong_FromSsize_t(count);
    }
    else {
        message_explain(&message, socket);
    }
done:
    message_release(&message);
    return result;
}

int
message_send_eof(const call_methods *methods, PyObject *socket)
{
    union {
        struct cmsghdr aligned;
        unsigned char bytes[CMSG_SPACE(sizeof(struct sctp_sndinfo))];
    } control;
    message_out message = {.header = {.msg_control = control.bytes}};
    sending call = {&message, 0};
    struct sctp_sndinfo *info =
        add_control(&message.header, SCTP_SNDINFO, sizeof *info);

    info->snd_flags = SCTP_EOF;
    return call_run(methods, socket, POLLOUT, send_once, &call) < 0 ? -1 : 0;
}

/* Copies the infos out of the control messages. */
static void
take_infos(message_in *self, struct msghdr *header)
{
    self->has_rcvinfo = self->has_nxtinfo = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        const void *rcvinfo = find_info(control, INFO_RCVINFO, SCTP_RCVINFO);
        const void *nxtinfo = find_info(control, INFO_NXTINFO, SCTP_NXTINFO);

        if (rcvinfo != NULL) {
            memcpy(&self->rcvinfo, rcvinfo, sizeof self->rcvinfo);
            self->has_rcvinfo = 1;
        }
        else if (nxtinfo != NULL) {
            memcpy(&self->nxtinfo, nxtinfo, sizeof self->nxtinfo);
            self->has_nxtinfo = 1;
        }
    }
}

Py_ssize_t
message_receive_once(int descriptor, struct iovec *vectors, int count,
                     int flags, message_in *into)
{
    union {
        struct cmsghdr aligned;
        unsigned char bytes[CONTROL_RECEIVE];
    } control;
    struct msghdr header = {
        .msg_name = &into->address,
        .msg_namelen = sizeof into->address,
        .msg_iov = vectors,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    size_t room = 0;
    Py_ssize_t result;

    header.msg_iovlen = count;
    result = recvmsg(descriptor, &header, flags);
    if (result < 0) {
        return -1;
    }
    into->flags = header.msg_flags;
    into->address_size =
        Py_MIN(header.msg_namelen, (socklen_t)sizeof into->address);
    /* The end of the association has no info; FreeBSD sends one of zeros. */
    if (result == 0 &&
        (header.msg_flags & (MSG_EOR | MSG_NOTIFICATION)) == 0) {
        header.msg_controllen = 0;
    }
    take_infos(into, &header);
    /* Another thread may have opened a socket of another protocol with our
       number.  With MSG_TRUNC, that returns the full length of a message even
       if the message did not fit. */
    for (int i = 0; i < count; i++) {
        room += vectors[i].iov_len;
    }
    into->size = Py_MIN((size_t)result, room);
    return (Py_ssize_t)into->size;
}

static PyObject *
make_info(message_types *types, int info, const void *bytes)
{
    return record_to_dict(&types->infos[info], bytes, records_info[info].size);
}

/* Returns a new reference to the received infos or None, or NULL with an
   exception. */
static PyObject *
make_infos(message_types *types, const message_in *from, int *infotype)
{
    PyObject *first, *second, *pair, *result;

    if (!from->has_rcvinfo || !from->has_nxtinfo) {
        *infotype = from->has_rcvinfo   ? SCTP_RECVV_RCVINFO
                    : from->has_nxtinfo ? SCTP_RECVV_NXTINFO
                                        : SCTP_RECVV_NOINFO;
        return from->has_rcvinfo
                   ? make_info(types, INFO_RCVINFO, &from->rcvinfo)
               : from->has_nxtinfo
                   ? make_info(types, INFO_NXTINFO, &from->nxtinfo)
                   : Py_NewRef(Py_None);
    }
    *infotype = SCTP_RECVV_RN;
    first = make_info(types, INFO_RCVINFO, &from->rcvinfo);
    second =
        first == NULL ? NULL : make_info(types, INFO_NXTINFO, &from->nxtinfo);
    pair = second == NULL ? NULL : PyTuple_Pack(2, first, second);
    Py_XDECREF(first);
    Py_XDECREF(second);
    if (pair == NULL) {
        return NULL;
    }
    result = PyObject_CallOneArg(types->rn, pair);
    Py_DECREF(pair);
    return result;
}

PyObject *
message_to_tuple(message_types *types, const message_in *from, PyObject *data)
{
    PyObject *items[5] = {data, NULL, NULL, NULL, NULL}, *result = NULL;
    int infotype;

    if (data == NULL) {
        return NULL;
    }
    items[1] = from->address_size == 0
                   ? Py_NewRef(Py_None)
                   : sockaddr_recall(&types->peer, &from->address,
                                     from->address_size);
    if (items[1] == NULL) {
        goto done;
    }
    items[2] = make_infos(types, from, &infotype);
    if (items[2] == NULL) {
        goto done;
    }
    items[3] = PyLong_FromLong(infotype);
    items[4] = PyLong_FromLong(from->flags);
    if (items[3] == NULL || items[4] == NULL) {
        goto done;
    }
    result = PyTuple_New(5);
done:
    for (int i = 0; i < 5; i++) {
        if (result != NULL) {
            PyTuple_SET_ITEM(result, i, items[i]);
        }
        else {
            Py_XDECREF(items[i]);
        }
    }
    return result;
}

int
message_check_whole(const message_in *self)
{
    if (self->flags & MSG_CTRUNC) {
        error_raise_text(EBADMSG, "control data of the message is truncated");
        return -1;
    }
    return 0;
}

static Py_ssize_t
receive_once(int descriptor, void *argument)
{
    const receiving *call = argument;

    return message_receive_once(descriptor, call->vectors, call->count,
                                call->flags, call->into);
}

/* Receives into the vectors.  Returns the number of bytes, or -1 with an
   exception. */
static Py_ssize_t
receive(const call_methods *methods, PyObject *socket, struct iovec *vectors,
        int count, int flags, message_in *into)
{
    receiving call = {vectors, count, flags, into};
    Py_ssize_t result =
        call_run(methods, socket, flags & MSG_DONTWAIT ? 0 : POLLIN,
                 receive_once, &call);

    if (result < 0) {
        error_explain(socket, "sctp_recvv", "()");
        return -1;
    }
    return message_check_whole(into) < 0 ? -1 : result;
}

/* Returns a bytes object of at least that size: the one that was kept, or a
   new one. */
static PyObject *
take_space(message_types *types, Py_ssize_t size)
{
    PyObject *space = types->space;

    if (size > SPACE_LIMIT) {
        return PyErr_NoMemory(); /* bytes would raise OverflowError */
    }
    if (space == NULL || size < SPACE_MIN || PyBytes_GET_SIZE(space) < size) {
        return PyBytes_FromStringAndSize(NULL, size);
    }
    types->space = NULL;
    return space;
}

/* Keeps a bytes object for the next message, or frees it.  Consumes the
   reference. */
static void
keep_space(message_types *types, PyObject *space)
{
    if (COMPAT_HAS_GIL && types->space == NULL &&
        PyBytes_GET_SIZE(space) >= SPACE_MIN &&
        PyBytes_GET_SIZE(space) <= SPACE_MAX) {
        types->space = space;
    }
    else {
        Py_DECREF(space);
    }
}

/* Returns a bytes object with the first size bytes of space, and consumes the
   reference to space. */
static PyObject *
cut_space(message_types *types, PyObject *space, Py_ssize_t size)
{
    PyObject *data = space;

    if (COMPAT_HAS_GIL && size <= COPIED_MAX &&
        PyBytes_GET_SIZE(space) >= SPACE_MIN) {
        data = PyBytes_FromStringAndSize(PyBytes_AS_STRING(space), size);
        keep_space(types, space);
    }
    else if (size != PyBytes_GET_SIZE(space)) {
        (void)_PyBytes_Resize(&data, size);
    }
    return data;
}

PyObject *
message_receive(message_types *types, const call_methods *methods,
                PyObject *socket, Py_ssize_t size, int flags)
{
    message_in received;
    PyObject *data = take_space(types, size);
    struct iovec vector;
    Py_ssize_t count;

    if (data == NULL) {
        return NULL;
    }
    vector.iov_base = PyBytes_AS_STRING(data);
    vector.iov_len = (size_t)size;
    count = receive(methods, socket, &vector, 1, flags, &received);
    if (count < 0) {
        keep_space(types, data);
        return NULL;
    }
    return message_to_tuple(types, &received, cut_space(types, data, count));
}

PyObject *
message_receive_into(message_types *types, const call_methods *methods,
                     PyObject *socket, PyObject *into, int flags)
{
    message_in received;
    buffers space;
    PyObject *result = NULL;
    Py_ssize_t count;

    if (buffers_acquire(&space, into, 1, "sctp_recvv_into", "buffers") < 0) {
        goto done;
    }
    if (buffers_size(&space) == 0) {
        PyErr_SetString(PyExc_ValueError,
                        "sctp_recvv_into(): the buffers have no room");
        goto done;
    }
    count =
        receive(methods, socket, space.vectors, space.count, flags, &received);
    if (count >= 0) {
        result = message_to_tuple(types, &received, PyLong_FromSsize_t(count));
    }
done:
    buffers_release(&space);
    return result;
}
