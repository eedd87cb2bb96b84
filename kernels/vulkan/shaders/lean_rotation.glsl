// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of the rotation R1' X R2 of one row of activations, as rotation.glsl, in little code
// (steady_product.comp says why). An invocation has four columns (of R1' X every M2 / 4th, so that looks of
// one word lie side by side; of the rest neighbours), LEFT_PARTS and RIGHT_PARTS invocations share a
// column's sum, JOINERS of them add up what those have, and everything divides. Results are written in
// the order of lean_levels.glsl. Needs team.glsl, waiting.glsl, the constants
// M1, M2, TURN_ROWS, LEFT_PARTS, RIGHT_PARTS, JOINERS, NORM and AWAITS (x is of a dispatch before, without a
// barrier between), board[] of at least PARTIALS elements, and of the shader's operands p.x, p.gain, p.r1,
// p.r2, p.columnScale, p.values, p.notes, p.modes and p.epsilon.

const uint COLUMNS = uint(M1 * M2);
const uint FILLED_WORDS = (COLUMNS + 31u) / 32u * 8u; // of levels, that stand for any column
const uint TURNERS = uint((M1 + TURN_ROWS - 1) / TURN_ROWS); // workgroups
const uint TURNED = uint(TURN_ROWS * M2);                    // of a workgroup
const uint QUADS = uint(M2 / 4);
const uint LEFT_ITEMS = QUADS * uint(LEFT_PARTS);
const uint RIGHT_ITEMS = QUADS * uint(RIGHT_PARTS);
const int LEFT_SHARE = M1 / LEFT_PARTS;
const int RIGHT_SHARE = M2 / RIGHT_PARTS;

shared float left[M1 * TURN_ROWS]; // columns of R1
shared float turned[TURN_ROWS * M2];
shared float teamFloats[128];

// Element of the TURN_ROWS x M2 results, to all of its JOINERS.
float joined(uint quad, uint component, int parts) {
    float sum = 0.0;
    for (uint part = gl_LocalInvocationID.x % uint(JOINERS); part < uint(parts); part += uint(JOINERS))
        sum += uintBitsToFloat(board[part * (TURNED / 4u) + quad][component]);
    [[unroll]] for (uint other = uint(JOINERS) / 2u; other > 0u; other /= 2u)
        sum += subgroupShuffleXor(sum, other);
    return sum;
}

