# Tests are found by where they stand:
#   tests/unit/<module>/<name>_test.c   -> unit_<module>_<name>      label unit
#   tests/unit/<module>/<folder>/…      -> unit_<module>_<folder>_…  label unit
#   tests/unit/support/*.c              -> linked to every test
#   tests/integration/<name>.c          -> tests/integration/<name>  label integration
#   tests/integration/support_*.c       -> linked to every integration test
#   tests/integration/<name>/*.c        -> linked to <name>_test
#   tests/integration/<name>.args       -> arguments under ctest
#   tests/simulation/*.c                -> simulation                label simulation
#   tests/simulation/ctest.args         -> its arguments under ctest
#   tests/guard/*.c                     -> guard                     label guard; see guard.sh
#   tests/fuzz/<name>_fuzz.c            -> fuzz_<name>               label fuzz
#   tests/fuzz/corpus/<name>/           -> its corpus, copied into the build directory
#   tests/docs/, tests/browser/         -> docs_lint, docs_browser   label docs
#   tests/contract/                     -> docs_contract             label docs
#   tests/powercut/*.c                  -> libduetpowercut.so, for LD_PRELOAD
#   tests/powercut/<name>_tool.c        -> <name>_tool
# Every test runs with DUET_BIN set to the build directory.
if(NOT CMOCKA_FOUND)
  message(STATUS "cmocka not found: no tests in this build")
  return()
endif()

set(DUET_TEST_ENV
  "DUET_BIN=${CMAKE_BINARY_DIR}"
  "DUET_SOURCE=${CMAKE_SOURCE_DIR}"
  "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:verify_asan_link_order=0"
  "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
  "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp:halt_on_error=1:second_deadlock_stack=1:history_size=4")
set(DUET_TIMEOUT 300)
set(DUET_TIMEOUT_INTEGRATION 600)
if(DUET_TEST_WRAPPER) # valgrind: some twenty times slower
  set(DUET_TIMEOUT 1800)
  set(DUET_TIMEOUT_INTEGRATION 1800)
endif()

