# SPDX-License-Identifier: GPL-3.0-or-later
# The small bootable programs: README.md. One test for each, guest.NAME, which runs it on bare hardware and on Xen.

file(GLOB PROGRAMS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*/expected)
foreach(EXPECTED ${PROGRAMS})
    get_filename_component(FOLDER ${EXPECTED} DIRECTORY)
    get_filename_component(NAME ${FOLDER} NAME)
    afterburner_script(guest.${NAME} ${CMAKE_CURRENT_LIST_DIR}/run-program.sh ARGUMENTS ${NAME} LABELS guest TIMEOUT 300)
endforeach()
afterburner_script(guest.coverage ${CMAKE_CURRENT_LIST_DIR}/coverage.sh LABELS guest)
