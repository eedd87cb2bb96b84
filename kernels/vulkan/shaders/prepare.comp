#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One row of a group's input by one workgroup: norm, rotation R1' X R2, column scale, activation
// quantizer, low-rank projection (host_linear.h, HostInput).
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const bool SCALED = false;
#include "levels.glsl"
// Rows of up to this many columns stay in shared memory between the steps; 0 = scratch in memory.
layout(constant_id = 3) const int SHARED_COLUMNS = 0;

const int NORM = 1;
const int COLUMN_SCALE = 2;
const int KEEP_FLOATS = 4; // a consumer reads x'' as floats although it is quantized
const int LAST_ROW = 8;    // the last row of the run, to row 0

layout(push_constant, scalar) uniform Push {
    Floats x;
    Floats gain;
    Floats r1;
    Floats r2;
    Floats columnScale;
    Words lowRankB;  // rank rows of stride bytes in sign order
    Words lowRankBs; // [rank] scales as floats, then [rank] sums of B over the columns
    Floats values;   // x'', rows of stride floats; scratch before
    Floats scratch;  // rows of stride floats
    Words encoded;   // rows of stride bytes
    Words meta;      // rows of META_WORDS + rank
    Run run;
    int cols;
    int modes;   // bits | flags << 8
    int factors; // factor1 | factor2 << 16
    int rank;
    float epsilon;
    float clipLow;
    float clipHigh;
}
p;

const bool IN_SHARED = SHARED_COLUMNS > 0;
shared uint sharedValues[IN_SHARED ? SHARED_COLUMNS : 1];
shared uint sharedScratch[IN_SHARED ? SHARED_COLUMNS : 1];

#define SELF gl_LocalInvocationID.x
#define ALL gl_WorkGroupSize.x
#define BITS (p.modes & 0xff)
#define COLS uint(p.cols)
#define STRIDE ((COLS + 127u) / 128u * 128u)
uint rowBase; // of this row in values and scratch

bool has(int flag) {
    return (p.modes >> 8 & flag) != 0;
}

void sync() {
    memoryBarrierShared();
    memoryBarrierBuffer();
    barrier();
}

float value(uint i) {
    return IN_SHARED ? uintBitsToFloat(sharedValues[i]) : p.values.at[rowBase + i];
}
void setValue(uint i, float v) {
    if (IN_SHARED)
        sharedValues[i] = floatBitsToUint(v);
    else
        p.values.at[rowBase + i] = v;
}
float scratch(uint i) {
    return IN_SHARED ? uintBitsToFloat(sharedScratch[i]) : p.scratch.at[rowBase + i];
}
void setScratch(uint i, float v) {
    if (IN_SHARED)
        sharedScratch[i] = floatBitsToUint(v);
    else
        p.scratch.at[rowBase + i] = v;
}

void normalize(uint source) {
    float squares = 0.0;
    for (uint i = SELF; i < COLS; i += ALL) {
        const float x = p.x.at[source + i];
        setValue(i, x);
        squares += x * x;
    }
    if (!has(NORM))
        return;
    const float inverse = 1.0 / sqrt(groupAdd(squares) / float(COLS) + p.epsilon);
    for (uint i = SELF; i < COLS; i += ALL)
        setValue(i, value(i) * inverse * p.gain.at[i]);
}

// Sums of a few terms at a time, so that their loads do not wait for each other.
const uint AT_ONCE = 16u;

