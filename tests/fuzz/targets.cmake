# SPDX-License-Identifier: GPL-3.0-or-later
# The libFuzzer harnesses; included by tests/CMakeLists.txt when AFTERBURNER_FUZZ is on. Target `fuzz` builds them with their
# corpora; tests/fuzz/run runs them.
if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "AFTERBURNER_FUZZ needs clang: configure with `cmake --preset fuzz`")
endif()
if(AFTERBURNER_SANITIZE OR AFTERBURNER_COVERAGE)
    message(FATAL_ERROR "AFTERBURNER_FUZZ brings its sanitizers and coverage: leave AFTERBURNER_SANITIZE and _COVERAGE alone")
endif()

# All host code is instrumented, the program too: edges for the fuzzer, both sanitizers, and source coverage.
set(fuzz_sanitizers address,undefined)
set(fuzz_coverage -fprofile-instr-generate -fcoverage-mapping)
target_compile_options(afterburner-core PRIVATE
    -fsanitize=fuzzer-no-link,${fuzz_sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer ${fuzz_coverage}
    -Wno-gnu-variable-sized-type-not-at-end) # the kernel's KVM structures, in doctor/
target_link_options(afterburner-core PUBLIC -fsanitize=${fuzz_sanitizers} ${fuzz_coverage})

set(fuzz_corpora ${CMAKE_CURRENT_BINARY_DIR}/fuzz-corpora)
file(GLOB_RECURSE fuzz_seeds CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/corpus/*)
add_custom_command(OUTPUT ${fuzz_corpora}/stamp
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/make-corpus ${fuzz_corpora}
    COMMAND ${CMAKE_COMMAND} -E touch ${fuzz_corpora}/stamp
    DEPENDS ${CMAKE_CURRENT_LIST_DIR}/make-corpus ${fuzz_seeds}
    VERBATIM)
add_custom_target(fuzz DEPENDS ${fuzz_corpora}/stamp)

foreach(name image policy prefilter)
    add_executable(fuzz-${name} ${CMAKE_CURRENT_LIST_DIR}/fuzz-${name}.c)
    target_compile_options(fuzz-${name} PRIVATE -fsanitize=fuzzer,${fuzz_sanitizers} -fno-sanitize-recover=all)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz-${name} PRIVATE afterburner-core)
    add_dependencies(fuzz fuzz-${name})
endforeach()
