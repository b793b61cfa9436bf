# One static library per folder, duet_<folder>, linked to the folders on its left:
#   base -> config -> wire -> storage -> runtime -> { edge, actors, client } -> tools, bench
# A folder that is absent or has no sources is passed over. scripts/gates/includes.sh holds the
# same order for #include.
set(DUET_LIBRARIES "")

function(duet_library folder)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.c")
  # the rest of tools/ is shared by the programs, the rest of bench/ by its tests
  if(folder MATCHES "^(tools|bench)$")
    list(FILTER sources EXCLUDE REGEX "/(duetd|duetctl|duet_bench)[^/]*\\.c$")
  endif()
  if(NOT sources)
    return()
  endif()
  add_library(duet_${folder} STATIC ${sources})
  set_target_properties(duet_${folder} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(duet_${folder} PRIVATE -fPIE) # -fPIC would stop inlining across functions
  target_link_libraries(duet_${folder} PUBLIC ${ARGN} duet_flags duet_sanitize duet_thirdparty)
  set(DUET_LIBRARIES duet_${folder} ${DUET_LIBRARIES} PARENT_SCOPE)
endfunction()

foreach(folder base config wire storage runtime)
  duet_library(${folder} ${DUET_LIBRARIES})
endforeach()
set(below_siblings ${DUET_LIBRARIES})
duet_library(edge ${below_siblings})
duet_library(actors ${below_siblings})
duet_library(client ${below_siblings})
duet_library(tools ${DUET_LIBRARIES})
duet_library(bench ${DUET_LIBRARIES})

# tools/duetd*.c -> duetd, tools/duetctl*.c -> duetctl, bench/duet_bench*.c -> duet-bench.
function(duet_program name pattern)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${pattern}")
  if(sources)
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE
      ${DUET_LIBRARIES} duet_flags duet_sanitize duet_thirdparty)
  endif()
endfunction()

duet_program(duetd "tools/duetd*.c")
duet_program(duetctl "tools/duetctl*.c")
duet_program(duet-bench "bench/duet_bench*.c")
