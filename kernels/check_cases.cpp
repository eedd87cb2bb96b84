// SPDX-License-Identifier: GPL-3.0-or-later
//
// One function a verb: operands from the shape, one call, outputs. Operands that come from a plan's
// buffers start one float past an aligned address.
#include "kernels/check_cases.h"

#include "kernels/cpu/host_weights.h"
#include "kernels/half.h"
#include "kernels/operands.h"
#include "kernels/reference/reference_kernels.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bwla {
namespace {

/// An output of exactly `count` elements between guards, one element past an aligned address.
template<class T>
class Guarded {
public:
    explicit Guarded(std::int64_t count)
        : memory_(static_cast<std::size_t>(count) + 1 + guard, T{mark}),
          count_(static_cast<std::size_t>(count)) {}
    [[nodiscard]] T* data() { return memory_.data() + 1; }
    void moveTo(CheckOutput& out) const {
        const auto begin = memory_.begin() + 1;
        const auto end = begin + static_cast<std::ptrdiff_t>(count_);
        if constexpr (std::is_same_v<T, float>)
            std::copy(begin, end, std::back_inserter(out.floats));
        else
            std::copy(begin, end, std::back_inserter(out.integers));
        out.guardIntact = out.guardIntact && memory_.front() == T{mark} &&
                          std::all_of(end, memory_.end(), [](T v) { return v == T{mark}; });
    }

private:
    static constexpr int mark = 77;
    static constexpr std::size_t guard = 64;
    AlignedVector<T> memory_;
    std::size_t count_;
};

struct Unaligned {
    AlignedVector<float> memory;
    explicit Unaligned(const std::vector<float>& values) : memory(values.size() + 1) {
        std::ranges::copy(values, memory.begin() + 1);
    }
    [[nodiscard]] const float* data() const { return memory.data() + 1; }
};

/// Activations with all that a plan would have prepared, by the reference kernels.
class CheckActivations {
public:
    CheckActivations(const CheckShape& shape, int bits, std::int64_t rank)
        : stride_(paddedCols(shape.cols)), x_(size(shape.tokens * stride_)),
          scale_(size(shape.tokens), 0.01F), sum_(size(shape.tokens), 1.5F), q_(x_.size()),
          zero_(size(shape.tokens)), sumQ_(size(shape.tokens)) {
        const auto values = randomFloats(shape.tokens * shape.cols, shape.seed + 10);
        for (int t = 0; t < shape.tokens; ++t) {
            std::copy_n(values.begin() + t * shape.cols, shape.cols, x_.begin() + t * stride_);
            if (bits == 16)
                continue;
            const QuantizedRow row = reference::quantize(
                x_.data() + t * stride_, shape.cols, {bits, 1.0F, 1.0F}, q_.data() + t * stride_);
            scale_[size(t)] = row.scale;
            zero_[size(t)] = row.zero;
            sumQ_[size(t)] = row.sumQ;
        }
        const auto projected = randomFloats(shape.tokens * rank, shape.seed + 11);
        lowRank_.assign(projected.begin(), projected.end());
        view = {shape.tokens,  bits,         shape.cols,   stride_,     x_.data(), q_.data(),
                scale_.data(), zero_.data(), sumQ_.data(), sum_.data(), rank,      lowRank_.data()};
    }
    Activations view;

private:
    static std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }
    std::int64_t stride_;
    AlignedVector<float> x_, scale_, sum_, lowRank_;
    AlignedVector<std::uint8_t> q_;
    AlignedVector<std::int32_t> zero_, sumQ_;
};

CheckOutput run(const NormalizeKernel& kernel, const Kernel&, const CheckShape& shape) {
    const Unaligned x(randomFloats(shape.cols, shape.seed));
    const auto gain = randomFloats(shape.cols, shape.seed + 1);
    Guarded<float> y(shape.cols);
    kernel.run(x.data(), gain.data(), 1e-5F, shape.cols, y.data());
    CheckOutput out;
    y.moveTo(out);
    return out;
}

