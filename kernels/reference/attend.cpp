// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cache_rows.h"
#include "kernels/half.h"
#include "kernels/reference/reference_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace bwla::reference {
namespace {

float asFloat(float stored) {
    return stored;
}
float asFloat(std::uint16_t stored) {
    return halfToFloat(stored);
}
float asFloat(std::int8_t stored) {
    return static_cast<float>(stored);
}

template<class Stored>
void attendHead(const float* q, float* out, const AttendJob& job, std::int64_t positions,
                std::vector<float>& weights) {
    const CacheRows<Stored> keys{job.keys, job.headDim};
    const CacheRows<Stored> values{job.values, job.headDim};
    const float scale = 1.0F / std::sqrt(static_cast<float>(job.headDim));
    weights.resize(static_cast<std::size_t>(positions));
    float largest = -std::numeric_limits<float>::infinity();
    for (std::int64_t p = 0; p < positions; ++p) {
        const Stored* key = keys.row(p);
        const float score =
            scale * keys.scale(p) *
            interleavedSum(job.headDim, [&](std::int64_t d) { return q[d] * asFloat(key[d]); });
        weights[static_cast<std::size_t>(p)] = score;
        largest = std::max(largest, score);
    }
    float total = 0.0F;
    for (float& weight : weights) {
        weight = std::exp(weight - largest);
        total += weight;
    }
    std::fill_n(out, job.headDim, 0.0F);
    for (std::int64_t p = 0; p < positions; ++p) {
        const float weight = weights[static_cast<std::size_t>(p)] / total * values.scale(p);
        for (std::int64_t d = 0; d < job.headDim; ++d)
            out[d] += weight * asFloat(values.row(p)[d]);
    }
}

template<class Stored>
void attend(const AttendJob& job) {
    std::vector<float> weights;
    for (int t = job.rowBegin; t < job.rowEnd; ++t)
        for (std::int64_t h = 0; h < job.group; ++h)
            attendHead<Stored>(job.q + t * job.qStride + h * job.headDim,
                               job.out + t * job.outStride + h * job.headDim, job,
                               job.position + t + 1, weights);
}

template<class Stored>
void widen(const void* values, float scale, std::int64_t count, float* out) {
    const auto* stored = static_cast<const Stored*>(values);
    for (std::int64_t j = 0; j < count; ++j)
        out[j] = scale * static_cast<float>(stored[j]);
}

} // namespace

void gate(const float* gate, const float* up, std::int64_t count, float* out) {
    for (std::int64_t j = 0; j < count; ++j)
        out[j] = gate[j] / (1.0F + std::exp(-gate[j])) * up[j];
}

void storeF32(const float* values, std::int64_t count, void* out) {
    std::copy_n(values, count, static_cast<float*>(out));
}

void storeF16(const float* values, std::int64_t count, void* out) {
    std::transform(values, values + count, static_cast<std::uint16_t*>(out), floatToHalf);
}

void storeInt8(const float* values, std::int64_t count, void* out) {
    float most = 0.0F;
    for (std::int64_t j = 0; j < count; ++j) {
        const float magnitude = std::abs(values[j]);
        most = magnitude <= most ? most : magnitude; // NaN stays, as the scale
    }
    const float scale = most / 127.0F;
    const float inverse = scale > 0.0F ? 1.0F / scale : 0.0F;
    auto* levels = static_cast<std::int8_t*>(out);
    for (std::int64_t j = 0; j < count; ++j) {
        const float level = std::clamp(values[j] * inverse, -127.0F, 127.0F);
        levels[j] = level == level ? static_cast<std::int8_t>(std::lrintf(level)) : std::int8_t{};
    }
    std::memcpy(levels + count, &scale, sizeof scale);
}

void widenF32(const void* values, float scale, std::int64_t count, float* out) {
    widen<float>(values, scale, count, out);
}

void widenF16(const void* values, float scale, std::int64_t count, float* out) {
    const auto* stored = static_cast<const std::uint16_t*>(values);
    for (std::int64_t j = 0; j < count; ++j)
        out[j] = scale * halfToFloat(stored[j]);
}

void widenInt8(const void* values, float scale, std::int64_t count, float* out) {
    widen<std::int8_t>(values, scale, count, out);
}

void attendF32(const AttendJob& job) {
    attend<float>(job);
}
void attendF16(const AttendJob& job) {
    attend<std::uint16_t>(job);
}
void attendInt8(const AttendJob& job) {
    attend<std::int8_t>(job);
}

} // namespace bwla::reference
