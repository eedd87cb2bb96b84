# SPDX-License-Identifier: GPL-3.0-or-later
#
# Shaders become arrays of words in the program. A variant is NAME:SOURCE:DEFINE,DEFINE,..; every one
# that adds up among invocations exists with and without subgroup arithmetic.
find_path(VULKAN_INCLUDE vulkan/vulkan.h REQUIRED)
find_program(GLSLC glslc REQUIRED)
find_program(SPIRV_VAL spirv-val REQUIRED)
target_include_directories(bwla_kernels SYSTEM PRIVATE ${VULKAN_INCLUDE})

set(shader_target vulkan1.2)
set(shader_source ${CMAKE_CURRENT_SOURCE_DIR}/vulkan/shaders)
set(shader_output ${CMAKE_CURRENT_BINARY_DIR}/shaders)
file(MAKE_DIRECTORY ${shader_output})

set(variants idle:idle: copy:copy: fill:fill: embed:embed: gate:gate: halves:halves: place:place: gemv_levels:gemv_levels:LEVELS,INTEGER_DOT
    steady_product:steady_product:LEVELS,INTEGER_DOT,SUBGROUPS attend_waiting:attend:SUBGROUPS,WAITING
    steady_product_trace:steady_product:LEVELS,INTEGER_DOT,SUBGROUPS,TRACE attend_waiting_trace:attend:SUBGROUPS,WAITING,TRACE rotate_matrix:rotate_matrix:SUBGROUPS
    tile_levels:tile_levels:LEVELS tile_levels_dot:tile_levels:LEVELS,INTEGER_DOT
    tile_f32:tile_floats:F32 tile_f16:tile_floats:F16 tile_int8:tile_floats:INT8 tile_signs:tile_floats:SIGNS)
foreach(rows 1 2 4)
  list(APPEND variants matrix_levels_dot_${rows}:tile_matrix:LEVELS,INTEGER_DOT,ROWS=${rows}
       matrix_f16_${rows}:tile_matrix:F16,ROWS=${rows})
endforeach()
foreach(variant prepare:prepare: rotate:rotate: split:split: quantize:quantize: attend:attend: attend_rows:attend_rows: top:top: linear_f32:linear:F32 linear_f16:linear:F16
                linear_int8:linear:INT8 linear_signs:linear:SIGNS linear_levels:linear:LEVELS
                linear_levels_dot:linear:LEVELS,INTEGER_DOT)
  string(REPLACE ":" ";" parts "${variant}:")
  list(GET parts 0 name)
  list(GET parts 1 source)
  list(GET parts 2 defines)
  list(APPEND variants ${variant} ${name}_subgroups:${source}:${defines},SUBGROUPS)
endforeach()

set(arrays "")
set(entries "")
foreach(variant IN LISTS variants)
  string(REPLACE ":" ";" parts "${variant}:")
  list(GET parts 0 name)
  list(GET parts 1 source)
  list(GET parts 2 defines)
  string(REPLACE "," ";" defines "${defines}")
  list(TRANSFORM defines PREPEND -D)
  list(FILTER defines EXCLUDE REGEX "^-D$")
  set(input ${shader_source}/${source}.comp)
  set(words ${shader_output}/${name}.inc)
  set(binary ${shader_output}/${name}.spv)
  add_custom_command(OUTPUT ${words}
    COMMAND ${GLSLC} --target-env=${shader_target} -O ${defines} -mfmt=num -MD -MF ${words}.d -MT ${words}
            -o ${words} ${input}
    COMMAND ${GLSLC} --target-env=${shader_target} -O ${defines} -o ${binary} ${input}
    COMMAND ${SPIRV_VAL} --target-env ${shader_target} ${binary}
    BYPRODUCTS ${binary} DEPENDS ${input} DEPFILE ${words}.d VERBATIM)
  target_sources(bwla_kernels PRIVATE ${words})
  string(APPEND arrays "constexpr std::uint32_t words_${name}[] = {\n#include \"${name}.inc\"\n};\n")
  string(APPEND entries "    {\"${name}\", words_${name}},\n")
endforeach()
file(CONFIGURE OUTPUT ${shader_output}/shader_table.inc @ONLY CONTENT
"namespace {\n${arrays}constexpr std::pair<std::string_view, std::span<const std::uint32_t>> shaderTable[] = {\n${entries}};\n} // namespace\n")
target_include_directories(bwla_kernels PRIVATE ${shader_output})
