// SPDX-License-Identifier: GPL-3.0-or-later
//
// One workgroup of a product of packed signs with one row of 6-bit levels, in two halves: what does
// not depend on the input (beginProduct), then the rest. gemv_levels.comp says how it is counted.
// Needs gemv_target.glsl, the constants LANES_PER_ROW, ROWS, AHEAD, PITCH, GATED, EARLY, and of the
// shader's operands TARGET_AT(i), LEVELS_AT(i), META_AT(i), PROJECTION_TERMS, SIZES (rowQuads |
// rank << 16 | metaRank << 24) and COLS.
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require

const uint MOST_RANK = 64u;
const uint STREAMS = GATED ? 2u : 1u; // weights that a team reads
const uint OUTPUTS = uint(ROWS) / STREAMS;
const uint BLOCK = uint(AHEAD * LANES_PER_ROW); // pieces of a row that are on their way at once
#define ROW_QUADS (SIZES & 0xffffu)
#define RANK (SIZES >> 16 & 0xffu)
#define META_RANK (SIZES >> 24)
#define RANK_WORDS ((RANK + 3u) / 4u)

shared uvec4 levels[8 * PITCH];
shared float projections[STREAMS * MOST_RANK]; // times the scales of A

Target even, odd; // one and the same unless GATED
uint firstRow;    // of this team
uint lane;        // within it

// Pieces of ROWS weight rows on their way; each is asked to be filled again as soon as it is read.
uvec4 wanted[ROWS * AHEAD];
uint rankWords[ROWS];
uint sums[ROWS];
// Of the row that this lane finishes.
float rowScale;
int rowSigns;

// Row r of a lane's ROWS: of which weight, and which of its rows.
#define TARGET(r) (GATED && ((r) & 1) != 0 ? odd : even)
uint rowOf(int r) {
    return min(firstRow + uint(r) / STREAMS, uint(even.rows) - 1u);
}
// Lane r finishes row r.
int ownRow() {
    return int(lane) % ROWS;
}

// Past the end of the row no signs are set.
void request(int slot, uint piece) {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        wanted[r * AHEAD + slot] =
            piece < ROW_QUADS ? TARGET(r).weights.at[rowOf(r) * ROW_QUADS + piece] : uvec4(0u);
}

void requestRank(uint word) {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        rankWords[r] = word < RANK_WORDS
                           ? TARGET(r).extras.at[lowRankA(TARGET(r)) + rowOf(r) * RANK_WORDS + word]
                           : 0u;
}

void requestExtras() {
    requestRank(lane);
    const int mine = ownRow();
    Target target = even;
    if (GATED && (mine & 1) != 0)
        target = odd;
    rowScale = uintBitsToFloat(target.extras.at[rowOf(mine)]);
    rowSigns = int(target.extras.at[signSums(target) + rowOf(mine)]);
}

// Workgroup `group` of all targets, whose loads start here.
void beginProduct(uint group) {
    lane = gl_SubgroupInvocationID % uint(LANES_PER_ROW);
    const uint team = gl_SubgroupID * (gl_SubgroupSize / uint(LANES_PER_ROW)) +
                      gl_SubgroupInvocationID / uint(LANES_PER_ROW);
    const uint rowsPerGroup = gl_WorkGroupSize.x / uint(LANES_PER_ROW) * OUTPUTS;
    even = TARGET_AT(0);
    odd = TARGET_AT(1);
    if (!GATED) {
        const uint before = (uint(even.rows) + rowsPerGroup - 1u) / rowsPerGroup;
        const uint middle = (uint(odd.rows) + rowsPerGroup - 1u) / rowsPerGroup;
        if (group >= before + middle) {
            even = TARGET_AT(2);
            group -= before + middle;
        } else if (group >= before) {
            even = odd;
            group -= before;
        }
    }
    firstRow = group * rowsPerGroup + team * OUTPUTS;
    [[unroll]] for (int a = 0; a < AHEAD; ++a)
        request(a, lane + uint(a * LANES_PER_ROW));
    if (EARLY)
        requestExtras();
}

void multiply(int slot, uint piece) {
    [[unroll]] for (int i = 0; i < 4; ++i) {
        const uvec4 low = levels[uint(2 * i * PITCH) + piece];
        const uvec4 high = levels[uint((2 * i + 1) * PITCH) + piece];
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            sums[r] = wordSum(wanted[r * AHEAD + slot][i], low, high, sums[r]);
    }
}

