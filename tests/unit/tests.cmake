# SPDX-License-Identifier: GPL-3.0-or-later
# One cmocka program per module, tests/unit/test-NAME.c. Included by tests/CMakeLists.txt, which has afterburner_unit.
foreach(name arguments classify console-split cpio cpuid-policy elf-check excluded identity json-text policy prefilter prefilter-places records statement xen-log)
    afterburner_unit(${name})
endforeach()

# The wedge's devices, compiled for the host: NAME, the sources under wedge/ that it is made of, and behind HELPERS those of
# tests/unit.
function(afterburner_wedge_unit NAME)
    cmake_parse_arguments(PARSE_ARGV 1 UNIT "" "" "HELPERS")
    list(TRANSFORM UNIT_UNPARSED_ARGUMENTS PREPEND ${PROJECT_SOURCE_DIR}/wedge/)
    list(TRANSFORM UNIT_HELPERS PREPEND unit/)
    add_executable(unit-wedge-${NAME} unit/test-wedge-${NAME}.c ${UNIT_UNPARSED_ARGUMENTS} ${UNIT_HELPERS})
    target_include_directories(unit-wedge-${NAME} PRIVATE ${PROJECT_SOURCE_DIR}/wedge/include)
    target_compile_definitions(unit-wedge-${NAME} PRIVATE _GNU_SOURCE) # helpers.h
    target_link_libraries(unit-wedge-${NAME} PRIVATE afterburner::cmocka)
    add_test(NAME unit.wedge-${NAME} COMMAND unit-wedge-${NAME})
    set_tests_properties(unit.wedge-${NAME} PROPERTIES TIMEOUT 60 LABELS unit)
endfunction()

afterburner_wedge_unit(pic irq/pic.c)
afterburner_wedge_unit(pic-random irq/pic.c HELPERS pic-model.c)
afterburner_wedge_unit(pit time/pit.c irq/pic.c)
afterburner_wedge_unit(pit-random time/pit.c irq/pic.c HELPERS pit-simulation.c)
afterburner_wedge_unit(rtc time/rtc.c irq/pic.c)
afterburner_wedge_unit(pci devices/pci.c)
afterburner_wedge_unit(uart devices/uart.c devices/ports.c devices/pci.c time/pit.c time/rtc.c irq/pic.c)
