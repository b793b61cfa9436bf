# Third-party libraries, all of them Debian packages with a pkg-config file. Imported targets bring
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
duet_find(MICROHTTPD libmicrohttpd)
duet_find(UTF8PROC libutf8proc)
duet_find(XXHASH libxxhash)
duet_find(BSD libbsd)
duet_find(READLINE readline) # duetctl chat: a line that is edited while messages come in
pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)

find_path(UTHASH_INCLUDE_DIR uthash.h REQUIRED)
target_include_directories(duet_thirdparty SYSTEM INTERFACE "${UTHASH_INCLUDE_DIR}")
