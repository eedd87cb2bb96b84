#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rotation R1' X R2 of a batch of rows on matrix units (VK_NV_cooperative_matrix, subgroups of 32):
// as rotate.comp, values and their extremes for quantize.comp. A workgroup makes 32 rows of one token's
// M1 x M2 values, a subgroup 16 of their columns: first R1' X, which stays in shared memory, then its
// product with R2.
//
// All factors are sums of two halves (two_halves.glsl); of their product the three greater of the four
// parts are added up in float32, so that results are as good as float32's: 2^-20 against the 2^-24 of
// one product, and levels of 6 bits are 2^-6 apart. 160 x 160 by 128 rows is 6.3 billion such
// operations; as float32 multiply-adds it took 172 us on an H200, this takes 93 (30 to 40 were
// predicted), and qwen3-32b's prompts went from 1,587 to 1,752 tokens/s (docs/performance.md, version 6).
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_NV_cooperative_matrix : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#include "common.glsl"
#include "team.glsl"
#include "two_halves.glsl"

layout(constant_id = 2) const int M1 = 32; // a multiple of 32
layout(constant_id = 3) const int M2 = 16; // a multiple of 16: 2 M2 invocations

layout(buffer_reference, std430, buffer_reference_align = 16) buffer Fours {
    vec4 at[];
};

layout(push_constant, scalar) uniform Push {
    Quads high; // of X
    Quads low;
    Quads r1; // halves, then what is left of them
    Quads r2;
    Fours columnScale;
    Fours values;    // rows of stride floats
    Floats extremes; // per row and workgroup: least, greatest
    Floats factors;  // of rows
    Run run;
    int stride;
    int scaled; // 1: there is a columnScale
}
p;

const uint BAND = 32u;               // rows of a workgroup
const uint R1_QUADS = uint(M1) / 8u; // of a row, 8 halves each
const uint QUADS = uint(M2) / 8u;
const uint PITCH = QUADS + 1u; // so that rows start in different banks

shared uvec4 highTurned[BAND * PITCH];
shared uvec4 lowTurned[BAND * PITCH];
shared float staged[uint(M2) * 16u];

#define LEFT fcoopmatNV<16, gl_ScopeSubgroup, 16, 16>
#define RIGHT fcoopmatNV<16, gl_ScopeSubgroup, 16, 16>
#define SUMS fcoopmatNV<32, gl_ScopeSubgroup, 16, 16>

// sums + (high + low of left) (high + low of right)
SUMS multiply(LEFT leftHigh, LEFT leftLow, RIGHT rightHigh, RIGHT rightLow, SUMS sums) {
    sums = coopMatMulAddNV(leftHigh, rightHigh, sums);
    sums = coopMatMulAddNV(leftHigh, rightLow, sums);
    return coopMatMulAddNV(leftLow, rightHigh, sums);
}

// Row `lane / 2` of the matrix, columns 8 (lane % 2) to + 7.
void ownEight(SUMS sums, out vec4 first, out vec4 second) {
    const uint base = gl_SubgroupID * 256u;
    const uint own = base + 8u * gl_SubgroupInvocationID;
    subgroupBarrier(); // everybody has read what was there
    coopMatStoreNV(sums, staged, base, 16u, false);
    subgroupMemoryBarrierShared();
    subgroupBarrier();
    [[unroll]] for (int i = 0; i < 4; ++i) {
        first[i] = staged[own + uint(i)];
        second[i] = staged[own + 4u + uint(i)];
    }
}

void keepTurned(SUMS sums, uint row) {
    vec4 first, second;
    ownEight(sums, first, second);
    const uint at = (row + gl_SubgroupInvocationID / 2u) * PITCH + gl_SubgroupID * 2u +
                    gl_SubgroupInvocationID % 2u;
    uvec4 high, low;
    splitEight(first, second, high, low);
    highTurned[at] = high;
    lowTurned[at] = low;
}

float least = 0.0;
float most = 0.0;

void writeValues(SUMS sums, uint token, uint row) {
    vec4 both[2];
    ownEight(sums, both[0], both[1]);
    const uint column = (row + gl_SubgroupInvocationID / 2u) * uint(M2) + 16u * gl_SubgroupID +
                        8u * (gl_SubgroupInvocationID % 2u);
    const float factor = p.factors.at[token];
    [[unroll]] for (uint i = 0u; i < 2u; ++i) {
        vec4 four = both[i] * factor;
        if (p.scaled != 0)
            four *= p.columnScale.at[column / 4u + i];
        p.values.at[(token * uint(p.stride) + column) / 4u + i] = four;
        [[unroll]] for (int c = 0; c < 4; ++c) { // NaN is neither
            least = four[c] < least ? four[c] : least;
            most = four[c] > most ? four[c] : most;
        }
    }
}

void main() {
    const uint token = gl_WorkGroupID.y;
    if (token >= uint(runRows(p.run)))
        return;
    const uint firstRow = gl_WorkGroupID.x * BAND;
    const uint own = gl_SubgroupID * 2u; // quads before this subgroup's columns
    const uint x = token * uint(M1) * QUADS + own;
    SUMS upper = SUMS(0.0);
    SUMS lower = SUMS(0.0);
    for (uint k = 0u; k < uint(M1); k += 16u) {
        RIGHT high, low;
        coopMatLoadNV(high, p.high.at, x + k * QUADS, QUADS, false);
        coopMatLoadNV(low, p.low.at, x + k * QUADS, QUADS, false);
        const uint at = k * R1_QUADS + firstRow / 8u;
        LEFT leftHigh, leftLow;
        coopMatLoadNV(leftHigh, p.r1.at, at, R1_QUADS, true);
        coopMatLoadNV(leftLow, p.r1.at, at + uint(M1) * R1_QUADS, R1_QUADS, true);
        upper = multiply(leftHigh, leftLow, high, low, upper);
        coopMatLoadNV(leftHigh, p.r1.at, at + 2u, R1_QUADS, true);
        coopMatLoadNV(leftLow, p.r1.at, at + 2u + uint(M1) * R1_QUADS, R1_QUADS, true);
        lower = multiply(leftHigh, leftLow, high, low, lower);
    }
    keepTurned(upper, 0u);
    keepTurned(lower, 16u);
    barrier();
    upper = SUMS(0.0);
    lower = SUMS(0.0);
    for (uint k = 0u; k < uint(M2); k += 16u) {
        RIGHT high, low;
        coopMatLoadNV(high, p.r2.at, k * QUADS + own, QUADS, false);
        coopMatLoadNV(low, p.r2.at, (uint(M2) + k) * QUADS + own, QUADS, false);
        LEFT leftHigh, leftLow;
        coopMatLoadNV(leftHigh, highTurned, k / 8u, PITCH, false);
        coopMatLoadNV(leftLow, lowTurned, k / 8u, PITCH, false);
        upper = multiply(leftHigh, leftLow, high, low, upper);
        coopMatLoadNV(leftHigh, highTurned, 16u * PITCH + k / 8u, PITCH, false);
        coopMatLoadNV(leftLow, lowTurned, 16u * PITCH + k / 8u, PITCH, false);
        lower = multiply(leftHigh, leftLow, high, low, lower);
    }
    writeValues(upper, token, firstRow);
    writeValues(lower, token, firstRow + 16u);
    const float all = groupMin(least);
    const float top = groupMax(most);
    if (gl_LocalInvocationID.x == 0u) {
        const uint at = 2u * (token * gl_NumWorkGroups.x + gl_WorkGroupID.x);
        p.extremes.at[at] = all;
        p.extremes.at[at + 1u] = top;
    }
}
