# The shared library of include/limpid/ and its package: find_package(limpid), target limpid::limpid. It is the
# libraries of src/ in one; only what the public headers declare is visible (limpid.map).
file(WRITE ${CMAKE_BINARY_DIR}/shared.cc "// The library is made of others.\n")
add_library(limpid_shared SHARED ${CMAKE_BINARY_DIR}/shared.cc)
target_link_libraries(limpid_shared PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,limpid_api> limpid_options)
target_link_options(limpid_shared PRIVATE LINKER:--version-script=${CMAKE_SOURCE_DIR}/cmake/limpid.map
  LINKER:--disable-new-dtags LINKER:-z,defs)
set_target_properties(limpid_shared PROPERTIES
  OUTPUT_NAME limpid EXPORT_NAME limpid VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/limpid.map
  INSTALL_RPATH "$ORIGIN/limpid" BUILD_WITH_INSTALL_RPATH ON)
target_include_directories(limpid_shared INTERFACE $<INSTALL_INTERFACE:include>)
target_compile_features(limpid_shared INTERFACE cxx_std_20)
target_link_libraries(limpid_shared INTERFACE tl::expected)

include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/limpid)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/limpid-config.cmake.in
  ${CMAKE_BINARY_DIR}/limpid-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/limpid-config-version.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS limpid_shared EXPORT limpid RUNTIME_DEPENDENCY_SET limpid_libraries
  LIBRARY DESTINATION lib COMPONENT library NAMELINK_COMPONENT library)
install(EXPORT limpid NAMESPACE limpid:: FILE limpid-targets.cmake DESTINATION ${package} COMPONENT library)
install(FILES ${CMAKE_BINARY_DIR}/limpid-config.cmake ${CMAKE_BINARY_DIR}/limpid-config-version.cmake
  DESTINATION ${package} COMPONENT library)
install(DIRECTORY include/limpid DESTINATION include COMPONENT library)
install(DIRECTORY examples DESTINATION ${documents} COMPONENT library)