void keep(vec4 sums[TURN_ROWS]) {
    const uint self = gl_LocalInvocationID.x;
    [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
        board[(self / QUADS * uint(TURN_ROWS) + r) * QUADS + self % QUADS] = floatBitsToUint(sums[r]);
}

void clear(out vec4 sums[TURN_ROWS]) {
    [[unroll]] for (int r = 0; r < TURN_ROWS; ++r)
        sums[r] = vec4(0.0);
}

// What depends on nothing, asked for before anything is waited for: a miss is 0.8 us, and behind weights
// it would wait for those too.
const uint COLUMN_SHARE = (uint(M1 * TURN_ROWS) + gl_WorkGroupSize.x - 1u) / gl_WorkGroupSize.x;
vec4 gains[NORM ? LEFT_SHARE : 1];
vec4 right[RIGHT_SHARE];
float column[COLUMN_SHARE]; // of R1
float ownScale;

uint ownColumn(uint firstRow) {
    return firstRow * uint(M2) + gl_LocalInvocationID.x / uint(JOINERS);
}
bool hasColumn(uint firstRow) {
    return gl_LocalInvocationID.x / uint(JOINERS) < TURNED && ownColumn(firstRow) < COLUMNS;
}

// Where in x element c of line i is.
uint lineAt(uint i, uint c) {
    const uint row = gl_LocalInvocationID.x / QUADS + i * uint(LEFT_PARTS);
    return row * uint(M2) + c * QUADS + gl_LocalInvocationID.x % QUADS;
}

void requestTurn(uint firstRow) {
    const uint self = gl_LocalInvocationID.x;
    if (NORM && self < LEFT_ITEMS)
        [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
            [[unroll]] for (uint c = 0u; c < 4u; ++c)
                gains[i][c] = p.gain.at[lineAt(i, c)];
    [[unroll]] for (uint k = 0u; k < COLUMN_SHARE; ++k) {
        const uint i = min(self + k * gl_WorkGroupSize.x, uint(M1 * TURN_ROWS) - 1u);
        column[k] = p.r1.at[i / uint(TURN_ROWS) * uint(M1) +
                            min(firstRow + i % uint(TURN_ROWS), uint(M1) - 1u)];
    }
    if (self < RIGHT_ITEMS)
        [[unroll]] for (uint i = 0u; i < uint(RIGHT_SHARE); ++i)
            right[i] = p.r2.at[self + i * RIGHT_ITEMS];
    ownScale = 1.0;
    if ((p.modes & 256) != 0 && hasColumn(firstRow))
        ownScale = p.columnScale.at[ownColumn(firstRow)];
}

vec4 lines[LEFT_SHARE];
bool lacksLines() {
    uint all = 1u;
    [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i)
        [[unroll]] for (uint c = 0u; c < 4u; ++c) {
            const uint word = LOOK(p.x, lineAt(i, c));
            all &= word;
            lines[i][c] = uintBitsToFloat(word);
        }
    return AWAITS && !isThere(all);
}
// One of a subgroup looks until its first line is there, so that fewer look; then everybody reads all.
void awaitLines() {
    const uint self = gl_LocalInvocationID.x;
    if (AWAITS) {
        if (LANE == 0u && self < LEFT_ITEMS)
            while (!isThere(LOOK(p.x, lineAt(0u, 0u)))) {
            }
        subgroupBarrier();
    }
    if (self < LEFT_ITEMS)
        while (lacksLines()) {
        }
}

// The workgroup's rows from firstRow on; returns the value this invocation wrote, or 0.
float turn(uint firstRow) {
    const uint self = gl_LocalInvocationID.x;
    [[unroll]] for (uint k = 0u; k < COLUMN_SHARE; ++k)
        if (self + k * gl_WorkGroupSize.x < uint(M1 * TURN_ROWS))
            left[self + k * gl_WorkGroupSize.x] = column[k];
    awaitLines();
    barrier();
    float squares = 0.0;
    vec4 sums[TURN_ROWS];
    if (self < LEFT_ITEMS) {
        clear(sums);
        [[unroll]] for (uint i = 0u; i < uint(LEFT_SHARE); ++i) {
            const uint k = self / QUADS + i * uint(LEFT_PARTS);
            vec4 line = lines[i];
            if (NORM) {
                squares += dot(line, line);
                line *= gains[i];
            }
            [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
                sums[r] += left[k * uint(TURN_ROWS) + r] * line;
        }
        keep(sums);
    }
    if (NORM) {
        squares = teamAdd(squares);
        if (LANE == 0u)
            teamFloats[TEAM] = squares;
    }
    barrier();
    const uint own = self / uint(JOINERS);
    if (own < TURNED) {
        const uint j = own % uint(M2);
        const float sum = joined(own / uint(M2) * QUADS + j % QUADS, j / QUADS, LEFT_PARTS);
        if (self % uint(JOINERS) == 0u)
            turned[own] = sum;
    }
    float inverse = 1.0;
    if (NORM) {
        squares = 0.0;
        for (uint i = LANE; i < TEAMS; i += LANES)
            squares += teamFloats[i];
        inverse = 1.0 / sqrt(teamAdd(squares) / float(COLUMNS) + p.epsilon);
    }
    barrier();
    if (self < RIGHT_ITEMS) {
        clear(sums);
        [[unroll]] for (uint i = 0u; i < uint(RIGHT_SHARE); ++i) {
            const uint k = self / QUADS + i * uint(RIGHT_PARTS);
            [[unroll]] for (uint r = 0u; r < uint(TURN_ROWS); ++r)
                sums[r] += turned[r * uint(M2) + k] * right[i];
        }
        keep(sums);
    }
    barrier();
    const uint at = ownColumn(firstRow);
    float value = 0.0;
    if (hasColumn(firstRow)) {
        const uint word = flagged(joined(own / 4u, own % 4u, RIGHT_PARTS) * inverse * ownScale);
        value = uintBitsToFloat(word);
        if (self % uint(JOINERS) == 0u)
            LEAVE(p.values, at % 32u / 8u * FILLED_WORDS + at / 32u * 8u + at % 8u, word);
    }
    return value;
}

shared uvec2 teamExtremes[128];
uint leastBits, mostBits; // of the row: minus its least value and its greatest, or 0

// The greatest of the workgroup, to all of its first team.
uvec2 joinedExtremes(uvec2 extremes) {
    extremes = uvec2(teamMax(extremes.x), teamMax(extremes.y));
    if (LANE == 0u)
        teamExtremes[TEAM] = extremes;
    barrier();
    for (uint i = LANE; i < TEAMS; i += LANES)
        extremes = max(extremes, teamExtremes[i]);
    return uvec2(teamMax(extremes.x), teamMax(extremes.y));
}

void turnRows(uint group) {
    const float value = turn(group * uint(TURN_ROWS));
    // Bits of what is not negative compare as whole numbers do.
    const uvec2 extremes = joinedExtremes(
        uvec2(floatBitsToUint(max(-value, 0.0)), floatBitsToUint(max(value, 0.0))));
    if (gl_LocalInvocationID.x < 2u)
        LEAVE(p.notes, 2u * group + gl_LocalInvocationID.x,
              flaggedBits(extremes[gl_LocalInvocationID.x]));
}

// Of all turners; their values are there or about to be.
void awaitExtremes() {
    const uint self = gl_LocalInvocationID.x;
    uvec2 own = uvec2(0u);
    if (self < TURNERS)
        do
            own = uvec2(LOOK(p.notes, 2u * self), LOOK(p.notes, 2u * self + 1u));
        while (!isThere(own.x & own.y));
    barrier(); // a turner's own extremes are read
    own = joinedExtremes(own >> 1);
    leastBits = own.x;
    mostBits = own.y;
}
