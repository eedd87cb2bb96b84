// SPDX-License-Identifier: GPL-3.0-or-later
//
// Workgroups that wait for workgroups before them, of the same dispatch or of the one before. That
// needs them to start in order and to go on running once they have started, which Vulkan does not
// promise; encoders ask Capabilities::waitingGroups. Memory: what one leaves for another is coherent,
// written before a release and read after an acquire of a counter, both of device scope.
#extension GL_KHR_memory_scope_semantics : require

layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer LiveFloats {
    float at[];
};
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer LiveWords {
    uint at[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) volatile coherent buffer Extremes {
    uint progress[192];
    uvec2 at[160]; // of each turner, their last bit set
    uint partials[512]; // twice the slices of B q, plus 1
};
layout(buffer_reference, std430, buffer_reference_align = 4) volatile coherent buffer FreshFloats {
    float at[];
};
bool hasFlag(float value) {
    return (floatBitsToUint(value) & 1u) != 0u;
}
float withFlag(float value) {
    return uintBitsToFloat(floatBitsToUint(value) | 1u);
}
layout(buffer_reference, std430, buffer_reference_align = 16) volatile coherent buffer FreshFours {
    vec4 at[];
};
layout(buffer_reference, std430, buffer_reference_align = 16) coherent buffer LiveQuads {
    uvec4 at[];
};

// All zero when the dispatch starts; 128 bytes from one to the next.
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent buffer Progress {
    uint most;  // bits of the greatest value of the row, at least 0
    uint least; // bits of minus the least
    uint pad0[30];
    uint turned; // workgroups that are done
    uint pad1[31];
    uint projected;
    uint pad2[31];
    uint finished; // workgroups that nobody of this dispatch waits for
    uint pad3[31];
    // Extremes, partial sums
};

// The dispatch before, where there is no barrier between.
struct Awaited {
    Progress progress;
    uint groups; // that count as finished; 0 = there was a barrier
};

const int BUFFERS = gl_StorageSemanticsBuffer;

// Everything this workgroup has written is there for whoever learns of what follows.
void syncBuffers() {
    controlBarrier(gl_ScopeWorkgroup, gl_ScopeWorkgroup, BUFFERS | gl_StorageSemanticsShared,
                   gl_SemanticsAcquireRelease);
}

// Looks without acquiring, which orders memory and may empty caches. (On an H200 it makes no
// difference, nor does a pause between looks.)
#define LOOK(counter) atomicLoad(counter, gl_ScopeDevice, BUFFERS, gl_SemanticsRelaxed)
// While `waits`. llvmpipe leaves loops after 65,535 rounds, of all loops together.
#ifdef LONG_SPINS // for tests with several threads of llvmpipe
#define TWICE(x) x x
#define SPIN(waits)                                                                                \
    {                                                                                              \
        bool still = true;                                                                         \
        [[dont_unroll]] for (int spin = 0; spin < 60000 && still; ++spin) {                        \
            TWICE(TWICE(TWICE(TWICE(TWICE(TWICE(if (still) still = waits;))))))                    \
        }                                                                                          \
    }
#else // some 50 ms: a trial that is wrong ends
#define SPIN(waits)                                                                                \
    [[dont_unroll]] for (uint spin = 0u; spin < 100000u && (waits); ++spin) {                      \
    }
#endif
#define AWAIT(counter, count)                                                                      \
    if (gl_LocalInvocationID.x == 0u) {                                                            \
        SPIN((LOOK(counter) < count))                                                              \
        if (OFF(2048))                                                                             \
            memoryBarrier(gl_ScopeDevice, BUFFERS, gl_SemanticsAcquire);                           \
    }                                                                                              \
    syncBuffers();

#define COUNT(counter) atomicAdd(counter, 1u, gl_ScopeDevice, BUFFERS, gl_SemanticsRelease)

#define AWAIT_BEFORE(before)                                                                       \
    if (before.groups > 0u) {                                                                      \
        AWAIT(before.progress.finished, before.groups)                                             \
    }

#define COUNT_FINISHED(own)                                                                        \
    if (OFF(4096))                                                                                 \
        syncBuffers();                                                                             \
    PLACE(10)                                                                                      \
    if (OFF(4096) && gl_LocalInvocationID.x == 0u)                                                 \
        COUNT(own.finished);                                                                       \
    PLACE(11)
