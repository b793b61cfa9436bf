# Run at build time (cmake -P): writes the C file OUT that tells duet-bench what it was built from.
# It is written anew only when that changed.
execute_process(COMMAND git -C "${SOURCE}" describe --always --dirty --abbrev=12 --exclude *
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT commit)
  set(commit unknown)
endif()
string(REGEX REPLACE " -W[^ ]*" "" FLAGS "${FLAGS}") # warnings change nothing in the program
string(REGEX REPLACE " +" " " FLAGS "${FLAGS}")
string(STRIP "${FLAGS}" FLAGS)
set(text "#include \"bench/machine.h\"\n
const struct build_info build_info = {.commit = \"${commit}\",
                                      .type = \"${TYPE}\",
                                      .compiler = \"${COMPILER}\",
                                      .flags = \"${FLAGS}\"};\n")
set(before "")
if(EXISTS "${OUT}")
  file(READ "${OUT}" before)
endif()
if(NOT text STREQUAL before)
  file(WRITE "${OUT}" "${text}")
endif()
