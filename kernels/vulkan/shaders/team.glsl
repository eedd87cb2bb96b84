// SPDX-License-Identifier: GPL-3.0-or-later
//
// A team is a group of LANES neighbouring invocations that add up together: a subgroup where the
// device has subgroup arithmetic, else 32 invocations and shared memory. All of a workgroup's
// invocations must call these functions together.
#ifdef SUBGROUPS
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#define LANES gl_SubgroupSize
#define LANE gl_SubgroupInvocationID
#define TEAM gl_SubgroupID
#define TEAMS gl_NumSubgroups

int teamAdd(int value) {
    return subgroupAdd(value);
}
uint teamAdd(uint value) {
    return subgroupAdd(value);
}
float teamAdd(float value) {
    return subgroupAdd(value);
}
float teamMin(float value) {
    return subgroupMin(value);
}
float teamMax(float value) {
    return subgroupMax(value);
}
uint teamMax(uint value) {
    return subgroupMax(value);
}
#else
#define LANES 32u
#define LANE (gl_LocalInvocationID.x % LANES)
#define TEAM (gl_LocalInvocationID.x / LANES)
#define TEAMS (gl_WorkGroupSize.x / LANES)

shared uint teamWords[gl_WorkGroupSize.x];

#define TEAM_REDUCE(name, type, toWord, fromWord, join)                                            \
    type name(type value) {                                                                        \
        const uint self = gl_LocalInvocationID.x;                                                  \
        teamWords[self] = toWord(value);                                                           \
        barrier();                                                                                 \
        for (uint step = LANES / 2u; step > 0u; step /= 2u) {                                      \
            if (LANE < step) {                                                                     \
                const type a = fromWord(teamWords[self]);                                          \
                const type b = fromWord(teamWords[self + step]);                                   \
                teamWords[self] = toWord(join);                                                    \
            }                                                                                      \
            barrier();                                                                             \
        }                                                                                          \
        const type result = fromWord(teamWords[self - LANE]);                                      \
        barrier();                                                                                 \
        return result;                                                                             \
    }
TEAM_REDUCE(teamAdd, int, uint, int, a + b)
TEAM_REDUCE(teamAdd, uint, uint, uint, a + b)
TEAM_REDUCE(teamAdd, float, floatBitsToUint, uintBitsToFloat, a + b)
TEAM_REDUCE(teamMin, float, floatBitsToUint, uintBitsToFloat, min(a, b))
TEAM_REDUCE(teamMax, float, floatBitsToUint, uintBitsToFloat, max(a, b))
#endif

// Subgroups have 4 invocations or more: Capabilities::subgroupArithmetic.
const uint MOST_TEAMS = gl_WorkGroupSize.x / 4u;

// The same over the workgroup.
shared uint groupWords[MOST_TEAMS];

#define GROUP_REDUCE(name, type, toWord, fromWord, team, join, nothing)                            \
    type name(type value) {                                                                        \
        const type own = team(value);                                                              \
        barrier();                                                                                 \
        if (LANE == 0u)                                                                            \
            groupWords[TEAM] = toWord(own);                                                        \
        barrier();                                                                                 \
        type a = LANE < TEAMS ? fromWord(groupWords[LANE]) : nothing;                              \
        for (uint i = LANE + LANES; i < TEAMS; i += LANES) {                                       \
            const type b = fromWord(groupWords[i]);                                                \
            a = join;                                                                              \
        }                                                                                          \
        return team(a);                                                                            \
    }
GROUP_REDUCE(groupAdd, int, uint, int, teamAdd, a + b, 0)
GROUP_REDUCE(groupAdd, float, floatBitsToUint, uintBitsToFloat, teamAdd, a + b, 0.0)
GROUP_REDUCE(groupMin, float, floatBitsToUint, uintBitsToFloat, teamMin, min(a, b),
             uintBitsToFloat(groupWords[0]))
GROUP_REDUCE(groupMax, float, floatBitsToUint, uintBitsToFloat, teamMax, max(a, b),
             uintBitsToFloat(groupWords[0]))
