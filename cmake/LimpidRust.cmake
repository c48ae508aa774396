# The static Rust library src/tokenizer/rust (target limpid_rust), built by cargo at the pinned versions of its
# Cargo.lock. It has no debug or sanitized variant, so every build folder shares one target folder and it is
# compiled once.
find_program(LIMPID_CARGO cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
if(NOT LIMPID_CARGO)
  message(FATAL_ERROR "cargo was not found: install Rust 1.85 or newer (Debian: cargo-web, or https://rustup.rs)")
endif()

set(LIMPID_RUST_SOURCE ${CMAKE_SOURCE_DIR}/src/tokenizer/rust)
set(LIMPID_RUST_TARGET ${CMAKE_SOURCE_DIR}/build/rust)
set(LIMPID_RUST_LIBRARY ${LIMPID_RUST_TARGET}/release/liblimpid_rust.a)
file(GLOB LIMPID_RUST_FILES CONFIGURE_DEPENDS ${LIMPID_RUST_SOURCE}/src/*.rs)

# Cargo leaves a library alone that needs no change; the touch tells the build tool that it was looked at.
add_custom_command(
  OUTPUT ${LIMPID_RUST_LIBRARY}
  COMMAND ${LIMPID_CARGO} build --release --locked --quiet --manifest-path ${LIMPID_RUST_SOURCE}/Cargo.toml
          --target-dir ${LIMPID_RUST_TARGET}
  COMMAND ${CMAKE_COMMAND} -E touch ${LIMPID_RUST_LIBRARY}
  DEPENDS ${LIMPID_RUST_FILES} ${LIMPID_RUST_SOURCE}/Cargo.toml ${LIMPID_RUST_SOURCE}/Cargo.lock
  COMMENT "Building the Rust library (tokenizers), about two minutes the first time"
  VERBATIM USES_TERMINAL)
add_custom_target(limpid_rust_build DEPENDS ${LIMPID_RUST_LIBRARY})

find_package(Threads REQUIRED)
add_library(limpid_rust STATIC IMPORTED GLOBAL)
add_dependencies(limpid_rust limpid_rust_build)
set_target_properties(limpid_rust PROPERTIES IMPORTED_LOCATION ${LIMPID_RUST_LIBRARY})
target_include_directories(limpid_rust INTERFACE ${LIMPID_RUST_SOURCE}/include)
target_link_libraries(limpid_rust INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
