// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/row_kernels.h"

#include "core/stats/clones.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

namespace bwla::rows {
namespace {

constexpr std::int64_t lanes = 16; // of sums that may be added up in any order

inline float wide(Bf16 x) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16U);
}

inline void widen(const Bf16* from, std::int64_t count, float* to) {
    for (std::int64_t j = 0; j < count; ++j)
        to[j] = wide(from[j]);
}

/// To the nearest, ties to even.
inline Bf16 narrow(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return static_cast<Bf16>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

/// e^x within 3e-7 in operations that compilers vectorise.
inline float quickExp(float x) {
    constexpr float toInteger = 12'582'912.0F; // 1.5 * 2^23: adding it rounds
    const float y = std::min(std::max(x * std::numbers::log2e_v<float>, -126.0F), 126.0F);
    const float n = (y + toInteger) - toInteger;
    const float f = (y - n) * std::numbers::ln2_v<float>;
    const float power =
        1.0F +
        f * (1.0F + f * (1.0F / 2 + f * (1.0F / 6 + f * (1.0F / 24 + f * (1.0F / 120 + f / 720)))));
    return power * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

inline float sumOf(const std::array<float, lanes>& sums) {
    float total = 0.0F;
    for (const float sum : sums)
        total += sum;
    return total;
}

inline float dotOf(const float* x, const float* y, std::int64_t count) {
    std::array<float, lanes> sums{};
    std::int64_t j = 0;
    for (; j + lanes <= count; j += lanes)
        for (std::int64_t k = 0; k < lanes; ++k)
            sums[k] += x[j + k] * y[j + k];
    for (std::int64_t k = 0; j < count; ++j, ++k)
        sums[k] += x[j] * y[j];
    return sumOf(sums);
}

/// Columns of one row that stay in the first cache while `rank` rows are added.
constexpr std::int64_t strip = 512;

} // namespace

BWLA_CLONES void scaleAndAdd(const Bf16* base, const float* scale, const float* p, const float* t,
                             std::int64_t rank, Bf16* out, Shape shape, Range range) {
    std::array<float, strip> sums;
    for (std::int64_t row = 0; row < shape.rows; ++row) {
        const std::int64_t start = row * shape.cols;
        for (std::int64_t first = range.begin; first < range.end; first += strip) {
            const std::int64_t count = std::min(strip, range.end - first);
            const Bf16* from = base + start + first;
            widen(from, count, sums.data());
            if (scale != nullptr)
                for (std::int64_t j = 0; j < count; ++j)
                    sums[j] *= scale[first + j];
            for (std::int64_t r = 0; t != nullptr && r < rank; ++r) {
                const float weight = p[row * rank + r];
                const float* add = t + r * shape.cols + first;
                for (std::int64_t j = 0; j < count; ++j)
                    sums[j] += weight * add[j];
            }
            Bf16* to = out + start + first;
            for (std::int64_t j = 0; j < count; ++j)
                to[j] = narrow(sums[j]);
        }
    }
}

BWLA_CLONES void addProducts(const float* p, const Bf16* x, std::int64_t rank, float* product,
                             Shape shape, Range range) {
    std::array<float, strip> values;
    for (std::int64_t row = 0; row < shape.rows; ++row)
        for (std::int64_t first = range.begin; first < range.end; first += strip) {
            const std::int64_t count = std::min(strip, range.end - first);
            const Bf16* from = x + row * shape.cols + first;
            widen(from, count, values.data());
            for (std::int64_t r = 0; r < rank; ++r) {
                const float weight = p[row * rank + r];
                float* sum = product + r * shape.cols + first;
                for (std::int64_t j = 0; j < count; ++j)
                    sum[j] += weight * values[j];
            }
        }
}

BWLA_CLONES void addDots(const Bf16* x, const float* t, std::int64_t rank, float* dots, Shape shape,
                         Range range) {
    std::array<float, strip> values;
    for (std::int64_t row = 0; row < shape.rows; ++row)
        for (std::int64_t first = range.begin; first < range.end; first += strip) {
            const std::int64_t count = std::min(strip, range.end - first);
            const Bf16* from = x + row * shape.cols + first;
            widen(from, count, values.data());
            for (std::int64_t r = 0; r < rank; ++r)
                dots[row * rank + r] += dotOf(values.data(), t + r * shape.cols + first, count);
        }
}

BWLA_CLONES void addColumnDots(const Bf16* x, const Bf16* y, float* sums, Shape shape,
                               Range range) {
    for (std::int64_t row = 0; row < shape.rows; ++row) {
        const std::int64_t start = row * shape.cols;
        for (std::int64_t j = range.begin; j < range.end; ++j)
            sums[j] += wide(x[start + j]) * wide(y[start + j]);
    }
}

BWLA_CLONES void normalise(const Bf16* x, const float* gain, float epsilon, Bf16* out,
                           float* inverse, Shape shape, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
        const Bf16* from = x + row * shape.cols;
        std::array<float, lanes> sums{};
        std::int64_t j = 0;
        for (; j + lanes <= shape.cols; j += lanes)
            for (std::int64_t k = 0; k < lanes; ++k)
                sums[k] += wide(from[j + k]) * wide(from[j + k]);
        for (std::int64_t k = 0; j < shape.cols; ++j, ++k)
            sums[k] += wide(from[j]) * wide(from[j]);
        const float factor =
            1.0F / std::sqrt(sumOf(sums) / static_cast<float>(shape.cols) + epsilon);
        inverse[row] = factor;
        Bf16* to = out + row * shape.cols;
        for (j = 0; j < shape.cols; ++j)
            to[j] = narrow(wide(from[j]) * factor * gain[j]);
    }
}

