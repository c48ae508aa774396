# What the server hands out and is part of the program: the web app, and the description of its interface with the
# schemas of docs/schema in it. `limpid_assets(server)` adds them to that library.
function(limpid_assets folder)
  find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
  set(dir ${CMAKE_BINARY_DIR}/assets)
  set(openapi ${dir}/openapi.json)
  set(source ${dir}/assets_data.cc)
  set(tools ${CMAKE_SOURCE_DIR}/tools)
  set(document ${CMAKE_SOURCE_DIR}/src/server/openapi.json)
  file(MAKE_DIRECTORY ${dir})
  file(GLOB schemas CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/schema/*.json)
  add_custom_command(
    OUTPUT ${openapi}
    COMMAND ${Python3_EXECUTABLE} ${tools}/bundle_openapi.py ${document} ${openapi}
    DEPENDS ${tools}/bundle_openapi.py ${document} ${schemas}
    VERBATIM)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${Python3_EXECUTABLE} ${tools}/embed_assets.py ${source} ${openapi} ${LIMPID_WEB_DIST}
    DEPENDS ${tools}/embed_assets.py ${openapi} ${LIMPID_WEB_STAMP} limpid_web_build
    VERBATIM)
  target_sources(limpid_${folder} PRIVATE ${source})
endfunction()
