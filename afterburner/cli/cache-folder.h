/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the scripts keep what they built or fetched. */
#ifndef AFTERBURNER_CLI_CACHE_FOLDER_H
#define AFTERBURNER_CLI_CACHE_FOLDER_H

/* $XDG_CACHE_HOME/afterburner or ~/.cache/afterburner (XDG base directory rules), whether it exists
 * or not; to be freed. */
char *cache_folder(void);

#endif
