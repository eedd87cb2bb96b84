// SPDX-License-Identifier: GPL-3.0-or-later
//
// Workgroups that wait for what workgroups before them make, in the same dispatch or in one before.
// That needs them to start in order and to go on running once they have started, which Vulkan does not
// promise; encoders ask Capabilities::waitingGroups.
//
// Nobody counts who has finished: a word's last bit says that the word is there, and who needs it looks
// until it is set. (Counters cost a release, a look, an acquire and a load; without them a layer of
// qwen3-32b takes about 5 us less on an H200.) So no word says anything of another, and relaxed atomic
// loads and stores of device scope are enough: nothing is to be ordered. They take one word at a time, so
// neighbouring invocations look at neighbouring words.
//
// A word is written once in a run, in a place that nobody else has (VulkanPlan::takePlace), and every run
// sets all places to 0 before its first dispatch. So it makes no difference whether a run is the first,
// comes after a prompt, repeats a position or follows one that was lost. Zeros are there as well: 0.0
// becomes 2^-149. All other floats keep their value but for the last bit.
#extension GL_KHR_memory_scope_semantics : require

// (Without `coherent` glslc 11.13 takes Words for the same type and writes what spirv-val refuses.)
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Flagged {
    uint at[];
};

#define LOOK(from, i) atomicLoad(from.at[i], gl_ScopeDevice, 0, gl_SemanticsRelaxed)
#define LEAVE(into, i, word) atomicStore(into.at[i], word, gl_ScopeDevice, 0, gl_SemanticsRelaxed)

bool isThere(uint word) {
    return (word & 1u) != 0u;
}
uint flagged(float value) {
    return floatBitsToUint(value) | 1u;
}
// 31 bits that all count.
uint flaggedBits(uint bits) {
    return bits << 1 | 1u;
}