CheckOutput run(const RotateKernel& kernel, const Kernel&, const CheckShape& shape) {
    // A near square that fits: a prime number of columns would make one factor as large as all.
    const auto factor = static_cast<std::int64_t>(std::sqrt(static_cast<double>(shape.cols)));
    const std::int64_t cols = shape.cols / factor * factor;
    const HostInputs input(randomInput(cols, factor, 0, shape.seed));
    const Unaligned x(randomFloats(cols, shape.seed + 9));
    Guarded<float> scratch(cols);
    Guarded<float> y(cols);
    kernel.run(input.rotation(), x.data(), scratch.data(), y.data());
    CheckOutput out;
    scratch.moveTo(out);
    y.moveTo(out);
    return out;
}

CheckOutput run(const QuantizeKernel& kernel, const Kernel&, const CheckShape& shape) {
    const Unaligned x(randomFloats(shape.cols, shape.seed));
    Guarded<std::uint8_t> q(paddedCols(shape.cols));
    const QuantizedRow row = kernel.run(x.data(), shape.cols, {shape.bits, 0.9F, 0.7F}, q.data());
    CheckOutput out;
    out.integers = {std::bit_cast<std::int32_t>(row.scale), row.zero, row.sumQ};
    q.moveTo(out);
    return out;
}

constexpr std::int64_t checkRank = 5;

CheckOutput run(const ProjectQuantizedKernel& kernel, const Kernel&, const CheckShape& shape) {
    const HostInputs input(randomInput(shape.cols, 0, checkRank, shape.seed));
    const CheckActivations x(shape, shape.bits, 0);
    Guarded<std::int32_t> t(checkRank);
    kernel.run(input.lowRankB(), checkRank, input.stride(), x.view.q, t.data());
    CheckOutput out;
    t.moveTo(out);
    return out;
}

CheckOutput run(const ProjectFloatKernel& kernel, const Kernel&, const CheckShape& shape) {
    const HostInputs input(randomInput(shape.cols, 0, checkRank, shape.seed));
    const CheckActivations x(shape, 16, 0);
    Guarded<float> t(checkRank);
    kernel.run(input.lowRankB(), checkRank, input.stride(), x.view.x, t.data());
    CheckOutput out;
    t.moveTo(out);
    return out;
}

/// In two ranges of rows, as two threads would.
template<class Sum>
CheckOutput linearSums(const LinearKernel& kernel, WeightKind kind, int bits,
                       const CheckShape& shape) {
    WeightMemory memory;
    const HostWeights weight(randomLinear(kind, shape.rows, shape.cols, shape.seed), kernel.layout,
                             memory);
    const CheckActivations x(shape, bits, 0);
    AlignedVector<std::byte> encoded(kernel.encodedBytes(shape.cols, bits, shape.tokens));
    for (int row = 0; row < shape.tokens; row += encodeGrain)
        kernel.encode(x.view, row, std::min(shape.tokens, row + encodeGrain), encoded.data());
    CheckOutput out;
    for (std::int64_t begin = 0; begin < shape.rows; begin += 2 * rowGrain) {
        const std::int64_t end = std::min(shape.rows, begin + 2 * rowGrain);
        const std::int64_t ld = roundUp(end - begin, rowGrain);
        AlignedVector<Sum> sums(static_cast<std::size_t>(ld * shape.tokens));
        kernel.sums(weight.packed(), x.view, encoded.data(), begin, end, sums.data(), ld);
        for (int t = 0; t < shape.tokens; ++t)
            for (std::int64_t i = 0; i < end - begin; ++i) {
                const Sum sum = sums[static_cast<std::size_t>(t * ld + i)];
                if constexpr (std::is_same_v<Sum, float>)
                    out.floats.push_back(sum);
                else
                    out.integers.push_back(sum);
            }
    }
    return out;
}

CheckOutput run(const LinearKernel& kernel, const Kernel& entry, const CheckShape& shape) {
    return entry.verb == KernelVerb::linearQuantized
               ? linearSums<std::int32_t>(kernel, entry.kind, shape.bits, shape)
               : linearSums<float>(kernel, entry.kind, 16, shape);
}

