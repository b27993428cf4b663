/* The rows of the structures of socket options, and the table of options. */
#ifndef SCTP_RECORDS_OPTION_H
#define SCTP_RECORDS_OPTION_H

#include "record.h"

/* Enough for the structures of each system. */
#define OPTION_STRUCTURES_MAX 32

/* The access that the kernel allows. */
#define OPTION_RW "read, write"
#define OPTION_R "read"
#define OPTION_W "write"

typedef struct {
    const char *name;
    int number;
    const char *structure; /* the name of a record, or "int" */
    const char *access;
    const char *reference;
} option;

extern const record records_option[];
extern const int records_option_length;

extern const option records_options[];
extern const int records_options_length;

#endif
