# SPDX-License-Identifier: GPL-3.0-or-later
# The libraries the host program stands on. Each missing one is named with the Debian package that brings it.
find_package(PkgConfig REQUIRED)

function(afterburner_pkg TARGET MODULE PACKAGE)
    pkg_check_modules(${TARGET} QUIET IMPORTED_TARGET ${MODULE})
    if(NOT ${TARGET}_FOUND)
        message(FATAL_ERROR "${MODULE} not found: apt-get install ${PACKAGE}")
    endif()
endfunction()

function(afterburner_library TARGET LIBRARY HEADER PACKAGE)
    find_library(${TARGET}_LIBRARY ${LIBRARY})
    find_path(${TARGET}_INCLUDE ${HEADER})
    if(NOT ${TARGET}_LIBRARY OR NOT ${TARGET}_INCLUDE)
        message(FATAL_ERROR "${LIBRARY} not found: apt-get install ${PACKAGE}")
    endif()
    add_library(afterburner::${TARGET} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(afterburner::${TARGET} PROPERTIES
        IMPORTED_LOCATION ${${TARGET}_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${${TARGET}_INCLUDE})
endfunction()

afterburner_pkg(CAPSTONE capstone libcapstone-dev)
afterburner_pkg(XXHASH libxxhash libxxhash-dev)
afterburner_pkg(JANSSON jansson libjansson-dev)
afterburner_pkg(ZLIB zlib zlib1g-dev)
afterburner_library(zydis Zydis Zydis/Zydis.h libzydis-dev)
afterburner_library(bfd bfd bfd.h binutils-dev)
afterburner_library(opcodes opcodes dis-asm.h binutils-dev)

# libbfd and libopcodes do not say their version at run time: their file name has it.
file(REAL_PATH ${opcodes_LIBRARY} AFTERBURNER_OPCODES_FILE)
string(REGEX MATCH "[0-9]+\\.[0-9.]*[0-9]" AFTERBURNER_BINUTILS_VERSION ${AFTERBURNER_OPCODES_FILE})
