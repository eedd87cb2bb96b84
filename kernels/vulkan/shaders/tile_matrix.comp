#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A batch of rows times weights on matrix units (VK_NV_cooperative_matrix, subgroups of 32). Eight
// subgroups, 2 by 4, make a tile of 32 * ROWS outputs by 128 input rows; a subgroup has ROWS x 2 matrices
// of 16 x 16 in registers, each a variable of its own: arrays of them, ROWS a specialization constant,
// went to memory (3.9 ms instead of 1.85 for F16 25600 x 5120 by 512). 128 bytes of each row at a time come to shared memory, the
// next ones on their way meanwhile.
//
// LEVELS: signs become bytes 0 or 1 (SCALED: 0, 1, 2, 4 where word_sum.glsl keeps them in place) in the
// order of the levels, unsigned products, exact 32-bit sums. F16: inputs are rounded to half precision
// (as llama.cpp's prompts are), sums are float32. At 25600 x 5120 by 512 that is 134 billion
// operations, 0.07 ms at the H200's 1,979 TOPS and 0.14 ms at its 990 TFLOPS; shared memory allows a
// third of that (3 KB a subgroup for 8 products of 16 x 16 x 32).
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_NV_cooperative_matrix : require
#ifdef LEVELS
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#extension GL_NV_integer_cooperative_matrix : require
#else
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#include "common.glsl"

const int TOKENS = 2;
layout(constant_id = 2) const bool SCALED = false;
layout(constant_id = 3) const bool HALVES = false; // of F16: what inputs are already (halves.comp)
const bool LAST_ROW = false;
#include "product.glsl"

#ifdef LEVELS
#define LEFT ucoopmatNV<8, gl_ScopeSubgroup, 16, 32>
#define RIGHT ucoopmatNV<8, gl_ScopeSubgroup, 32, 16>
#define SUMS ucoopmatNV<32, gl_ScopeSubgroup, 16, 16>
#else
#define LEFT fcoopmatNV<16, gl_ScopeSubgroup, 16, 16>
#define RIGHT fcoopmatNV<16, gl_ScopeSubgroup, 16, 16>
#define SUMS fcoopmatNV<32, gl_ScopeSubgroup, 16, 16>
#endif

const uint SUBGROUPS = 8u;
const uint ALL = 32u * SUBGROUPS;
const uint TILE_ROWS = 32u * uint(ROWS);
const uint TILE_TOKENS = 64u * uint(TOKENS);
const uint QUADS = 8u;         // of a row, a step
const uint PITCH = QUADS + 1u; // so that rows start in different banks
const uint DEPTH_QUADS = 2u; // of a product: 32 bytes, or 16 halves
const int TOKEN_SHARE = 2 * TOKENS; // quads that an invocation brings, and ROWS of the weights

shared uvec4 weights[TILE_ROWS * PITCH];
shared uvec4 inputs[TILE_TOKENS * PITCH];
shared SUM staged[SUBGROUPS * 256u];

uvec4 nextWeights[ROWS];
uvec4 nextInputs[TOKEN_SHARE];

#ifdef LEVELS
// Quad `part` of a row's 128 signs as bytes: words 4 * (part % 2) .. of columns 32 * (part / 2) ..
uvec4 spread(uvec4 signs, uint part) {
    const uint v = signs[part / 2u];
    if (SCALED)
        return part % 2u == 0u
                   ? uvec4(v, v, v, v >> 3) & uvec4(0x01010101u, 0x02020202u, 0x04040404u, 0x01010101u)
                   : uvec4(v >> 3, v >> 3, v >> 6, v >> 6) &
                         uvec4(0x02020202u, 0x04040404u, 0x01010101u, 0x02020202u);
    return (uvec4(v) >> (4u * (part % 2u) + uvec4(0u, 1u, 2u, 3u))) & 0x01010101u;
}
#else
uvec4 halves(vec4 low, vec4 high) {
    const vec4 a = clamp(low, -65504.0, 65504.0);
    const vec4 b = clamp(high, -65504.0, 65504.0);
    return uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
}
#endif

