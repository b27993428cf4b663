/* The rows of notifications, and the table of their types (RFC 6458, 6.1). */
#ifndef SCTP_RECORDS_EVENT_H
#define SCTP_RECORDS_EVENT_H

#include "record.h"

#ifdef SCTP_NOTIFICATIONS_STOPPED_EVENT
#define EVENT_TYPES 14
#else
#define EVENT_TYPES 13
#endif

/* A notification: its type, its smallest size in bytes, and its structure. */
typedef struct {
    int type;
    size_t least;
    record record;
} event;

extern const event records_event[EVENT_TYPES];

/* The info about the message in the deprecated SCTP_SEND_FAILED. */
extern const record records_sndrcvinfo;

#endif
