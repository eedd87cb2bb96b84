// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/host_ops.h"

#include <algorithm>
#include <numeric>

namespace bwla {
namespace {

/// x'' of one row into target.x: norm, rotation, column scale.
void transformRow(const KernelTable& kernels, PreparedRows& target, const float* source,
                  float* out) {
    thread_local AlignedVector<float> scratch;
    const HostInputs& input = *target.input;
    const std::int64_t cols = input.cols();
    scratch.resize(std::max(scratch.size(), static_cast<std::size_t>(2 * input.stride())));
    const bool rotates = input.rotation().factor1 != 0;
    float* normed = rotates ? scratch.data() : out;
    if (!target.gain.empty())
        kernels.get<NormalizeKernel>(KernelVerb::normalize)
            .run(source, target.gain.data(), target.epsilon, cols, normed);
    else
        std::copy_n(source, cols, normed);
    if (rotates)
        kernels.get<RotateKernel>(KernelVerb::rotate)
            .run(input.rotation(), normed, scratch.data() + input.stride(), out);
    const auto columnScale = input.columnScale();
    for (std::size_t j = 0; j < columnScale.size(); ++j)
        out[j] *= columnScale[j];
}

void projectFloat(const KernelTable& kernels, PreparedRows& target, const float* x, float* t) {
    const HostInputs& input = *target.input;
    kernels.get<ProjectFloatKernel>(KernelVerb::projectFloat)
        .run(input.lowRankB(), input.rank(), input.stride(), x, t);
    for (std::int64_t k = 0; k < input.rank(); ++k)
        t[k] *= input.lowRankBScale()[static_cast<std::size_t>(k)];
}

void projectQuantized(const KernelTable& kernels, PreparedRows& target, std::size_t row, float* t) {
    const HostInputs& input = *target.input;
    thread_local std::vector<std::int32_t> dots;
    dots.resize(static_cast<std::size_t>(input.rank()));
    const std::uint8_t* q = target.q.data() + row * static_cast<std::size_t>(input.stride());
    kernels.get<ProjectQuantizedKernel>(KernelVerb::projectQuantized)
        .run(input.lowRankB(), input.rank(), input.stride(), q, dots.data());
    for (std::size_t k = 0; k < dots.size(); ++k)
        t[k] = input.lowRankBScale()[k] *
               (target.scale[row] *
                static_cast<float>(dots[k] - target.zero[row] * input.lowRankBSum()[k]));
}

void prepareRow(const KernelTable& kernels, PreparedRows& target, const float* source,
                std::size_t row) {
    const HostInputs& input = *target.input;
    const auto cols = static_cast<std::size_t>(input.cols());
    float* x = target.x.data() + row * static_cast<std::size_t>(input.stride());
    float* t = target.lowRank.data() + row * static_cast<std::size_t>(input.rank());
    transformRow(kernels, target, source, x);
    if (target.bits >= 16) {
        projectFloat(kernels, target, x, t);
        if (target.wantsSum)
            target.sum[row] = std::accumulate(x, x + cols, 0.0F);
        return;
    }
    std::uint8_t* q = target.q.data() + row * static_cast<std::size_t>(input.stride());
    const QuantizedRow quantized = kernels.get<QuantizeKernel>(KernelVerb::quantize)
                                       .run(x, input.cols(), input.quantizer(target.bits), q);
    target.scale[row] = quantized.scale;
    target.zero[row] = quantized.zero;
    target.sumQ[row] = quantized.sumQ;
    target.sum[row] =
        quantized.scale * static_cast<float>(quantized.sumQ - quantized.zero * input.cols());
    projectQuantized(kernels, target, row, t);
    if (target.wantsFloat)
        for (std::size_t j = 0; j < cols; ++j)
            x[j] = quantized.scale * static_cast<float>(q[j] - quantized.zero);
}

} // namespace

void runPrepare(HostMachine& machine, PreparedRows& target, const float* source, int rows) {
    const std::int64_t cols = target.input->cols();
    machine.pool.forEach((rows + encodeGrain - 1) / encodeGrain, [&](std::int64_t chunk) {
        const int begin = static_cast<int>(chunk) * encodeGrain;
        const int end = std::min(rows, begin + encodeGrain);
        for (int row = begin; row < end; ++row)
            prepareRow(machine.kernels, target, source + row * cols, static_cast<std::size_t>(row));
        for (Encoding& encoding : target.encodings)
            encoding.kernel->encode(target.view(rows), begin, end, encoding.bytes.data());
    });
}

} // namespace bwla