function(duet_glob result pattern)
  file(GLOB found CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${pattern}")
  set(${result} ${found} PARENT_SCOPE)
endfunction()

function(duet_read_args result file)
  set(${result} "" PARENT_SCOPE)
  duet_glob(present "${file}") # a glob, so that an added or removed file is noticed
  if(present)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${present}")
    file(READ "${present}" text)
    separate_arguments(words UNIX_COMMAND "${text}")
    set(${result} ${words} PARENT_SCOPE)
  endif()
endfunction()

function(duet_support name)
  if(ARGN)
    add_library(${name} STATIC ${ARGN})
    target_compile_options(${name} PRIVATE -UNDEBUG)
    target_link_libraries(${name} PUBLIC ${DUET_LIBRARIES} duet_flags duet_sanitize
      duet_thirdparty PkgConfig::CMOCKA)
  else()
    add_library(${name} INTERFACE)
  endif()
endfunction()

duet_glob(support "unit/support/*.c")
duet_support(duet_test_support ${support})
duet_glob(support "integration/support_*.c")
duet_support(duet_integration_support ${support})

function(duet_test_executable name)
  add_executable(${name} ${ARGN})
  target_compile_options(${name} PRIVATE -UNDEBUG)
  target_link_libraries(${name} PRIVATE duet_test_support ${DUET_LIBRARIES}
    duet_flags duet_sanitize duet_thirdparty PkgConfig::CMOCKA)
endfunction()

# duet_add_test(<target> <timeout> <label;…> [argument…])
function(duet_add_test name timeout labels)
  add_test(NAME ${name} COMMAND ${DUET_TEST_WRAPPER} $<TARGET_FILE:${name}> ${ARGN})
  set_tests_properties(${name} PROPERTIES
    LABELS "${labels}" TIMEOUT ${timeout} ENVIRONMENT "${DUET_TEST_ENV}"
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}")
endfunction()

duet_glob(sources "unit/*/*_test.c")
duet_glob(deeper "unit/*/*/*_test.c")
foreach(source ${sources} ${deeper})
  file(RELATIVE_PATH name "${CMAKE_SOURCE_DIR}/tests" "${source}")
  string(REGEX REPLACE "_test\\.c$" "" name "${name}")
  string(REPLACE "/" "_" name "${name}")
  duet_test_executable(${name} "${source}")
  duet_add_test(${name} ${DUET_TIMEOUT} unit)
endforeach()

# The interposed library carries neither sanitizers nor any other library of ours.
duet_glob(sources "powercut/*.c")
set(tools ${sources})
list(FILTER tools INCLUDE REGEX "_tool\\.c$")
list(FILTER sources EXCLUDE REGEX "_tool\\.c$")
if(sources)
  add_library(duetpowercut SHARED ${sources})
  target_link_libraries(duetpowercut PRIVATE duet_flags ${CMAKE_DL_LIBS})
endif()
foreach(source ${tools})
  get_filename_component(base "${source}" NAME_WE)
  duet_test_executable(${base} "${source}")
endforeach()

duet_glob(sources "integration/*.c")
list(FILTER sources EXCLUDE REGEX "/support_[^/]*$")
if(NOT CURL_FOUND)
  message(STATUS "libcurl not found: no declared_ops_test in this build")
  list(FILTER sources EXCLUDE REGEX "/declared_ops_test\\.c$")
endif()
foreach(source ${sources})
  get_filename_component(base "${source}" NAME_WE)
  set(name integration_${base})
  string(REGEX REPLACE "_test$" "" folder "${base}")
  duet_glob(parts "integration/${folder}/*.c")
  duet_test_executable(${name} "${source}" ${parts})
  target_link_libraries(${name} PRIVATE duet_integration_support)
  if(parts) # a client in good order needs an HTTP library
    target_link_libraries(${name} PRIVATE PkgConfig::CURL)
  endif()
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/integration" OUTPUT_NAME ${base})
  foreach(program duetd duetctl duet-bench duetpowercut)
    if(TARGET ${program})
      add_dependencies(${name} ${program})
    endif()
  endforeach()
  set(labels integration)
  if(base STREQUAL chat_test) # the one daemon run of builds too slow for all of them
    list(APPEND labels daemon-smoke)
  endif()
  if(base MATCHES "^hostile_http_") # worth valgrind's time
    list(APPEND labels hostile)
  endif()
  duet_read_args(arguments "integration/${base}.args")
  duet_add_test(${name} ${DUET_TIMEOUT_INTEGRATION} "${labels}" ${arguments})
endforeach()

duet_glob(sources "simulation/*.c")
if(sources)
  duet_test_executable(simulation ${sources})
  duet_read_args(arguments "simulation/ctest.args")
  if(DUET_SANITIZE) # many times slower: the seeds are for plain builds, the paths for these
    list(APPEND DUET_TEST_ENV DUET_SIM_SEEDS=150)
  endif()
  duet_add_test(simulation ${DUET_TIMEOUT} simulation ${arguments})
endif()

# The guard counts instructions of release code as gcc makes it; elsewhere its scenarios are tests
# that nobody needs twice. Return code 77: the committed figures are not for this machine.
duet_glob(sources "guard/*.c")
find_path(CALLGRIND_INCLUDE_DIR valgrind/callgrind.h)
if(sources AND CALLGRIND_INCLUDE_DIR AND CMAKE_BUILD_TYPE STREQUAL Release
    AND CMAKE_C_COMPILER_ID STREQUAL GNU AND NOT DUET_SANITIZE AND NOT DUET_TEST_WRAPPER)
  foreach(part machine world writers store recovery net trace)
    list(APPEND sources "${CMAKE_SOURCE_DIR}/tests/simulation/${part}.c")
  endforeach()
  duet_test_executable(guard ${sources})
  add_test(NAME guard COMMAND "${CMAKE_SOURCE_DIR}/tests/guard/guard.sh" check
    "$<TARGET_FILE:guard>")
  set_tests_properties(guard PROPERTIES LABELS guard TIMEOUT ${DUET_TIMEOUT} SKIP_RETURN_CODE 77)
endif()

duet_glob(sources "fuzz/*_fuzz.c")
foreach(source ${sources})
  string(REGEX REPLACE "^.*/([^/]+)_fuzz\\.c$" "\\1" base "${source}")
  set(corpus "${CMAKE_BINARY_DIR}/corpus/${base}")
  set(original "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${base}")
  # A fuzzer adds what it finds to its corpus: give it a copy, not the source tree.
  add_custom_target(corpus_${base}
    COMMAND ${CMAKE_COMMAND} -E make_directory "${corpus}"
    COMMAND sh -c "test ! -d '${original}' || cp -R '${original}/.' '${corpus}/'" VERBATIM)
  if(DUET_LIBFUZZER)
    duet_test_executable(fuzz_${base} "${source}")
    target_compile_options(fuzz_${base} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${base} PRIVATE -fsanitize=fuzzer)
    duet_add_test(fuzz_${base} ${DUET_TIMEOUT} fuzz -runs=20000 -max_total_time=20 -timeout=10
      "-artifact_prefix=${CMAKE_BINARY_DIR}/fuzz_${base}." "${corpus}")
  else()
    duet_test_executable(fuzz_${base} "${source}"
      "${CMAKE_SOURCE_DIR}/tests/fuzz/standalone_main.c")
    duet_add_test(fuzz_${base} ${DUET_TIMEOUT} fuzz "${corpus}")
  endif()
  add_dependencies(fuzz_${base} corpus_${base})
endforeach()

# The reference in docs/ is printed by the program: it must be what the program prints.
if(TARGET duetctl)
  add_test(NAME docs_operations COMMAND sh -c
    "'${CMAKE_BINARY_DIR}/duetctl' describe --format md | diff -u '${CMAKE_SOURCE_DIR}/docs/operations.md' - || { echo 'run: make docs'; exit 1; }")
  set_tests_properties(docs_operations PROPERTIES LABELS unit TIMEOUT ${DUET_TIMEOUT})
endif()

# What the server says of itself is judged by programs of others, once: it is the same in every
# build.
if(TARGET duetd AND CMAKE_BUILD_TYPE STREQUAL Release AND CMAKE_C_COMPILER_ID STREQUAL GNU)
  add_test(NAME docs_lint COMMAND "${CMAKE_SOURCE_DIR}/tests/docs/lint.sh" "${CMAKE_BINARY_DIR}")
  set_tests_properties(docs_lint PROPERTIES LABELS docs TIMEOUT ${DUET_TIMEOUT})
  add_test(NAME docs_contract COMMAND "${CMAKE_SOURCE_DIR}/tests/contract/run.sh"
    "${CMAKE_BINARY_DIR}" 5)
  set_tests_properties(docs_contract PROPERTIES LABELS docs TIMEOUT ${DUET_TIMEOUT}
    SKIP_RETURN_CODE 77)
  find_program(DUET_CHROMIUM NAMES chromium google-chrome chrome)
  if(DUET_CHROMIUM AND DUET_DOC_UI)
    add_test(NAME docs_browser COMMAND "${CMAKE_SOURCE_DIR}/tests/browser/doc.sh"
      "${CMAKE_BINARY_DIR}" "${DUET_CHROMIUM}")
    set_tests_properties(docs_browser PROPERTIES LABELS docs TIMEOUT ${DUET_TIMEOUT})
  else()
    message(STATUS "no Chromium, or no Swagger UI: /doc/ is not opened in a browser")
  endif()
endif()
