# SPDX-License-Identifier: GPL-3.0-or-later
# Run by cpack once everything is in its staging folder: what Debian wants of files that `cmake --install` leaves as they are.
if(NOT CPACK_GENERATOR STREQUAL DEB)
    return()
endif()
find_program(SHLIBDEPS dpkg-shlibdeps)
if(NOT SHLIBDEPS)
    # CPack would make a package without its libraries.
    message(FATAL_ERROR "dpkg-shlibdeps is missing, which finds the package's libraries: apt-get install dpkg-dev")
endif()
set(STAGED ${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX})
if(NOT EXISTS ${STAGED}/bin/afterburner)
    message(FATAL_ERROR "${STAGED} is not what was staged")
endif()

# Without a time of their own: the same text, the same bytes.
file(GLOB PAGES ${STAGED}/share/man/man?/*.[0-9])
execute_process(COMMAND gzip -9 -n -- ${PAGES} ${STAGED}/share/doc/afterburner/changelog COMMAND_ERROR_IS_FATAL ANY)

# A package does not move: with its prefix spelt out, pkg-config knows /usr/include for what the compiler has anyway.
set(FILE ${STAGED}/share/pkgconfig/afterburner.pc)
file(READ ${FILE} TEXT)
string(REGEX REPLACE "prefix=[^\n]*pcfiledir[^\n]*" "prefix=${CPACK_PACKAGING_INSTALL_PREFIX}" TEXT "${TEXT}")
file(WRITE ${FILE} "${TEXT}")

# What lintian is told, where it looks for it.
configure_file(${CMAKE_CURRENT_LIST_DIR}/lintian-overrides ${STAGED}/share/lintian/overrides/afterburner COPYONLY)

# Who built it may have had a umask of their own.
execute_process(COMMAND chmod -R u=rwX,go=rX ${CPACK_TEMPORARY_INSTALL_DIRECTORY} COMMAND_ERROR_IS_FATAL ANY)
