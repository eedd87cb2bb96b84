// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/contract.h"

#include <algorithm>

namespace bwla {

WeightKind cacheKind(int bits) {
    switch (bits) {
    case 32:
        return WeightKind::f32;
    case 16:
        return WeightKind::f16;
    case 8:
        return WeightKind::rowInt8;
    default:
        throw KernelError(KernelErrorCode::unsupported, "cache",
                          std::to_string(bits) + " bits; it has 32, 16 or 8");
    }
}

} // namespace bwla

namespace bwla::contract {
namespace {

template<class T>
void requireSize(const std::vector<T>& values, std::int64_t expected, const char* name) {
    require(static_cast<std::int64_t>(values.size()) == expected, name,
            "has " + std::to_string(values.size()) + " elements, expected " +
                std::to_string(expected));
}

} // namespace

void require(bool holds, const char* subject, const std::string& detail) {
    if (!holds)
        throw KernelError(KernelErrorCode::badShape, subject, detail);
}

void checkHost(const HostLinear& linear) {
    require(linear.rows > 0 && linear.cols > 0, "linear", "has no rows or columns");
    const std::int64_t count = linear.rows * linear.cols;
    const bool binary = linear.kind == WeightKind::binary;
    requireSize(linear.f32, linear.kind == WeightKind::f32 ? count : 0, "f32 weights");
    requireSize(linear.f16, linear.kind == WeightKind::f16 ? count : 0, "f16 weights");
    requireSize(linear.int8, linear.kind == WeightKind::rowInt8 ? count : 0, "int8 weights");
    requireSize(linear.signs, binary ? linear.rows * HostLinear::wordsPerRow(linear.cols) : 0,
                "signs");
    requireSize(linear.scale, binary || linear.kind == WeightKind::rowInt8 ? linear.rows : 0,
                "row scale");
    if (!linear.mean.empty())
        requireSize(linear.mean, binary ? linear.rows : 0, "row mean");
    require(linear.rank >= 0 && (linear.rank == 0 || binary), "low rank",
            "only signs have a low-rank term");
    requireSize(linear.lowRankA, linear.rows * linear.rank, "low-rank A");
    requireSize(linear.lowRankAScale, linear.rank, "low-rank A scale");
}

void checkHost(const HostInput& input) {
    require(input.cols > 0 && input.rank >= 0, "input", "has no columns");
    require(input.factor1 == 0 || input.factor1 * input.factor2 == input.cols, "rotation",
            std::to_string(input.factor1) + " x " + std::to_string(input.factor2) + " is not " +
                std::to_string(input.cols));
    const std::int64_t factor2 = input.factor1 == 0 ? 0 : input.factor2;
    requireSize(input.r1, input.factor1 * input.factor1, "rotation factor 1");
    requireSize(input.r2, factor2 * factor2, "rotation factor 2");
    if (!input.columnScale.empty())
        requireSize(input.columnScale, input.cols, "column scale");
    requireSize(input.lowRankB, input.rank * input.cols, "low-rank B");
    requireSize(input.lowRankBScale, input.rank, "low-rank B scale");
}

void checkCacheShape(const KvShape& shape) {
    require(shape.layers > 0 && shape.capacity > 0 && shape.kvHeads > 0 && shape.headDim > 0,
            "cache", "has an empty dimension");
    std::int64_t bytes = 2 * sizeof(float); // a key and a value, at most
    for (const std::int64_t side : {shape.layers, shape.kvHeads, shape.headDim, shape.capacity})
        if (__builtin_mul_overflow(bytes, side, &bytes))
            throw KernelError(KernelErrorCode::outOfMemory, "cache",
                              "no memory holds " + std::to_string(shape.capacity) + " positions");
}

void checkNorm(const NormSpec& norm, std::int64_t cols, const char* verb) {
    require(norm.gain.empty() || static_cast<std::int64_t>(norm.gain.size()) == cols, verb,
            "the gain's size differs from the input's columns");
}

void checkBits(int bits) {
    if (bits != 16 && (bits < 2 || bits > 8))
        throw KernelError(KernelErrorCode::unsupported, "prepare",
                          std::to_string(bits) + " activation bits; 2 to 8 or 16 exist");
}

void checkEmbed(const Linear& table, Buffer out) {
    require(table.kind() != WeightKind::binary, "embed", "a table of signs has no rows to read");
    require(table.cols() == out.cols, "embed", "the table's width differs from the buffer's");
}

void checkProduct(const Linear& weight, std::int64_t rank, const Input& input, Buffer out) {
    require(weight.cols() == input.cols(), "linear",
            "weight has " + std::to_string(weight.cols()) + " columns, its input " +
                std::to_string(input.cols()));
    require(rank == 0 || rank == input.rank(), "linear",
            "weight has rank " + std::to_string(rank) + ", its input " +
                std::to_string(input.rank()));
    require(weight.rows() == out.cols, "linear",
            "the weight's rows differ from the buffer's columns");
}

void checkAttend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out) {
    require(spec.layer >= 0 && spec.kvHeads > 0 && spec.headDim > 0 && spec.headDim % 2 == 0 &&
                spec.heads % spec.kvHeads == 0,
            "attend", "heads must be a multiple of kvHeads, headDim even");
    require(q.cols == spec.heads * spec.headDim && out.cols == q.cols, "attend",
            "q and out hold heads * headDim columns");
    require(k.cols == spec.kvHeads * spec.headDim && v.cols == k.cols, "attend",
            "k and v hold kvHeads * headDim columns");
    require(static_cast<std::int64_t>(spec.inverseFrequencies.size()) == spec.headDim / 2, "attend",
            "headDim / 2 frequencies are needed");
}

