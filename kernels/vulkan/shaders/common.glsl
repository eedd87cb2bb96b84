// SPDX-License-Identifier: GPL-3.0-or-later
//
// Memory is reached through addresses in push constants: no descriptor sets, and none of their range
// limits. Only 32-bit words are loaded and stored, so 8- and 16-bit storage are never needed.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_spirv_intrinsics : require

layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;
// A plan for one row knows its number of rows when it is recorded.
layout(constant_id = 1) const bool SINGLE_ROW = false;

layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Floats {
    float at[];
};
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Ints {
    int at[];
};
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Words {
    uint at[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Quads {
    uvec4 at[];
};

struct CacheLayer {
    Words keys;   // [kvHeads][capacity][headDim]
    Words values; // likewise
};
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer CacheLayers {
    CacheLayer at[];
};
// What changes from run to run (vulkan_plan.h, RunHeader).
layout(buffer_reference, scalar, buffer_reference_align = 16) buffer Run {
    int rows;
    int position;
    int capacity;
    int likeliest; // tokens that are asked for, top.comp
    CacheLayers layers;
};

int runRows(Run run) {
    return SINGLE_ROW ? 1 : run.rows;
}

// Per row of a prepared input: s, sum of x'', z, sum of q (vulkan_weights.h, preparedMetaWords), then
// its low-rank projection: where x'' is quantized s, z, sum of q and the sums of B q as integers,
// else the sum of x'' and t.
const uint META_WORDS = 4u;

float halfAt(Words words, uint element) {
    const vec2 both = unpackHalf2x16(words.at[element >> 1]);
    return (element & 1u) == 0u ? both.x : both.y;
}

float int8At(uint word, uint byte) {
    return float(bitfieldExtract(int(word), int(8u * byte), 8));
}
