# One static library per folder and the folders in it, duet_<folder>, linked to those on its left:
#   base -> config -> wire -> storage -> runtime -> { edge, actors, client } -> tools, bench
# A folder that is absent or has no sources is passed over. scripts/gates/includes.sh holds the
# same order for #include.
set(DUET_LIBRARIES "")

function(duet_library folder)
  file(GLOB sources CONFIGURE_DEPENDS
    "${CMAKE_SOURCE_DIR}/${folder}/*.c" "${CMAKE_SOURCE_DIR}/${folder}/*/*.c")
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

# The pages of web/ stand in the program itself, so that duetd stays one file.
option(DUET_DOC_UI "Show the operations at /doc/ with Swagger UI, which npm brings" ON)
if(TARGET duet_edge)
  if(DUET_DOC_UI)
    set(pages "${CMAKE_BINARY_DIR}/pages_with_ui.c")
    set(with_ui ON)
  else()
    set(pages "${CMAKE_BINARY_DIR}/pages_without_ui.c")
    set(with_ui OFF)
  endif()
  file(GLOB web CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/web/*.*" "${CMAKE_SOURCE_DIR}/web/doc/*.*")
  add_custom_command(OUTPUT "${pages}"
    COMMAND "${CMAKE_SOURCE_DIR}/scripts/embed-pages.sh" "${pages}" ${with_ui}
    DEPENDS ${web} "${CMAKE_SOURCE_DIR}/scripts/embed-pages.sh"
    COMMENT "Embedding the pages" VERBATIM)
  target_sources(duet_edge PRIVATE "${pages}")
endif()

# Which build a measurement was taken with: the commit is looked up at every build.
if(TARGET duet_bench)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  set(build_info "${CMAKE_BINARY_DIR}/build_info.c")
  add_custom_target(build_info BYPRODUCTS "${build_info}"
    COMMAND ${CMAKE_COMMAND} "-DSOURCE=${CMAKE_SOURCE_DIR}" "-DOUT=${build_info}"
      "-DTYPE=${CMAKE_BUILD_TYPE}" "-DCOMPILER=${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}"
      "-DFLAGS=${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}} $<JOIN:$<TARGET_PROPERTY:duet_flags,INTERFACE_COMPILE_OPTIONS>, > $<JOIN:$<TARGET_PROPERTY:duet_sanitize,INTERFACE_COMPILE_OPTIONS>, >"
      -P "${CMAKE_SOURCE_DIR}/cmake/build_info.cmake"
    VERBATIM)
  add_dependencies(duet_bench build_info)
  target_sources(duet_bench PRIVATE "${build_info}")
endif()

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