void checkGate(Buffer gate, Buffer up, Buffer out) {
    require(gate.cols == up.cols && gate.cols == out.cols, "gate", "operands differ in columns");
}

void checkRead(std::int64_t rows, int batch) {
    require(rows >= 0 && rows <= batch, "read",
            std::to_string(rows) + " rows of a batch of " + std::to_string(batch));
}

void checkWrite(Buffer buffer, std::size_t values, int batch) {
    const auto cols = static_cast<std::size_t>(buffer.cols);
    require(values % cols == 0 && values <= cols * static_cast<std::size_t>(batch), "write",
            std::to_string(values) + " values into rows of " + std::to_string(cols));
}

void StepRules::usesCache(const AttendSpec& spec) {
    require(cache.layers == 0 || (cache.kvHeads == spec.kvHeads && cache.headDim == spec.headDim),
            "attend", "layers of one plan differ in key-value heads or their width");
    cache = {std::max(cache.layers, spec.layer + 1), 0, spec.kvHeads, spec.headDim};
}

void StepRules::check(const Step& step, const KvShape* given) const {
    // Runs for every token: sentences are made only where they are needed.
    const auto rows = static_cast<std::int64_t>(step.tokens.size());
    if (rows < 1 || rows > batch)
        require(false, "run",
                std::to_string(rows) + " tokens in a plan for 1 to " + std::to_string(batch));
    for (const std::int32_t token : step.tokens)
        if (vocabulary != 0 && (token < 0 || token >= vocabulary))
            require(false, "run",
                    "token " + std::to_string(token) + " of a vocabulary of " +
                        std::to_string(vocabulary));
    if (cache.layers == 0)
        return;
    if (given == nullptr)
        require(false, "run", "the plan attends, but the step has no cache of this backend");
    if (given->layers < cache.layers || given->kvHeads != cache.kvHeads ||
        given->headDim != cache.headDim)
        require(false, "run", "the cache was made for another model");
    const std::int64_t end = step.position + rows;
    if (step.position < 0 || end > given->capacity)
        require(false, "run",
                "positions up to " + std::to_string(end) + " in a cache of " +
                    std::to_string(given->capacity));
}

} // namespace bwla::contract
