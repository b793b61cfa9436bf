# How everything is compiled. Targets opt in:
#   duet_flags     language, warnings, hardening
#   duet_sanitize  sanitizers of this build; kept apart, because an interposed library must not
#                  carry them into the process it is loaded into
include(CheckCCompilerFlag)
include(CheckPIESupported)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # -std=gnu17
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
check_pie_supported(LANGUAGES C)

# NDEBUG is set by duet_flags and taken back for tests, so that an assertion in a test always holds.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

add_library(duet_flags INTERFACE)
target_include_directories(duet_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(duet_flags INTERFACE _GNU_SOURCE $<$<CONFIG:Release>:NDEBUG>)
target_compile_options(duet_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Werror -fno-omit-frame-pointer)

# Code for any x86-64, in the order that suits those of the last ten years: structs are cleared and
# copied by wide stores, not by string instructions, which take long to begin.
check_c_compiler_flag(-mtune=skylake duet_has_mtune_skylake)
if(duet_has_mtune_skylake)
  target_compile_options(duet_flags INTERFACE -mtune=skylake)
endif()

foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  string(MAKE_C_IDENTIFIER "duet_has${flag}" known)
  set(CMAKE_REQUIRED_FLAGS -Werror)
  check_c_compiler_flag(${flag} ${known})
  unset(CMAKE_REQUIRED_FLAGS)
  if(${known} AND NOT DUET_SANITIZE)
    target_compile_options(duet_flags INTERFACE ${flag})
  endif()
endforeach()
if(NOT DUET_SANITIZE) # the sanitizers cannot look through fortified calls
  target_compile_options(duet_flags INTERFACE
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
endif()
target_link_options(duet_flags INTERFACE
  LINKER:--as-needed LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)

add_library(duet_sanitize INTERFACE)
# libFuzzer has no use for a build that looks for data races.
set(DUET_LIBFUZZER OFF)
if(CMAKE_C_COMPILER_ID MATCHES Clang AND NOT DUET_SANITIZE MATCHES thread)
  set(DUET_LIBFUZZER ON)
endif()
if(DUET_SANITIZE)
  target_compile_options(duet_sanitize INTERFACE
    -O1 -fsanitize=${DUET_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(duet_sanitize INTERFACE -fsanitize=${DUET_SANITIZE})
  if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    # gcc warns of uninitialised values that exist only in its own instrumentation, and of fences,
    # which its thread sanitizer does not model.
    target_compile_options(duet_sanitize INTERFACE
      -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-tsan)
  elseif(DUET_SANITIZE MATCHES address)
    # Lets the fuzzers see the coverage of the code they call, not only of their own file.
    target_compile_options(duet_sanitize INTERFACE -fsanitize=fuzzer-no-link)
  endif()
endif()
