// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/inspect/kronecker_map.h"

#include "core/error.h"

#include <cmath>
#include <cstddef>
#include <utility>

namespace bwla {
namespace {

using Square = std::vector<double>;

std::size_t at(std::int64_t row, std::int64_t col, std::int64_t size) {
    return static_cast<std::size_t>(row * size + col);
}

Square transposed(std::span<const float> factor, std::int64_t size) {
    Square result(factor.size());
    for (std::int64_t i = 0; i < size; ++i)
        for (std::int64_t j = 0; j < size; ++j)
            result[at(j, i, size)] = factor[at(i, j, size)];
    return result;
}

/// Gauss-Jordan with row pivoting. Stored factors are near orthogonal and at most some hundred
/// wide.
Square inverted(Square a, std::int64_t n) {
    Square inverse(a.size());
    for (std::int64_t i = 0; i < n; ++i)
        inverse[at(i, i, n)] = 1.0;
    for (std::int64_t column = 0; column < n; ++column) {
        std::int64_t pivot = column;
        for (std::int64_t i = column + 1; i < n; ++i)
            if (std::abs(a[at(i, column, n)]) > std::abs(a[at(pivot, column, n)]))
                pivot = i;
        const double value = a[at(pivot, column, n)];
        if (value == 0.0)
            throw Error(ErrorCode::corrupt).because("a rotation factor is singular");
        for (std::int64_t j = 0; j < n; ++j) {
            std::swap(a[at(pivot, j, n)], a[at(column, j, n)]);
            std::swap(inverse[at(pivot, j, n)], inverse[at(column, j, n)]);
        }
        for (std::int64_t j = 0; j < n; ++j) {
            a[at(column, j, n)] /= value;
            inverse[at(column, j, n)] /= value;
        }
        for (std::int64_t i = 0; i < n; ++i) {
            const double share = a[at(i, column, n)];
            if (i == column || share == 0.0)
                continue;
            for (std::int64_t j = 0; j < n; ++j) {
                a[at(i, j, n)] -= share * a[at(column, j, n)];
                inverse[at(i, j, n)] -= share * inverse[at(column, j, n)];
            }
        }
    }
    return inverse;
}

/// c += a b, (n, k) (k, m).
void addProduct(const double* a, const double* b, double* c, std::int64_t n, std::int64_t k,
                std::int64_t m) {
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t l = 0; l < k; ++l) {
            const double share = a[i * k + l];
            for (std::int64_t j = 0; j < m; ++j)
                c[i * m + j] += share * b[l * m + j];
        }
}

} // namespace

KroneckerMap KroneckerMap::inverse(std::span<const float> r1, std::span<const float> r2,
                                   std::int64_t m1, std::int64_t m2) {
    KroneckerMap map;
    if (m1 == 0)
        return map;
    map.m1_ = m1;
    map.m2_ = m2;
    map.left_ = inverted(Square(r1.begin(), r1.end()), m1);
    map.right_ = inverted(transposed(r2, m2), m2); // R2^-T
    return map;
}

KroneckerMap KroneckerMap::forward(std::span<const float> r1, std::span<const float> r2,
                                   std::int64_t m1, std::int64_t m2) {
    KroneckerMap map;
    map.m1_ = m1;
    map.m2_ = m2;
    map.left_ = transposed(r1, m1);
    map.right_.assign(r2.begin(), r2.end());
    return map;
}

std::vector<float> KroneckerMap::apply(std::span<const float> row) const {
    if (m1_ == 0)
        return {row.begin(), row.end()};
    const std::vector<double> v(row.begin(), row.end());
    std::vector<double> half(v.size()), full(v.size());
    addProduct(left_.data(), v.data(), half.data(), m1_, m1_, m2_);
    addProduct(half.data(), right_.data(), full.data(), m1_, m2_, m2_);
    return {full.begin(), full.end()};
}

} // namespace bwla