BWLA_CLONES void normaliseGradient(const Bf16* gradient, const Bf16* x, const float* gain,
                                   const float* inverse, Bf16* dx, float* gainSums, Shape shape,
                                   Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
        const Bf16 *g = gradient + row * shape.cols, *from = x + row * shape.cols;
        const float factor = inverse[row];
        std::array<float, lanes> sums{};
        std::int64_t j = 0;
        for (; j + lanes <= shape.cols; j += lanes)
            for (std::int64_t k = 0; k < lanes; ++k)
                sums[k] += wide(g[j + k]) * gain[j + k] * wide(from[j + k]);
        for (std::int64_t k = 0; j < shape.cols; ++j, ++k)
            sums[k] += wide(g[j]) * gain[j] * wide(from[j]);
        const float along = sumOf(sums) * factor * factor * factor / static_cast<float>(shape.cols);
        Bf16* to = dx + row * shape.cols;
        for (j = 0; j < shape.cols; ++j) {
            to[j] = narrow(wide(g[j]) * gain[j] * factor - wide(from[j]) * along);
            gainSums[j] += wide(g[j]) * wide(from[j]) * factor;
        }
    }
}

BWLA_CLONES void gate(const Bf16* gateUp, Bf16* out, Shape shape, Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
        const Bf16 *g = gateUp + row * 2 * shape.cols, *up = g + shape.cols;
        Bf16* to = out + row * shape.cols;
        for (std::int64_t j = 0; j < shape.cols; ++j) {
            const float x = wide(g[j]);
            to[j] = narrow(x / (1.0F + quickExp(-x)) * wide(up[j]));
        }
    }
}

BWLA_CLONES void gateGradient(const Bf16* gradient, const Bf16* gateUp, Bf16* result, Shape shape,
                              Range range) {
    for (std::int64_t row = range.begin; row < range.end; ++row) {
        const Bf16 *g = gateUp + row * 2 * shape.cols, *up = g + shape.cols,
                   *d = gradient + row * shape.cols;
        Bf16 *dg = result + row * 2 * shape.cols, *dup = dg + shape.cols;
        for (std::int64_t j = 0; j < shape.cols; ++j) {
            const float x = wide(g[j]), sigmoid = 1.0F / (1.0F + quickExp(-x));
            dg[j] = narrow(wide(d[j]) * wide(up[j]) * sigmoid * (1.0F + x * (1.0F - sigmoid)));
            dup[j] = narrow(wide(d[j]) * x * sigmoid);
        }
    }
}

