#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of floats as halves for tile_matrix.comp, each rounded once instead of by every tile that reads
// it. Beyond the range of halves its ends are taken.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(push_constant, scalar) uniform Push {
    Quads floats;
    Quads halves;
    Run run;
    int quads; // of a row of halves
}
p;

uvec2 halvesOf(uvec4 floats) {
    const vec4 four = clamp(uintBitsToFloat(floats), -65504.0, 65504.0);
    return uvec2(packHalf2x16(four.xy), packHalf2x16(four.zw));
}

void main() {
    const uint quad = gl_GlobalInvocationID.x;
    const uint row = gl_WorkGroupID.y;
    if (quad >= uint(p.quads) || row >= uint(runRows(p.run)))
        return;
    const uint at = row * uint(p.quads) + quad;
    p.halves.at[at] = uvec4(halvesOf(p.floats.at[2u * at]), halvesOf(p.floats.at[2u * at + 1u]));
}
