// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace bwla {

/// A Hadamard matrix: entries +1 and -1, rows orthogonal, order x order row-major. By doubling
/// (Sylvester 1867), from the squares modulo a prime (Paley 1933, both constructions) and by
/// Kronecker products of these; empty for orders that they do not reach (odd ones, 92, ...).
[[nodiscard]] std::vector<std::int8_t> hadamardMatrix(int order);

} // namespace bwla
