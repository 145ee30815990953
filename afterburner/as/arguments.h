/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GNU as's command line, as far as annotation needs to understand it. */
#ifndef AFTERBURNER_AS_ARGUMENTS_H
#define AFTERBURNER_AS_ARGUMENTS_H

#include <stddef.h>

struct as_arguments {
    char **words; /* all arguments with @files expanded, words[0] the program; NULL-terminated */
    size_t word_count;
    size_t *inputs; /* which words are input files ("-" is standard input) */
    size_t input_count;
    size_t output;    /* which word is -o's file name (as its own word), 0 when -o is absent */
    int bits;         /* of the object: 64, or 32 with --32 */
    int only_asks;    /* --version, --help and the like: nothing is assembled */
    int asks_version; /* of these --version is the first, which is the one that is answered */
    int verbose;      /* -v: the version is told, and then it is assembled */
    int alternate;    /* --alternate: .altmacro from the start */
    int intel;        /* -msyntax=intel */
    int naked;        /* -mnaked-reg */
    int mri;          /* --mri: another language, which is not annotated */
    int lists;        /* -a...: a listing is wanted */
    const char *dependencies; /* --MD's file, or NULL */
};

/* Parses argv; the result holds copies and is freed by as_arguments_free. */
void as_arguments_parse(struct as_arguments *arguments, int argc, char **argv);
void as_arguments_free(struct as_arguments *arguments);

/* The output file's name: -o's, or gas's default. */
const char *as_arguments_output(const struct as_arguments *arguments);

#endif
