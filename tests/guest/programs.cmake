# SPDX-License-Identifier: GPL-3.0-or-later
# The small bootable programs: README.md. One test for each, guest.NAME, which runs it on bare hardware and on Xen.

# Programs that do not pass on Xen, and why. They run there all the same, and when one passes its test fails until it is
# taken off this list. Their tests have the label xen-known-failure.
set(XEN_KNOWN_FAILURES
    "no-stack=Xen ends a domain whose stack cannot take its frame (hypervisor-backends/README.md); only a trap before that could help"
)

file(GLOB PROGRAMS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*/expected)
foreach(EXPECTED ${PROGRAMS})
    get_filename_component(FOLDER ${EXPECTED} DIRECTORY)
    get_filename_component(NAME ${FOLDER} NAME)
    set(REASON "")
    set(LABELS guest)
    foreach(KNOWN ${XEN_KNOWN_FAILURES})
        if(KNOWN MATCHES "^${NAME}=(.*)$")
            set(REASON "${CMAKE_MATCH_1}")
            list(APPEND LABELS xen-known-failure)
        endif()
    endforeach()
    afterburner_script(guest.${NAME} ${CMAKE_CURRENT_LIST_DIR}/run-program.sh ARGUMENTS ${NAME} ${REASON} LABELS ${LABELS} TIMEOUT 300)
endforeach()
afterburner_script(guest.coverage ${CMAKE_CURRENT_LIST_DIR}/coverage.sh LABELS guest)
