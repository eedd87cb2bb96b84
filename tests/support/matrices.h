// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/matrix.h"

#include <cmath>
#include <random>
#include <vector>

namespace bwla::test {

/// Gaussian (rows, cols) from a seed; rows of uneven size where `uneven`, as real layers have.
inline Matrix gaussian(std::int64_t rows, std::int64_t cols, unsigned seed, bool uneven = false,
                       Precision precision = Precision::f32) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values;
    for (std::int64_t i = 0; i < rows; ++i) {
        const float size = uneven ? std::exp(0.7F * normal(random)) : 1.0F;
        for (std::int64_t j = 0; j < cols; ++j)
            values.push_back(size * normal(random));
    }
    return Matrix::fromHost(rows, cols, values, "cpu", precision);
}

/// A second moment with a steep spectrum: X'X / k of k rows whose channels have uneven scales.
inline Matrix moment(std::int64_t cols, unsigned seed, Precision precision = Precision::f32) {
    const std::int64_t k = 2 * cols;
    std::vector<float> x = gaussian(k, cols, seed).toHost();
    std::mt19937 random(seed + 1);
    std::normal_distribution<float> normal;
    std::vector<float> h(static_cast<std::size_t>(cols * cols), 0.0F), scale;
    for (std::int64_t j = 0; j < cols; ++j)
        scale.push_back(std::exp(normal(random)));
    for (std::int64_t i = 0; i < k; ++i)
        for (std::int64_t a = 0; a < cols; ++a)
            for (std::int64_t b = 0; b < cols; ++b)
                h[a * cols + b] +=
                    x[i * cols + a] * scale[a] * x[i * cols + b] * scale[b] / static_cast<float>(k);
    return Matrix::fromHost(cols, cols, h, "cpu", precision);
}

/// max |a - b| / max |b|.
inline double relativeDifference(const std::vector<double>& a, const std::vector<double>& b) {
    double difference = 0.0, size = 0.0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        difference = std::max(difference, std::abs(a[i] - b[i]));
        size = std::max(size, std::abs(b[i]));
    }
    return a.size() == b.size() ? difference / size : INFINITY;
}

/// Rows of a (n, k) times b (k, m) in double.
inline std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b,
                                   std::int64_t n, std::int64_t k, std::int64_t m) {
    std::vector<double> out(static_cast<std::size_t>(n * m), 0.0);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t l = 0; l < k; ++l)
            for (std::int64_t j = 0; j < m; ++j)
                out[i * m + j] += a[i * k + l] * b[l * m + j];
    return out;
}

/// max |Q'Q - I|.
inline double orthogonalityError(const Matrix& q) {
    const auto v = q.toHostF64();
    const std::int64_t n = q.rows();
    double worst = 0.0;
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) {
            double dot = i == j ? -1.0 : 0.0;
            for (std::int64_t k = 0; k < n; ++k)
                dot += v[k * n + i] * v[k * n + j];
            worst = std::max(worst, std::abs(dot));
        }
    return worst;
}

} // namespace bwla::test
