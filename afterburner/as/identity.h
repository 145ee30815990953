/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A site's identity: what keeps its name across rebuilds, so that a profile finds it again.
 *
 * XXH64 (seed 0) over: source path, NUL, function, NUL, normalised text, NUL, ordinal as 4
 * little-endian bytes.
 *  - the source path is as identity_source_path() makes it, so that another build folder changes
 * nothing;
 *  - the function's name is without the compiler's suffixes (.isra.N .constprop.N .part.N .cold
 * .llvm.N);
 *  - the text is the decoded instruction with relocated fields zeroed;
 *  - the ordinal counts equal texts of the function, in the order they were assembled.
 */
#ifndef AFTERBURNER_AS_IDENTITY_H
#define AFTERBURNER_AS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

struct identity_counter; /* the ordinals of one object file */

struct identity_counter *identity_counter_new(void);
void identity_counter_free(struct identity_counter *counter);

/* The identity of the next site with this text in this function. */
uint64_t identity_next(struct identity_counter *counter, const char *source, const char *function,
                       const char *text);

/* Copies a function's name without the compiler's suffixes. */
void identity_function_name(const char *symbol, char *name, size_t capacity);

/* The source path as identities use it: without the working directory in front, without `.` and
 * `..` steps that cancel. Of a source outside of it, which may be elsewhere the next time, its name
 * and as many of the folders in front as the output's path has in front of its name, too. */
char *identity_source_path(const char *path, const char *output, const char *working_directory);

#endif
