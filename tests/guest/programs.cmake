# SPDX-License-Identifier: GPL-3.0-or-later
# The small bootable programs: README.md. One test for each, guest.NAME, which runs it on bare hardware and on Xen.

# Programs that do not pass on Xen, and why. They run there all the same, and when one passes its test fails until it is
# taken off this list, unless the reason begins with "sometimes:". Their tests have the label xen-known-failure.
set(XEN_KNOWN_FAILURES
    "compat-ldt=user mode does not get the guest's LDT"
    "counters=CR4.TSD does not reach the processor"
    "kernel-32=a kernel stack in the lower half ends the domain when it is used first"
    "mmu-accessed-dirty=the first read of a large page makes it dirty"
    "mmu-many-tables=shadow tables are never taken back"
    "no-stack=Xen ends a domain whose kernel stack cannot take its frame"
    "user-iopl=IOPL and the TSS's bitmap mean nothing to user mode's ports, cli and sti"
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
