# One library per folder of src/: `limpid_library(forward DEPENDS kernels model)`.
#
# Every .cc in the folder (sub-folders too) is compiled; x_test.cc files become the test program
# limpid_<folder>_test. DEPENDS names other folders, LINKS names third-party targets. A folder can only
# link what it names, which is the link-time half of the layering (tools/check_layers.py is the other).

add_library(limpid_options INTERFACE)
target_compile_options(limpid_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Werror=switch -Werror=return-type
  # GCC 12 misreads inlined std::string and std::vector code at -O3.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>
  # The same expression must give the same bits everywhere: no contraction, no fast-math.
  -ffp-contract=off)
if(LIMPID_WERROR)
  target_compile_options(limpid_options INTERFACE -Werror)
endif()
if(LIMPID_SANITIZE)
  target_compile_options(limpid_options INTERFACE
    -fsanitize=${LIMPID_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(limpid_options INTERFACE -fsanitize=${LIMPID_SANITIZE})
endif()
target_include_directories(limpid_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)

function(limpid_library folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINKS;TEST_LINKS" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${folder})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")

  set(target limpid_${folder})
  if(NOT sources)
    return()
  endif()
  list(TRANSFORM ARG_DEPENDS PREPEND limpid_)
  add_library(${target} STATIC ${sources})
  target_link_libraries(${target} PUBLIC limpid_options ${ARG_DEPENDS} PRIVATE ${ARG_LINKS})

  if(LIMPID_TESTS AND tests)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} ${ARG_LINKS} ${ARG_TEST_LINKS} GTest::gtest_main)
    target_compile_definitions(${target}_test PRIVATE LIMPID_TESTDATA="${CMAKE_SOURCE_DIR}/testdata")
    gtest_discover_tests(${target}_test DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
  endif()
endfunction()

# Registry by folder: every FOLDER/<stem>.cc defines `const TYPE k_<stem>`; the generated file collects
# them, sorted by name, into `std::span<const TYPE* const> ACCESSOR()`. A file that lacks its symbol fails
# at link time, by name. (Static self-registration inside a static library is dropped by the linker.)
function(limpid_registry folder)
  cmake_parse_arguments(ARG "" "SUBFOLDER;TYPE;ACCESSOR;HEADER" "" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${folder}/${ARG_SUBFOLDER})
  file(GLOB entries CONFIGURE_DEPENDS ${dir}/*.cc)
  list(FILTER entries EXCLUDE REGEX "_test\\.cc$")
  list(SORT entries)
  set(declarations "")
  set(table "")
  foreach(entry ${entries})
    get_filename_component(stem ${entry} NAME_WE)
    string(APPEND declarations "extern const ${ARG_TYPE} k_${stem};\n")
    string(APPEND table "    &k_${stem},\n")
  endforeach()
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${ARG_ACCESSOR}_registry.cc)
  file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT
"// Generated from the files of src/${folder}/${ARG_SUBFOLDER}; do not edit.
#include \"${ARG_HEADER}\"

#include <array>

namespace limpid {
${declarations}
std::span<const ${ARG_TYPE}* const> ${ARG_ACCESSOR}() {
  static const auto table = std::to_array<const ${ARG_TYPE}*>({
${table}  });
  return table;
}
}  // namespace limpid
")
  if(TARGET limpid_${folder})
    target_sources(limpid_${folder} PRIVATE ${generated})
  endif()
endfunction()
