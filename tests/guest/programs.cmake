# SPDX-License-Identifier: GPL-3.0-or-later
# The small bootable programs: README.md. One test for each, guest.NAME, which runs it on bare hardware and on Xen.

# Programs that do not pass on Xen, and why. They run there all the same, and when one passes its test fails until it is
# taken off this list. Their tests have the label xen-known-failure.
set(XEN_KNOWN_FAILURES
    "absent=most entries of the table that CPUID hides end the run instead of raising #UD"
    "compat-ldt=user mode does not get the guest's LDT"
    "control-registers=CR0.TS and CR0.EM do not reach the processor: x87 raises no #NM"
    "counters=rdpmc ends the run; CR4.TSD does not reach the processor"
    "debug-registers=no fixed bits, no aliases, and breakpoints do not reach the processor"
    "descriptor-tables=a fault on the way of an int shows RIP behind it"
    "early-32=lds, les, lfs, lgs, lss, arpl are not emulated"
    "far-transfers=lcall pushes an address inside of the site"
    "flags=IOPL and NT are lost at the next instruction that is no site"
    "int=int pushes an address inside of the site; DPL of the gates of int3, into and int 0x80 is not looked at"
    "interrupt-shadow=an interrupt that waits at sti is forgotten until another event"
    "interrupts=an interrupt that waits at sti is forgotten until another event; time stands still for reads of the 8259's IRR"
    "kernel-32=a kernel stack in the lower half ends the domain when it is used first; lds and the like are not emulated"
    "mmu-accessed-dirty=the first read of a large page makes it dirty"
    "mmu-many-tables=shadow tables are never taken back"
    "mmu-reserved=reserved bits of entries are not looked at"
    "mmu-self=mov to an absolute address (A3) is not known as a store to a page table"
    "mmu-stores-rare=the seldom stores to page tables are not known"
    "mmu-wp=CR0.WP is always on"
    "nested=int pushes an address inside of the site"
    "no-stack=Xen ends a domain whose kernel stack cannot take its frame"
    "ports=outs ignores a segment prefix, which its record lacks"
    "segments=lfs, lgs, lss are not emulated"
    "single-step=TF raises no #DB behind an instruction that the wedge carries out"
    "syscall-kernel=syscall of the kernel is not emulated"
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
