# Third-party libraries, all of them Debian packages, most with a pkg-config file. Imported targets bring
# their include directories as SYSTEM. uthash has headers only. Linking is --as-needed, so a
# program carries what it uses; who may include what is the include gate's business.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(duet_find target)
  foreach(name ${ARGN})
    pkg_check_modules(${target} QUIET IMPORTED_TARGET ${name})
    if(${target}_FOUND)
      target_link_libraries(duet_thirdparty INTERFACE PkgConfig::${target})
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "no pkg-config module of these: ${ARGN}; run scripts/install-deps.sh")
endfunction()

add_library(duet_thirdparty INTERFACE)
target_link_libraries(duet_thirdparty INTERFACE Threads::Threads m)
duet_find(UV libuv)
duet_find(LMDB lmdb)
duet_find(MSGPACK msgpack-c msgpackc msgpack)
duet_find(SODIUM libsodium)
duet_find(JANSSON jansson)
duet_find(UTF8PROC libutf8proc)
duet_find(XXHASH libxxhash)
duet_find(BSD libbsd)
duet_find(READLINE readline) # duetctl chat: a line that is edited while messages come in
pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
pkg_check_modules(CURL QUIET IMPORTED_TARGET libcurl) # only in tests

find_path(UTHASH_INCLUDE_DIR uthash.h REQUIRED)
target_include_directories(duet_thirdparty SYSTEM INTERFACE "${UTHASH_INCLUDE_DIR}")

# llhttp comes as C source, already generated. It is compiled as it is, without our warnings, and in
# the mode that takes no liberties.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include PATH_SUFFIXES llhttp)
find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp /usr/local/share/llhttp NO_DEFAULT_PATH)
if(NOT LLHTTP_INCLUDE_DIR OR NOT LLHTTP_SOURCE_DIR)
  message(FATAL_ERROR
    "llhttp's sources are missing (Debian package node-llhttp); run scripts/install-deps.sh")
endif()
add_library(llhttp STATIC
  "${LLHTTP_SOURCE_DIR}/api.c" "${LLHTTP_SOURCE_DIR}/http.c" "${LLHTTP_SOURCE_DIR}/llhttp.c")
target_include_directories(llhttp SYSTEM PUBLIC "${LLHTTP_INCLUDE_DIR}")
target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(llhttp PRIVATE -w)
target_link_libraries(llhttp PRIVATE duet_sanitize)
target_link_libraries(duet_thirdparty INTERFACE llhttp)