namespace {

/// exponentials = e^(logits - the largest); returns the largest and their sum.
struct Exponentials {
    float largest;
    double sum;
};

BWLA_CLONES Exponentials exponentials(const Bf16* logits, std::int64_t cols, float* out) {
    std::array<float, lanes> most;
    most.fill(wide(logits[0]));
    std::int64_t j = 0;
    for (; j + lanes <= cols; j += lanes)
        for (std::int64_t k = 0; k < lanes; ++k)
            most[k] = std::max(most[k], wide(logits[j + k]));
    for (; j < cols; ++j)
        most[0] = std::max(most[0], wide(logits[j]));
    const float largest = *std::max_element(most.begin(), most.end());
    std::array<float, lanes> sums{};
    for (j = 0; j + lanes <= cols; j += lanes)
        for (std::int64_t k = 0; k < lanes; ++k) {
            out[j + k] = quickExp(wide(logits[j + k]) - largest);
            sums[k] += out[j + k];
        }
    for (std::int64_t k = 0; j < cols; ++j, ++k) {
        out[j] = quickExp(wide(logits[j]) - largest);
        sums[k] += out[j];
    }
    return {largest, sumOf(sums)};
}

/// sum of p (teacher - student), and student's gradient.
BWLA_CLONES float meanDifference(const Bf16* teacher, Bf16* student, const float* p, float pScale,
                                 const float* q, float qScale, std::int64_t cols) {
    std::array<float, lanes> sums{};
    std::int64_t j = 0;
    for (; j + lanes <= cols; j += lanes)
        for (std::int64_t k = 0; k < lanes; ++k) {
            const float share = p[j + k] * pScale;
            sums[k] += share * (wide(teacher[j + k]) - wide(student[j + k]));
            student[j + k] = narrow(q[j + k] * qScale - share);
        }
    for (std::int64_t k = 0; j < cols; ++j, ++k) {
        const float share = p[j] * pScale;
        sums[k] += share * (wide(teacher[j]) - wide(student[j]));
        student[j] = narrow(q[j] * qScale - share);
    }
    return sumOf(sums);
}

BWLA_CLONES void narrowScaled(const float* x, float scale, std::int64_t count, Bf16* out) {
    for (std::int64_t j = 0; j < count; ++j)
        out[j] = narrow(x[j] * scale);
}

BWLA_CLONES float dot(const float* x, const float* y, std::int64_t count) {
    return dotOf(x, y, count);
}

BWLA_CLONES void addScaled(const float* x, float scale, std::int64_t count, float* out) {
    for (std::int64_t j = 0; j < count; ++j)
        out[j] += x[j] * scale;
}

/// In place; returns the sum.
BWLA_CLONES float exponentiate(float* x, float largest, std::int64_t count) {
    std::array<float, lanes> sums{};
    std::int64_t j = 0;
    for (; j + lanes <= count; j += lanes)
        for (std::int64_t k = 0; k < lanes; ++k) {
            x[j + k] = quickExp(x[j + k] - largest);
            sums[k] += x[j + k];
        }
    for (std::int64_t k = 0; j < count; ++j, ++k) {
        x[j] = quickExp(x[j] - largest);
        sums[k] += x[j];
    }
    return sumOf(sums);
}

} // namespace

BWLA_CLONES void stepLatents(const LatentStep& step, float* __restrict latents,
                             float* __restrict first, float* __restrict second,
                             Bf16* __restrict gradients, Bf16* __restrict signs, Range range) {
    constexpr Bf16 one = 0x3F80, minusOne = 0xBF80;
    const float rate = step.rates[0] * step.rates[1], unbias = step.rates[2];
    for (std::int64_t i = range.begin; i < range.end; ++i) {
        const float gradient = std::abs(latents[i]) <= step.bound ? wide(gradients[i]) : 0.0F;
        first[i] += (1.0F - step.beta1) * (gradient - first[i]);
        second[i] = step.beta2 * second[i] + (1.0F - step.beta2) * gradient * gradient;
        latents[i] -= rate * first[i] / (std::sqrt(second[i] * unbias) + step.epsilon);
        gradients[i] = 0;
        signs[i] = latents[i] >= 0.0F ? one : minusOne;
    }
}

void causalSoftmax(Bf16* scores, std::int64_t known, Shape shape, float* work) {
    for (std::int64_t row = 0; row < shape.rows; ++row) {
        Bf16* values = scores + row * shape.cols;
        const std::int64_t count = std::min(known + row, shape.cols);
        const auto sum = static_cast<float>(exponentials(values, count, work).sum);
        narrowScaled(work, 1.0F / sum, count, values);
        std::fill(values + count, values + shape.cols, Bf16{0});
    }
}

void attend(const float* q, const float* keys, const float* values, std::int64_t queries,
            std::int64_t count, std::int64_t headDim, float* out, float* work) {
    for (std::int64_t i = 0; i < queries; ++i, q += headDim, out += headDim) {
        for (std::int64_t t = 0; t < count; ++t)
            work[t] = dot(q, keys + t * headDim, headDim);
        const float largest = *std::max_element(work, work + count);
        const float sum = exponentiate(work, largest, count);
        std::fill(out, out + headDim, 0.0F);
        for (std::int64_t t = 0; t < count; ++t)
            addScaled(values + t * headDim, work[t] / sum, headDim, out);
    }
}

double divergence(const Bf16* teacher, Bf16* student, std::int64_t cols, float* work) {
    float *p = work, *q = work + cols;
    const Exponentials t = exponentials(teacher, cols, p), s = exponentials(student, cols, q);
    const float mean = meanDifference(teacher, student, p, static_cast<float>(1.0 / t.sum), q,
                                      static_cast<float>(1.0 / s.sum), cols);
    return mean + (s.largest + std::log(s.sum)) - (t.largest + std::log(t.sum));
}

} // namespace bwla::rows
