#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Random weights of a benchmark's model, made where they stay. An invocation fills 16 bytes at a
// time. KIND: 0 signs (and the sums of their rows), 1 half floats of variance 1 / cols, 2 bytes.
// Numbers from a permuted congruential hash (Jarzynski and Olano 2020).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(constant_id = 2) const int KIND = 0;

layout(push_constant, scalar) uniform Push {
    Quads to;
    Ints signSum; // [rows], zeros before; KIND 0
    uint rows;
    uint rowQuads;
    uint cols;
    uint seed;
}
p;

uint hash(uint value) {
    const uint state = value * 747796405u + 2891336453u;
    const uint word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

uint halves(uint bits) {
    const vec2 uniforms = vec2(uvec2(bits & 0xffffu, bits >> 16)) / 32767.5 - 1.0;
    return packHalf2x16(uniforms * sqrt(3.0 / float(p.cols)));
}

// Bits of word `word` of a row that stand for columns.
uint columnBits(uint word) {
    const int left = int(p.cols) - int(32u * word);
    return left >= 32 ? ~0u : left <= 0 ? 0u : (1u << left) - 1u;
}

void main() {
    const uint step = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
    for (uint row = gl_WorkGroupID.y; row < p.rows; row += gl_NumWorkGroups.y)
        for (uint quad = gl_GlobalInvocationID.x; quad < p.rowQuads; quad += step) {
            uvec4 value;
            int sum = 0;
            for (uint i = 0u; i < 4u; ++i) {
                const uint word = 4u * quad + i;
                value[i] = hash(word ^ hash(row ^ hash(p.seed)));
                if (KIND == 0) {
                    value[i] &= columnBits(word);
                    sum += 2 * bitCount(value[i]) - bitCount(columnBits(word));
                } else if (KIND == 1) {
                    value[i] = halves(value[i]);
                }
            }
            p.to.at[row * p.rowQuads + quad] = value;
            if (KIND == 0)
                atomicAdd(p.signSum.at[row], sum);
        }
}