void request(uint step, uint firstRow, uint firstToken, uint lastToken) {
    [[unroll]] for (int i = 0; i < ROWS; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        const uint row = min(firstRow + at / QUADS, uint(p.rows) - 1u) * uint(p.rowQuads);
#ifdef LEVELS
        nextWeights[i] = spread(p.weights.at[row + step], at % QUADS);
#else
        const uint quad = step * QUADS + at % QUADS;
        nextWeights[i] = quad < uint(p.rowQuads) ? p.weights.at[row + quad] : uvec4(0u);
#endif
    }
    [[unroll]] for (int i = 0; i < TOKEN_SHARE; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        const uint row = min(firstToken + at / QUADS, lastToken) * uint(p.inputQuads);
        const uint quad = step * QUADS + at % QUADS;
#ifdef LEVELS
        nextInputs[i] = p.x.at[row + quad];
#else
        nextInputs[i] = HALVES ? p.x.at[row + quad]
                               : halves(uintBitsToFloat(p.x.at[row + 2u * quad]),
                                        uintBitsToFloat(p.x.at[row + 2u * quad + 1u]));
#endif
    }
}

void publish() {
    barrier(); // everybody has read the step before
    [[unroll]] for (int i = 0; i < ROWS; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        weights[at / QUADS * PITCH + at % QUADS] = nextWeights[i];
    }
    [[unroll]] for (int i = 0; i < TOKEN_SHARE; ++i) {
        const uint at = uint(i) * ALL + gl_LocalInvocationID.x;
        inputs[at / QUADS * PITCH + at % QUADS] = nextInputs[i];
    }
    barrier();
}

void finishMatrix(SUMS sums, uint row, uint token) {
    const uint own = gl_SubgroupID * 256u;
    coopMatStoreNV(sums, staged, own, 16u, true);
    subgroupMemoryBarrierShared();
    subgroupBarrier();
    for (uint i = gl_SubgroupInvocationID; i < 256u; i += 32u)
        finish(row + i % 16u, token + i / 16u, staged[own + i]);
    subgroupBarrier();
}

#define DECLARE(r)                                                                                 \
    SUMS sums##r##A = SUMS(SUM(0));                                                                \
    SUMS sums##r##B = SUMS(SUM(0));
#define MULTIPLY(r)                                                                                \
    {                                                                                              \
        LEFT left;                                                                                 \
        coopMatLoadNV(left, weights, (ownRow + 16u * r) * PITCH + depth, PITCH, false);            \
        sums##r##A = coopMatMulAddNV(left, rightA, sums##r##A);                                    \
        sums##r##B = coopMatMulAddNV(left, rightB, sums##r##B);                                    \
    }
#define FINISH(r)                                                                                  \
    finishMatrix(sums##r##A, firstRow + ownRow + 16u * r, firstToken + ownToken);                  \
    finishMatrix(sums##r##B, firstRow + ownRow + 16u * r, firstToken + ownToken + 16u);
#if ROWS == 1
#define EACH_ROW(what) what(0)
#elif ROWS == 2
#define EACH_ROW(what) what(0) what(1)
#else
#define EACH_ROW(what) what(0) what(1) what(2) what(3)
#endif

void main() {
    const uint firstRow = gl_WorkGroupID.x * TILE_ROWS;
    const uint firstToken = gl_WorkGroupID.y * TILE_TOKENS;
    const uint lastToken = uint(runRows(p.run)) - 1u;
    // Of this subgroup, within the tile.
    const uint ownRow = gl_SubgroupID / 4u * 16u * uint(ROWS);
    const uint ownToken = gl_SubgroupID % 4u * 16u * uint(TOKENS);
#ifdef LEVELS
    const uint steps = uint(p.rowQuads);
#else
    const uint steps = uint(p.inputQuads) / (HALVES ? QUADS : 2u * QUADS); // padded to 128 floats: whole steps
#endif
    EACH_ROW(DECLARE)
    request(0u, firstRow, firstToken, lastToken);
    for (uint step = 0u; step < steps; ++step) {
        publish();
        if (step + 1u < steps)
            request(step + 1u, firstRow, firstToken, lastToken);
        [[unroll]] for (uint depth = 0u; depth < QUADS; depth += DEPTH_QUADS) {
            RIGHT rightA;
            RIGHT rightB;
            coopMatLoadNV(rightA, inputs, ownToken * PITCH + depth, PITCH, true);
            coopMatLoadNV(rightB, inputs, (ownToken + 16u) * PITCH + depth, PITCH, true);
            EACH_ROW(MULTIPLY)
        }
    }
    EACH_ROW(FINISH)
}
