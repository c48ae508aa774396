# The web app (web/), built by npm at the pinned versions of its lock file. It is the same in every build, so all build
# folders share one result, build/web/dist.
find_program(LIMPID_NPM npm)
if(NOT LIMPID_NPM)
  message(FATAL_ERROR "npm was not found: install Node 20.19 or newer (tools/setup.sh says how)")
endif()

set(LIMPID_WEB_SOURCE ${CMAKE_SOURCE_DIR}/web)
set(LIMPID_WEB_TARGET ${CMAKE_SOURCE_DIR}/build/web)
set(LIMPID_WEB_DIST ${LIMPID_WEB_TARGET}/dist)
set(LIMPID_WEB_PACKAGES ${LIMPID_WEB_TARGET}/packages.stamp)
set(LIMPID_WEB_STAMP ${LIMPID_WEB_TARGET}/dist.stamp)
file(GLOB_RECURSE LIMPID_WEB_FILES CONFIGURE_DEPENDS
  ${LIMPID_WEB_SOURCE}/src/* ${LIMPID_WEB_SOURCE}/public/* ${LIMPID_WEB_SOURCE}/*.config.*)
list(FILTER LIMPID_WEB_FILES EXCLUDE REGEX "/node_modules/")

# Scripts of packages are not run: what is built needs none of them.
add_custom_command(
  OUTPUT ${LIMPID_WEB_PACKAGES}
  COMMAND ${LIMPID_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E make_directory ${LIMPID_WEB_TARGET}
  COMMAND ${CMAKE_COMMAND} -E touch ${LIMPID_WEB_PACKAGES}
  DEPENDS ${LIMPID_WEB_SOURCE}/package.json ${LIMPID_WEB_SOURCE}/package-lock.json
  WORKING_DIRECTORY ${LIMPID_WEB_SOURCE}
  COMMENT "Fetching the packages of the web app, the first time"
  VERBATIM USES_TERMINAL)
add_custom_command(
  OUTPUT ${LIMPID_WEB_STAMP}
  COMMAND ${LIMPID_NPM} run --silent build -- --logLevel warn --emptyOutDir --outDir ${LIMPID_WEB_DIST}
  COMMAND ${CMAKE_COMMAND} -E touch ${LIMPID_WEB_STAMP}
  DEPENDS ${LIMPID_WEB_PACKAGES} ${LIMPID_WEB_FILES} ${LIMPID_WEB_SOURCE}/index.html
  WORKING_DIRECTORY ${LIMPID_WEB_SOURCE}
  COMMENT "Building the web app"
  VERBATIM USES_TERMINAL)
add_custom_target(limpid_web_build DEPENDS ${LIMPID_WEB_STAMP})
