# Installation and the relocatable tarball. Component `program` is what `make install` copies: the program and
# its documents; `library` what C++ programs need that use limpid: headers, the shared library, and what
# find_package(limpid) reads. The tarball adds `bundle`: the shared libraries it needs beyond the C library, found
# through an RPATH relative to the program, and the licences of everything in it.

# The same in the build folder, because CMake would reserve room for it there with empty entries, and an empty
# entry means the current folder.
set_target_properties(limpid PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/limpid" BUILD_WITH_INSTALL_RPATH ON)
# RPATH, not RUNPATH: only that is also searched for the libraries of the bundled libraries.
target_link_options(limpid PRIVATE LINKER:--disable-new-dtags)

set(documents share/doc/limpid)
install(TARGETS limpid RUNTIME_DEPENDENCY_SET limpid_libraries RUNTIME DESTINATION bin COMPONENT program)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${documents} COMPONENT program)
install(DIRECTORY docs DESTINATION ${documents} COMPONENT program)

add_custom_target(product DEPENDS limpid)  # all that is installed
# Sanitizers must be in the program first, so a library of them would be of no use.
if(NOT LIMPID_SANITIZE)
  include(LimpidSharedLibrary)
  add_dependencies(product limpid_shared)
endif()

install(RUNTIME_DEPENDENCY_SET limpid_libraries
  # The C library and its loader belong together and to the system.
  PRE_EXCLUDE_REGEXES "^ld-linux" "^lib(c|m|dl|rt|pthread|resolv)\\.so"
  LIBRARY DESTINATION lib/limpid COMPONENT bundle)
install(CODE "
  execute_process(COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/third_party_notices.py
      \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/limpid
      \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${documents}/third-party
    COMMAND_ERROR_IS_FATAL ANY)
" COMPONENT bundle)

string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_NAME limpid)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_FILE_NAME limpid-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_MONOLITHIC_INSTALL ON)
include(CPack)

# Sanitizers bring libraries of their own, so only a plain build is packaged.
if(LIMPID_TESTS AND NOT LIMPID_SANITIZE)
  add_test(NAME package COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/package_test.py ${CMAKE_BINARY_DIR})
  set_tests_properties(package PROPERTIES TIMEOUT 300)
endif()
