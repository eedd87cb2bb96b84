// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/host_ops.h"

#include <algorithm>

namespace bwla {
namespace {

// Tokens one chunk covers: 64 of them times any number of heads are whole tiles of lanes.
constexpr int attendChunkRows = 64;
constexpr int placeChunkRows = 16;

/// Half-split rotary embedding of one head.
void rotateHead(const float* from, const float* cosine, const float* sine, std::int64_t headDim,
                float* to) {
    const std::int64_t half = headDim / 2;
    for (std::int64_t d = 0; d < half; ++d) {
        const float low = from[d];
        const float high = from[d + half];
        to[d] = low * cosine[d] - high * sine[d];
        to[d + half] = high * cosine[d] + low * sine[d];
    }
}

/// Rotates q of token `row`, and k into the cache beside v.
void placeRow(const HostMachine& machine, const AttendBuffers& attend, const HostRun& run,
              int row) {
    const AttendSpec& spec = attend.spec;
    const std::int64_t dim = spec.headDim;
    const float* cosine = attend.rotary->cosine.data() + row * (dim / 2);
    const float* sine = attend.rotary->sine.data() + row * (dim / 2);
    for (std::int64_t h = 0; h < spec.heads; ++h) {
        const std::int64_t at = (row * spec.heads + h) * dim;
        rotateHead(attend.q + at, cosine, sine, dim, attend.rotatedQ + at);
    }
    thread_local AlignedVector<float> key;
    key.resize(static_cast<std::size_t>(dim));
    const auto& store = machine.kernels.get<StoreKernel>(KernelVerb::store, machine.cacheType);
    for (std::int64_t h = 0; h < spec.kvHeads; ++h) {
        const std::int64_t at = (row * spec.kvHeads + h) * dim;
        rotateHead(attend.k + at, cosine, sine, dim, key.data());
        store.run(key.data(), dim, run.cache->keys(spec.layer, h, run.step.position + row));
        store.run(attend.v + at, dim, run.cache->values(spec.layer, h, run.step.position + row));
    }
}

} // namespace

void runAttend(HostMachine& machine, const AttendBuffers& attend, const HostRun& run) {
    const AttendSpec& spec = attend.spec;
    machine.pool.forEach((run.rows + placeChunkRows - 1) / placeChunkRows, [&](std::int64_t chunk) {
        const int begin = static_cast<int>(chunk) * placeChunkRows;
        for (int row = begin; row < std::min(run.rows, begin + placeChunkRows); ++row)
            placeRow(machine, attend, run, row);
    });
    const std::int64_t group = spec.heads / spec.kvHeads;
    const auto& kernel = machine.kernels.get<AttendKernel>(KernelVerb::attend, machine.cacheType);
    const std::int64_t rowChunks = (run.rows + attendChunkRows - 1) / attendChunkRows;
    machine.pool.forEach(spec.kvHeads * rowChunks, [&](std::int64_t chunk) {
        const std::int64_t head = chunk % spec.kvHeads;
        const int begin = static_cast<int>(chunk / spec.kvHeads) * attendChunkRows;
        AttendJob job;
        job.qStride = job.outStride = spec.heads * spec.headDim;
        job.q = attend.rotatedQ + head * group * spec.headDim;
        job.out = attend.out + head * group * spec.headDim;
        job.group = group;
        job.headDim = spec.headDim;
        job.keys = run.cache->keys(spec.layer, head);
        job.values = run.cache->values(spec.layer, head);
        job.position = run.step.position;
        job.rowBegin = begin;
        job.rowEnd = std::min(run.rows, begin + attendChunkRows);
        kernel.run(job);
    });
}

} // namespace bwla
