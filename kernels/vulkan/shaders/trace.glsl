// SPDX-License-Identifier: GPL-3.0-or-later
//
// Trial: both clocks of a workgroup at places of its work, by its first invocation; kept in shared
// memory until the end, so that nothing waits for a store.
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Traces {
    uvec4 at[];
};
#ifdef TRACE
#extension GL_ARB_shader_clock : require
#extension GL_EXT_shader_realtime_clock : require
const uint PLACES = 12u;
shared uvec4 places[PLACES];
#define PLACE(i)                                                                                   \
    if (gl_LocalInvocationID.x == 0u)                                                              \
        places[i] = uvec4(clock2x32ARB(), clockRealtime2x32EXT());
#define PLACE_START                                                                                \
    PLACE(0)                                                                                       \
    if (gl_LocalInvocationID.x > 0u && gl_LocalInvocationID.x < PLACES)                            \
        places[gl_LocalInvocationID.x] = uvec4(0u);                                                \
    barrier();
#define LEAVE_PLACES(traces)                                                                       \
    barrier();                                                                                     \
    if (gl_LocalInvocationID.x < PLACES)                                                           \
        traces.at[gl_WorkGroupID.x * PLACES + gl_LocalInvocationID.x] =                            \
            places[gl_LocalInvocationID.x];
#else
#define PLACE(i)
#define PLACE_START
#define LEAVE_PLACES(traces)
#endif
