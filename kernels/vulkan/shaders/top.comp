#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The likeliest tokens: at least run.likeliest of them (at most SLICES / 2 are asked for), unordered,
// so that a vocabulary of logits need not travel for each token. Token ids fall into SLICES of 32 in
// turn. First every slice's greatest logit is found; the one of rank run.likeliest among them is a bound
// that at least so many logits reach. Then one workgroup collects whatever reaches it: in slices whose
// greatest does, which are few. More than MOST are counted only: the host then asks for all logits.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "team.glsl"

layout(constant_id = 2) const bool COLLECT = false;

layout(push_constant, scalar) uniform Push {
    Floats logits;
    Floats greatest; // of each slice
    Words found;     // how many, then pairs of id and logit
    Run run;
    int count; // of logits
}
p;

const uint SLICES = 256u;
const uint SEGMENT = 32u;
const uint MOST = 1024u;

shared float bounds[SLICES];
shared float bound;
shared uint collected;

// What is no number wins: the host refuses it.
float rankOf(float logit) {
    return isnan(logit) ? uintBitsToFloat(0x7f800000u) : logit;
}

// Id of the slice's element `index`; past the end of the vocabulary where there is none.
uint idAt(uint slice, uint index) {
    return (slice + index / SEGMENT * SLICES) * SEGMENT + index % SEGMENT;
}

uint sliceLength() {
    const uint segments = (uint(p.count) + SEGMENT - 1u) / SEGMENT;
    return (segments + SLICES - 1u) / SLICES * SEGMENT;
}

void findGreatest() {
    const uint slice = gl_WorkGroupID.x;
    float most = uintBitsToFloat(0xff800000u);
    for (uint i = gl_LocalInvocationID.x; i < sliceLength(); i += gl_WorkGroupSize.x) {
        const uint id = idAt(slice, i);
        if (id < uint(p.count))
            most = max(most, rankOf(p.logits.at[id]));
    }
    most = groupMax(most);
    if (gl_LocalInvocationID.x == 0u)
        p.greatest.at[slice] = most;
}

void collect() {
    const uint self = gl_LocalInvocationID.x;
    for (uint i = self; i < SLICES; i += gl_WorkGroupSize.x)
        bounds[i] = p.greatest.at[i];
    if (self == 0u)
        collected = 0u;
    barrier();
    for (uint i = self; i < SLICES; i += gl_WorkGroupSize.x) {
        uint rank = 0u;
        for (uint k = 0u; k < SLICES; ++k)
            rank += uint(bounds[k] > bounds[i] || (bounds[k] == bounds[i] && k < i));
        if (rank + 1u == uint(p.run.likeliest))
            bound = bounds[i];
    }
    barrier();
    for (uint slice = 0u; slice < SLICES; ++slice) {
        if (bounds[slice] < bound)
            continue;
        for (uint i = self; i < sliceLength(); i += gl_WorkGroupSize.x) {
            const uint id = idAt(slice, i);
            if (id >= uint(p.count) || rankOf(p.logits.at[id]) < bound)
                continue;
            const uint at = atomicAdd(collected, 1u);
            if (at < MOST) {
                p.found.at[1u + 2u * at] = id;
                p.found.at[2u + 2u * at] = floatBitsToUint(p.logits.at[id]);
            }
        }
    }
    barrier();
    if (self == 0u)
        p.found.at[0] = collected;
}

void main() {
    if (COLLECT)
        collect();
    else
        findGreatest();
}