// Element (row, column) of R1' X.
float rotatedLeft(uint row, uint column, uint m1, uint m2) {
    float sum = 0.0;
    uint k = 0u;
    for (; k + AT_ONCE <= m1; k += AT_ONCE) {
        float factor[AT_ONCE];
        [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
            factor[i] = p.r1.at[(k + i) * m1 + row];
        [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
            sum += factor[i] * value((k + i) * m2 + column);
    }
    for (; k < m1; ++k)
        sum += p.r1.at[k * m1 + row] * value(k * m2 + column);
    return sum;
}

// Element `column` of the row of scratch that starts at `first`, times R2.
float rotatedRight(uint first, uint column, uint m2) {
    float sum = 0.0;
    uint k = 0u;
    for (; k + AT_ONCE <= m2; k += AT_ONCE) {
        float factor[AT_ONCE];
        [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
            factor[i] = p.r2.at[(k + i) * m2 + column];
        [[unroll]] for (uint i = 0u; i < AT_ONCE; ++i)
            sum += scratch(first + k + i) * factor[i];
    }
    for (; k < m2; ++k)
        sum += scratch(first + k) * p.r2.at[k * m2 + column];
    return sum;
}

void rotate(uint m1, uint m2) {
    sync();
    for (uint i = SELF; i < COLS; i += ALL)
        setScratch(i, rotatedLeft(i / m2, i % m2, m1, m2));
    sync();
    for (uint i = SELF; i < COLS; i += ALL)
        setValue(i, rotatedRight(i / m2 * m2, i % m2, m2));
}

void scaleColumns() {
    if (has(COLUMN_SCALE))
        for (uint i = SELF; i < COLS; i += ALL)
            setValue(i, value(i) * p.columnScale.at[i]);
}

float levels() {
    return float((1 << BITS) - 1);
}

vec2 rowGrid() {
    float least = 0.0;
    float most = 0.0;
    for (uint i = SELF; i < COLS; i += ALL)
        widen(value(i), least, most);
    precise const float low = p.clipLow * groupMin(least);
    precise const float high = p.clipHigh * groupMax(most);
    return gridOf(low, high, levels());
}

int quantize(uint row, vec2 grid) {
    int sum = 0;
    for (uint word = SELF; word < STRIDE / 4u; word += ALL) {
        uint packed = 0u;
        for (uint byte = 0u; byte < 4u; ++byte) {
            const uint column = columnOf(word, byte);
            const uint q = column < COLS ? levelOf(value(column), grid, levels()) : 0u;
            sum += int(q);
            packed |= q << (8u * byte + shiftOf(word));
        }
        p.encoded.at[row * (STRIDE / 4u) + word] = packed;
        if (IN_SHARED)
            sharedScratch[word] = packed;
    }
    return groupAdd(sum);
}

uint encodedWord(uint row, uint word) {
    return IN_SHARED ? sharedScratch[word] : p.encoded.at[row * (STRIDE / 4u) + word];
}

int projectedLevels(uint row, uint k) {
    int sum = 0;
    for (uint word = LANE; word < STRIDE / 4u; word += LANES)
        sum += dotSigned(p.lowRankB.at[k * (STRIDE / 4u) + word], encodedWord(row, word)) >>
               shiftOf(word);
    return sum;
}

float projectedValues(uint k) {
    float sum = 0.0;
    for (uint word = LANE; word < STRIDE / 4u; word += LANES) {
        const uint b = p.lowRankB.at[k * (STRIDE / 4u) + word];
        for (uint byte = 0u; byte < 4u; ++byte) {
            const uint column = columnOf(word, byte);
            if (column < COLS)
                sum += int8At(b, byte) * value(column);
        }
    }
    return sum;
}

void project(uint row, uint meta) {
    sync();
    const uint rank = uint(p.rank);
    for (uint first = 0u; first < rank; first += TEAMS) { // teams stay together: they add up
        const uint k = min(first + TEAM, rank - 1u);
        uint t;
        if (BITS < 16)
            t = uint(teamAdd(projectedLevels(row, k)));
        else
            t = floatBitsToUint(uintBitsToFloat(p.lowRankBs.at[k]) * teamAdd(projectedValues(k)));
        if (LANE == 0u && first + TEAM < rank)
            p.meta.at[meta + META_WORDS + k] = t;
    }
}

void keepFloats() {
    for (uint i = SELF; i < STRIDE; i += ALL)
        p.values.at[rowBase + i] = i < COLS ? value(i) : 0.0;
}

void keepDequantized(uint row, vec2 grid) {
    sync(); // the projection has read the values
    for (uint word = SELF; word < STRIDE / 4u; word += ALL)
        for (uint byte = 0u; byte < 4u; ++byte) {
            const uint column = columnOf(word, byte);
            const uint q = bitfieldExtract(encodedWord(row, word) >> shiftOf(word), int(8u * byte), 8 - int(shiftOf(word)));
            p.values.at[rowBase + column] = column < COLS ? grid.x * float(int(q) - int(grid.y)) : 0.0;
        }
}

void main() {
    const uint row = gl_WorkGroupID.y;
    const uint rows = uint(runRows(p.run));
    if (row >= rows)
        return;
    rowBase = row * STRIDE;
    const uint meta = row * (META_WORDS + uint(p.rank));
    normalize((has(LAST_ROW) ? rows - 1u : row) * COLS);
    if (p.factors != 0)
        rotate(uint(p.factors) & 0xffffu, uint(p.factors) >> 16);
    scaleColumns();
    vec2 quantizer = vec2(0.0);
    if (BITS < 16) {
        quantizer = rowGrid();
        sync();
        const int sumQ = quantize(row, quantizer);
        if (SELF == 0u) {
            p.meta.at[meta] = floatBitsToUint(quantizer.x);
            p.meta.at[meta + 2u] = uint(int(quantizer.y));
            p.meta.at[meta + 3u] = uint(sumQ);
        }
        if (p.rank > 0)
            project(row, meta);
        if (has(KEEP_FLOATS))
            keepDequantized(row, quantizer);
        return;
    }
    float sum = 0.0;
    for (uint i = SELF; i < COLS; i += ALL)
        sum += value(i);
    sum = groupAdd(sum);
    if (SELF == 0u)
        p.meta.at[meta + 1u] = floatBitsToUint(sum);
    if (p.rank > 0)
        project(row, meta);
    keepFloats();
}
