// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/host_plan.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace bwla {
namespace {

[[noreturn]] void badShape(const char* subject, const std::string& detail) {
    throw KernelError(KernelErrorCode::badShape, subject, detail);
}

} // namespace

PreparedRows::PreparedRows(const HostInputs& inputs, const NormSpec& norm, int activationBits,
                           int batch)
    : input(&inputs), bits(activationBits), gain(norm.gain.begin(), norm.gain.end()),
      epsilon(norm.epsilon) {
    const auto rows = static_cast<std::size_t>(batch);
    const auto stride = static_cast<std::size_t>(inputs.stride());
    x.resize(rows * stride);
    sum.resize(rows);
    lowRank.resize(rows * static_cast<std::size_t>(inputs.rank()));
    if (bits < 16) {
        q.resize(rows * stride);
        scale.resize(rows);
        zero.resize(rows);
        sumQ.resize(rows);
    }
}

Activations PreparedRows::view(int rows) const {
    return {rows,        bits,       input->cols(), input->stride(),
            x.data(),    q.data(),   scale.data(),  zero.data(),
            sumQ.data(), sum.data(), input->rank(), lowRank.data()};
}

const std::byte* PreparedRows::encodingFor(const LinearKernel& kernel, int batch) {
    for (const Encoding& encoding : encodings)
        if (encoding.kernel->encode == kernel.encode)
            return encoding.bytes.data();
    const std::size_t size = kernel.encodedBytes(input->cols(), bits, batch);
    if (size == 0)
        return nullptr;
    encodings.push_back({&kernel, AlignedVector<std::byte>(size)});
    return encodings.back().bytes.data();
}

void RotaryTable::fill(std::int64_t position, int rows) {
    const std::size_t half = frequencies.size();
    for (int t = 0; t < rows; ++t)
        for (std::size_t d = 0; d < half; ++d) {
            const float angle = static_cast<float>(position + t) * frequencies[d];
            cosine[static_cast<std::size_t>(t) * half + d] = std::cos(angle);
            sine[static_cast<std::size_t>(t) * half + d] = std::sin(angle);
        }
}

Buffer HostPlan::addBuffer(std::int64_t cols) {
    if (cols <= 0)
        badShape("buffer", "has no columns");
    buffers_.emplace_back(static_cast<std::size_t>(batch_ * cols));
    bufferCols_.push_back(cols);
    return {static_cast<int>(buffers_.size()) - 1, cols};
}

float* HostPlan::data(Buffer buffer) {
    const auto id = static_cast<std::size_t>(buffer.id);
    if (id >= buffers_.size() || bufferCols_[id] != buffer.cols)
        badShape("buffer", "does not belong to this plan");
    return buffers_[id].data();
}

PreparedRows& HostPlan::addPrepared(const HostInputs& input, const NormSpec& norm, int bits,
                                    int batch) {
    return prepared_.emplace_back(input, norm, bits, batch);
}

Prepared HostPlan::lastPrepared() const {
    return {static_cast<int>(prepared_.size()) - 1, prepared_.back().input->cols()};
}

PreparedRows& HostPlan::prepared(Prepared prepared) {
    const auto id = static_cast<std::size_t>(prepared.id);
    if (id >= prepared_.size() || prepared_[id].input->cols() != prepared.cols)
        badShape("prepared input", "does not belong to this plan");
    return prepared_[id];
}

RotaryTable& HostPlan::rotary(std::span<const float> frequencies) {
    for (RotaryTable& table : rotaries_)
        if (std::ranges::equal(table.frequencies, frequencies))
            return table;
    const std::size_t size = static_cast<std::size_t>(batch_) * frequencies.size();
    return rotaries_.emplace_back(RotaryTable{{frequencies.begin(), frequencies.end()},
                                              AlignedVector<float>(size),
                                              AlignedVector<float>(size)});
}

AlignedVector<float>& HostPlan::addLogits(std::int64_t vocabulary, int rows) {
    if (logitCols_ != 0)
        badShape("head", "a plan has at most one");
    logitCols_ = vocabulary;
    logitStore_.resize(static_cast<std::size_t>(rows * vocabulary));
    return logitStore_;
}

void HostPlan::setLogitRows(int rows) {
    logits_ = std::span(logitStore_).first(static_cast<std::size_t>(rows * logitCols_));
}

void HostPlan::write(Buffer buffer, std::span<const float> values) {
    float* to = data(buffer);
    contract::checkWrite(buffer, values.size(), batch_);
    std::ranges::copy(values, to);
}

std::vector<float> HostPlan::read(Buffer buffer, std::int64_t rows) const {
    const float* from = const_cast<HostPlan*>(this)->data(buffer);
    contract::checkRead(rows, batch_);
    return {from, from + rows * buffer.cols};
}

std::vector<PreparedRow> HostPlan::read(Prepared prepared, std::int64_t rows) const {
    const PreparedRows& from = const_cast<HostPlan*>(this)->prepared(prepared);
    if (from.bits >= 16)
        throw KernelError(KernelErrorCode::unsupported, "read", "this input is not quantized");
    contract::checkRead(rows, batch_);
    std::vector<PreparedRow> result(static_cast<std::size_t>(rows));
    for (std::size_t t = 0; t < result.size(); ++t) {
        result[t].scale = from.scale[t];
        result[t].zero = from.zero[t];
        const std::uint8_t* q = from.q.data() + t * static_cast<std::size_t>(from.input->stride());
        for (std::int64_t j = 0; j < prepared.cols; ++j)
            result[t].offset.push_back(q[j] - from.zero[t]);
    }
    return result;
}

HostRun HostPlan::checked(const Step& step) const {
    auto* cache = dynamic_cast<HostKvCache*>(step.cache);
    const bool ours = cache != nullptr && cache->type() == machine_.cacheType;
    rules_.check(step, ours ? &cache->shape() : nullptr);
    return {step, static_cast<int>(step.tokens.size()), cache};
}

bool HostPlan::run(const Step& step, const std::stop_token& stop) {
    const HostRun current = checked(step);
    logits_ = {};
    for (RotaryTable& table : rotaries_)
        table.fill(step.position, current.rows);
    for (const Operation& operation : operations_) {
        if (stop.stop_requested())
            return false;
        operation(current);
    }
    return true;
}

} // namespace bwla
