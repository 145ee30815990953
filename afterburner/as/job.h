/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run of `afterburner as`: what its parts share. */
#ifndef AFTERBURNER_AS_JOB_H
#define AFTERBURNER_AS_JOB_H

#include <stddef.h>

#include "as/arguments.h"
#include "as/policy.h"
#include "as/prefilter.h"

struct input {
    const char *name; /* as given; "-" is standard input */
    char *text;
    size_t size;
    int read_once;    /* a pipe or the like: gas gets a copy */
    char *plain_path; /* what plain gas is given where our directives must be blanked, or NULL */
};

struct job {
    struct as_arguments arguments;
    struct policy *policy;
    char *real_as;
    struct input *inputs;
    size_t input_count;
    char *joined; /* several inputs are one text to gas: joined here, NULL for a single one */
    size_t joined_size;
    struct prefilter_result filtered;
    char *filtered_path; /* what gas is given to annotate: a /proc/self/fd name, or NULL for the
                            file itself */
    int stdin_copy;      /* memfd with what standard input held, or -1 */
    char *end_path;      /* a second text that closes what the first left open, or NULL */
    char *source;        /* for identities */
    int no_room;         /* the text assembles without pads only */
    int adds_version;    /* gas tells its version and we ours */
};

/* --- inputs.c: the texts gas is given, and files in memory --- */

/* Reads an open file to its end. Gives 0, or -1 with errno. */
int inputs_read_file(int fd, char **text, size_t *size);

/* A file in memory that gas opens by the name this gives, if `path` is not NULL. Gives its
 * descriptor, or -1 after a message. */
int inputs_memory_file(const char *text, size_t size, char **path);

/* The same under a user's name: gas's messages, lines and debugging information say that name. */
int inputs_named_file(const char *name, const char *text, size_t size, char **path);

/* Reads every input. Gives NULL, or the first that cannot be read, with errno: gas shall say so
 * itself. */
const struct input *inputs_read(struct job *job);

/* gas reads several inputs as one text: so does the prefilter. */
void inputs_join(struct job *job);

/* --- plain.c: GNU as on the user's own text --- */

/* Plain `as` with the user's own words, in our place; gives an exit code where it comes back. */
int plain_become(struct job *job);

/* Lets plain `as` assemble the original text into `output`, saying what it has to say (a listing
 * only if not `quiet_listing`); gives its exit code. */
int plain_run(struct job *job, char *output, int quiet_listing);

/* Copies gas's words with another output. With a prelude, it and the text to annotate take the
 * inputs' place; with `dependencies`, that takes the place of the user's file. */
char **plain_words(const struct job *job, char *prelude, char *output, char *dependencies);

/* --- dependencies.c --- */

/* gas's dependency file (`--MD`), which is open at `fd`, names the files gas was given: it is
 * written again with the user's names, wrapped as gas wraps it. Gives an exit code. */
int dependencies_write(const struct job *job, int fd, const char *prelude);

/* --- annotate.c --- */

/* Runs the prefilter; gives whether anything may be sensitive. */
int annotate_filter(struct job *job);

/* Assembles with annotation and writes the output. Gives an exit code. */
int annotate(struct job *job);

#endif
