# SPDX-License-Identifier: GPL-3.0-or-later
# One cmocka program per module, tests/unit/test-NAME.c. Included by tests/CMakeLists.txt, which has afterburner_unit.
foreach(name arguments classify elf-check excluded identity json-text policy prefilter records statement xen-log)
    afterburner_unit(${name})
endforeach()