void multiplyAll() {
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        sums[r] = 0u;
    for (uint done = 0u; done < ROW_QUADS; done += BLOCK)
        [[unroll]] for (int a = 0; a < AHEAD; ++a) {
            const uint first = done + uint(a * LANES_PER_ROW); // of all lanes of the row
            if (first < ROW_QUADS) {
                multiply(a, min(first + lane, uint(PITCH) - 1u));
                if (first + BLOCK < ROW_QUADS)
                    request(a, first + BLOCK + lane);
            }
        }
}

// A few at a time, so that their loads do not wait for each other.
void copyLevels() {
    const uint count = 8u * ROW_QUADS;
    const uint step = gl_WorkGroupSize.x;
    for (uint first = gl_LocalInvocationID.x; first < count; first += 4u * step) {
        uvec4 part[4];
        [[unroll]] for (uint k = 0u; k < 4u; ++k)
            part[k] = LEVELS_AT(min(first + k * step, count - 1u));
        [[unroll]] for (uint k = 0u; k < 4u; ++k) {
            const uint i = first + k * step;
            if (i < count)
                levels[i % 8u * uint(PITCH) + i / 8u] = part[k];
        }
    }
}

// t of the input (product.glsl, projection) times the scale of A of weight `stream`.
void shareProjections() {
    for (uint i = gl_LocalInvocationID.x; i < STREAMS * RANK; i += gl_WorkGroupSize.x) {
        const uint stream = i / RANK;
        const uint k = i % RANK;
        const int sum =
            int(META_AT(META_WORDS + k)) - int(META_AT(2u)) * int(PROJECTION_TERMS.at[META_RANK + k]);
        const float t =
            uintBitsToFloat(PROJECTION_TERMS.at[k]) * (uintBitsToFloat(META_AT(0u)) * float(sum));
        const float scale =
            stream == 0u ? uintBitsToFloat(even.extras.at[lowRankAScales(even, RANK_WORDS) + k])
                         : uintBitsToFloat(odd.extras.at[lowRankAScales(odd, RANK_WORDS) + k]);
        projections[stream * MOST_RANK + k] = scale * t;
    }
}

// The low-rank terms that this lane has asked for.
float lowRankPart(int r, uint word) {
    const uint stream = GATED ? uint(r & 1) : 0u;
    float sum = 0.0;
    [[unroll]] for (uint byte = 0u; byte < 4u; ++byte)
        if (4u * word + byte < RANK)
            sum += int8At(rankWords[r], byte) * projections[stream * MOST_RANK + 4u * word + byte];
    return sum;
}

void finishProduct() {
    copyLevels();
    shareProjections();
    const float s = uintBitsToFloat(META_AT(0u));
    const int z = int(META_AT(2u));
    const int sumQ = int(META_AT(3u));
    barrier();
    multiplyAll();
    if (!EARLY)
        requestExtras();
    float lowRank[ROWS];
    [[unroll]] for (int r = 0; r < ROWS; ++r)
        lowRank[r] = lowRankPart(r, lane);
    for (uint word = lane + uint(LANES_PER_ROW); word < RANK_WORDS; word += uint(LANES_PER_ROW)) {
        requestRank(word);
        [[unroll]] for (int r = 0; r < ROWS; ++r)
            lowRank[r] += lowRankPart(r, word);
    }
    const int mine = ownRow();
    uint set = 0u;
    float low = 0.0;
    [[unroll]] for (int r = 0; r < ROWS; ++r) {
        [[unroll]] for (uint other = uint(LANES_PER_ROW) / 2u; other > 0u; other /= 2u) {
            sums[r] += subgroupShuffleXor(sums[r], other);
            lowRank[r] += subgroupShuffleXor(lowRank[r], other);
        }
        set = mine == r ? sums[r] : set;
        low = mine == r ? lowRank[r] : low;
    }
    const int u = 2 * int(set >> 2) - sumQ - z * rowSigns;
    float value = rowScale * (s * float(u)) + low;
    Target target = even;
    if (GATED && (mine & 1) != 0)
        target = odd;
    const uint row = rowOf(mine);
    if ((target.flags & MEAN) != 0)
        value += uintBitsToFloat(target.extras.at[padded(uint(target.rows)) + row]) *
                 (s * float(sumQ - z * COLS));
    if (GATED) {
        const float up = subgroupShuffleXor(value, 1u);
        value = value / (1.0 + exp(-value)) * up;
    }
    const bool writes = lane < uint(ROWS) && (!GATED || (lane & 1u) == 0u) &&
                        firstRow + lane / STREAMS < uint(target.rows);
    if (writes)
        target.outputs.at[row] =
            (target.flags & ACCUMULATE) != 0 ? target.outputs.at[row] + value : value;
}
