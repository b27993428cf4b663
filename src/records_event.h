/* Rows of notifications, and the table of their types (RFC 6458, 6.1). */
#ifndef SCTP_RECORDS_EVENT_H
#define SCTP_RECORDS_EVENT_H

#include "record.h"

#ifdef SCTP_NOTIFICATIONS_STOPPED_EVENT
#define EVENT_TYPES 14
#else
#define EVENT_TYPES 13
#endif

/* A notification: its type, the bytes it has at the least, and its
   structure. */
typedef struct {
    int type;
    size_t least;
    record record;
} event;

extern const event records_event[EVENT_TYPES];

/* What the deprecated SCTP_SEND_FAILED tells of its message. */
extern const record records_sndrcvinfo;

#endif
