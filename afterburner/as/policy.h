/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy file: which objects and sections are left alone, because their code runs in user mode
 * or elsewhere.
 *
 *     # comment
 *     path GLOB on|off "reason"       the object's path, as given with -o, relative to the working
 * directory section GLOB on|off "reason"    the section's name code16 on|off "reason" 16-bit code;
 * off unless a policy says otherwise
 *
 * In a GLOB `*` and `?` stop at slashes, `**` spans them. Of several rules that match, the last one
 * wins.
 */
#ifndef AFTERBURNER_AS_POLICY_H
#define AFTERBURNER_AS_POLICY_H

#include <stddef.h>

struct policy;

/* Reads a policy file. Gives NULL after printing one message with file and line when it cannot be
 * read or has an unknown rule. policy_default() is what holds without a file. The caller frees
 * either with policy_free. */
struct policy *policy_read(const char *path);
struct policy *policy_default(void);
void policy_free(struct policy *policy);

/* Whether code is to be annotated in an object of this path, in this section, in 16-bit mode. */
int policy_path_on(const struct policy *policy, const char *path);
int policy_section_on(const struct policy *policy, const char *section, size_t length);
int policy_code16_on(const struct policy *policy);

#endif
