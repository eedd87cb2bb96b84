// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/hadamard.h"

namespace bwla {
namespace {

/// Entries -1, 0, 1; rows of `order`.
struct SquareMatrix {
    int order = 0;
    std::vector<std::int8_t> values;

    explicit SquareMatrix(int size)
        : order(size), values(static_cast<std::size_t>(size) * static_cast<std::size_t>(size)) {}
    std::int8_t& at(int row, int col) {
        return values[static_cast<std::size_t>(row) * static_cast<std::size_t>(order) +
                      static_cast<std::size_t>(col)];
    }
};

bool isPrime(int n) {
    for (int d = 2; d * d <= n; ++d)
        if (n % d == 0)
            return false;
    return n >= 2;
}

/// The bordered matrix of the quadratic character chi(col - row) modulo the prime q, order q + 1:
/// rows are orthogonal; symmetric for q = 1 mod 4, and for q = 3 mod 4 skew with `lowerBorder` -1.
SquareMatrix paleyCore(int q, std::int8_t lowerBorder) {
    std::vector<std::int8_t> character(static_cast<std::size_t>(q), -1);
    for (std::int64_t i = 1; i < q; ++i)
        character[static_cast<std::size_t>(i * i % q)] = 1;
    character[0] = 0;
    SquareMatrix core(q + 1);
    for (int i = 0; i < q; ++i) {
        core.at(0, i + 1) = 1;
        core.at(i + 1, 0) = lowerBorder;
        for (int j = 0; j < q; ++j)
            core.at(i + 1, j + 1) = character[static_cast<std::size_t>((j - i + q) % q)];
    }
    return core;
}

/// Order q + 1, q = 3 mod 4: the skew core plus the identity.
std::vector<std::int8_t> firstPaley(int q) {
    SquareMatrix matrix = paleyCore(q, -1);
    for (int i = 0; i <= q; ++i)
        matrix.at(i, i) = 1;
    return matrix.values;
}

/// Order 2 (q + 1), q = 1 mod 4: core (x) [1 1; 1 -1] + identity (x) [1 -1; -1 -1].
std::vector<std::int8_t> secondPaley(int q) {
    SquareMatrix core = paleyCore(q, 1), matrix(2 * (q + 1));
    for (int i = 0; i <= q; ++i)
        for (int j = 0; j <= q; ++j) {
            const auto value = static_cast<std::int8_t>(i == j ? 1 : core.at(i, j));
            const auto turned = static_cast<std::int8_t>(i == j ? -value : value);
            matrix.at(2 * i, 2 * j) = value;
            matrix.at(2 * i, 2 * j + 1) = turned;
            matrix.at(2 * i + 1, 2 * j) = turned;
            matrix.at(2 * i + 1, 2 * j + 1) = static_cast<std::int8_t>(-value);
        }
    return matrix.values;
}

std::vector<std::int8_t> kronecker(const std::vector<std::int8_t>& a, int m,
                                   const std::vector<std::int8_t>& b, int n) {
    SquareMatrix product(m * n);
    for (int i = 0; i < m * n; ++i)
        for (int j = 0; j < m * n; ++j)
            product.at(i, j) =
                static_cast<std::int8_t>(a[static_cast<std::size_t>(i / n * m + j / n)] *
                                         b[static_cast<std::size_t>(i % n * n + j % n)]);
    return product.values;
}

} // namespace

std::vector<std::int8_t> hadamardMatrix(int order) {
    if (order == 1)
        return {1};
    if (order == 2)
        return {1, 1, 1, -1};
    if (order < 4 || order % 4 != 0)
        return {};
    for (int factor = 2; factor * factor <= order; ++factor) {
        if (order % factor != 0)
            continue;
        const auto small = hadamardMatrix(factor), large = hadamardMatrix(order / factor);
        if (!small.empty() && !large.empty())
            return kronecker(small, factor, large, order / factor);
    }
    if (isPrime(order - 1))
        return firstPaley(order - 1);
    if (isPrime(order / 2 - 1) && order / 2 % 4 == 2)
        return secondPaley(order / 2 - 1);
    return {};
}

} // namespace bwla