/// Rows [32, rows), assigned and then accumulated.
template<class FinishKernel, class Sum>
CheckOutput finished(const FinishKernel& kernel, const CheckShape& shape, int bits,
                     std::int64_t rank) {
    Outputs outputs;
    outputs.begin = shape.rows > rowGrain ? rowGrain : 0;
    outputs.end = shape.rows;
    outputs.ld = roundUp(shape.rows, rowGrain);
    outputs.stride = shape.rows - outputs.begin;
    WeightMemory memory;
    const HostWeights weight(
        randomLinear(WeightKind::binary, shape.rows, shape.cols, shape.seed, rank, rank != 0),
        Layout::rowMajor, memory);
    const CheckActivations x(shape, bits, rank);
    const auto values = randomFloats(outputs.ld * shape.tokens, shape.seed + 4, 1000.0F);
    std::vector<Sum> sums(values.size());
    std::ranges::transform(values, sums.begin(), [](float v) { return static_cast<Sum>(v); });
    Guarded<float> y(outputs.stride * shape.tokens);
    outputs.out = y.data();
    for (const bool accumulate : {false, true}) {
        outputs.accumulate = accumulate;
        kernel.run(weight.packed(), x.view, sums.data(), outputs);
    }
    CheckOutput out;
    y.moveTo(out);
    return out;
}

CheckOutput run(const FinishFloatKernel& kernel, const Kernel&, const CheckShape& shape) {
    return finished<FinishFloatKernel, float>(kernel, shape, 16, checkRank);
}

CheckOutput run(const FinishQuantizedKernel& kernel, const Kernel&, const CheckShape& shape) {
    return finished<FinishQuantizedKernel, std::int32_t>(kernel, shape, shape.bits,
                                                         shape.seed % 2 == 0 ? checkRank : 0);
}

CheckOutput run(const GateKernel& kernel, const Kernel&, const CheckShape& shape) {
    const Unaligned gate(randomFloats(shape.cols, shape.seed, 8.0F));
    const Unaligned up(randomFloats(shape.cols, shape.seed + 1));
    Guarded<float> y(shape.cols);
    kernel.run(gate.data(), up.data(), shape.cols, y.data());
    CheckOutput out;
    y.moveTo(out);
    return out;
}

CheckOutput run(const StoreKernel& kernel, const Kernel& entry, const CheckShape& shape) {
    const Unaligned values(randomFloats(shape.cols, shape.seed, 30.0F));
    CheckOutput out;
    if (entry.kind == WeightKind::f16) {
        Guarded<std::uint16_t> halves(shape.cols);
        kernel.run(values.data(), shape.cols, halves.data());
        halves.moveTo(out);
    } else {
        Guarded<float> floats(shape.cols);
        kernel.run(values.data(), shape.cols, floats.data());
        floats.moveTo(out);
    }
    return out;
}

CheckOutput run(const WidenKernel& kernel, const Kernel& entry, const CheckShape& shape) {
    WeightMemory memory;
    const HostWeights table(randomLinear(entry.kind, 3, shape.cols, shape.seed), Layout::rowMajor,
                            memory);
    Guarded<float> y(shape.cols);
    kernel.run(table.row(2), 0.37F, shape.cols, y.data());
    CheckOutput out;
    y.moveTo(out);
    return out;
}

CheckOutput run(const AttendKernel& kernel, const Kernel& entry, const CheckShape& shape) {
    constexpr std::int64_t headDim = 64;
    constexpr std::int64_t group = 3;
    const std::int64_t positions = shape.rows + shape.tokens;
    HostKvCache cache({1, positions, 1, headDim}, entry.kind);
    const auto& store = std::get<StoreKernel>(scalarTwin(KernelVerb::store, entry.kind).body);
    const auto keys = randomFloats(positions * headDim, shape.seed);
    const auto values = randomFloats(positions * headDim, shape.seed + 1);
    for (std::int64_t p = 0; p < positions; ++p) {
        store.run(keys.data() + p * headDim, headDim, cache.keys(0, 0, p));
        store.run(values.data() + p * headDim, headDim, cache.values(0, 0, p));
    }
    const Unaligned q(randomFloats(shape.tokens * group * headDim, shape.seed + 2, 2.0F));
    Guarded<float> y(shape.tokens * group * headDim);
    AttendJob job;
    job.q = q.data();
    job.out = y.data();
    job.qStride = job.outStride = group * headDim;
    job.group = group;
    job.headDim = headDim;
    job.keys = cache.keys(0, 0);
    job.values = cache.values(0, 0);
    job.position = shape.rows;
    job.rowEnd = shape.tokens;
    kernel.run(job);
    CheckOutput out;
    y.moveTo(out);
    return out;
}

} // namespace

CheckOutput runCheckCase(const Kernel& kernel, const CheckShape& shape) {
    return std::visit([&](const auto& body) { return run(body, kernel, shape); }, kernel.body);
}

} // namespace bwla
