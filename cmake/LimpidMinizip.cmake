# minizip, which brings no CMake files of its own: target limpid_minizip.
find_package(ZLIB REQUIRED)
find_library(LIMPID_MINIZIP minizip REQUIRED)
find_path(LIMPID_MINIZIP_INCLUDE minizip/unzip.h REQUIRED)
add_library(limpid_minizip INTERFACE)
target_link_libraries(limpid_minizip INTERFACE ${LIMPID_MINIZIP} ZLIB::ZLIB)
target_include_directories(limpid_minizip SYSTEM INTERFACE ${LIMPID_MINIZIP_INCLUDE})
