# SPDX-License-Identifier: GPL-3.0-or-later
# cmake -DOUTPUT=FILE -DSOURCES=FILE;FILE... -P annotator-hash.cmake: writes a header with one hash of the sources' contents.
set(TEXT "")
foreach(SOURCE IN LISTS SOURCES)
    file(SHA256 "${SOURCE}" HASH)
    get_filename_component(NAME "${SOURCE}" NAME)
    string(APPEND TEXT "${NAME} ${HASH}\n")
endforeach()
string(SHA256 HASH "${TEXT}")
file(WRITE "${OUTPUT}" "/* Generated. */\n#define ANNOTATOR_HASH \"${HASH}\"\n")
