/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Splits assembler text into statements as GNU as does for x86 ELF: separators are newline and `;`,
 * comments are #, a `/` where a statement would start and C's, labels are apart. A newline in C's
 * comments separates too. */
#ifndef AFTERBURNER_AS_STATEMENT_H
#define AFTERBURNER_AS_STATEMENT_H

#include <stddef.h>

struct scanner {
    const char *text, *end, *at;
};

struct statement {
    const char *start; /* first character of the mnemonic, directive or pseudo prefix */
    const char *end;   /* one past the last character that is not comment or white space */
    int labels;        /* labels stand before it */
};

/* The next statement, 0 at the end of the text. Empty ones are passed over; a label alone comes as
 * an empty statement. Line markers (`# 12 "file"`) are comments here: scanner_source() reads them.
 */
int scanner_next(struct scanner *scanner, struct statement *statement);

void scanner_start(struct scanner *scanner, const char *text, size_t size);

/* The source path a preprocessor or compiler put into the first line marker of the text; "" when
 * there is none. */
void scanner_source(const char *text, size_t size, char *path, size_t capacity);

/* Takes the word at *at (letters, digits and _.$\@ and the pseudo characters of macro arguments),
 * moves past it and the white space and comments behind it. Gives its length; 0 when something else
 * stands there. */
size_t statement_word(const char **at, const char *end, const char **word);

/* Whether a word is this directive or keyword, in any case. */
int statement_word_is(const char *word, size_t length, const char *name);

#endif
