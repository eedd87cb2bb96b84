// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kronecker rotations R = R1 (x) R2 in row-major order: with X = reshape(x, m1, m2),
// R' x = vec(R1' X R2) (design 2). They are never formed as m x m matrices.
#pragma once

#include "core/model/quantized_block.h"
#include "core/quant/matrix.h"

#include <cstdint>
#include <string>
#include <utility>

namespace bwla {

/// R1 (m1, m1) and R2 (m2, m2). The engine has a type Rotation of its own.
struct KroneckerRotation {
    Matrix r1;
    Matrix r2;
};

/// The rows of x (k, m1*m2) times R: row i becomes vec(R1' X_i R2). Result (k, m1*m2).
[[nodiscard]] Matrix rotateRows(const Matrix& x, const KroneckerRotation& r);

/// H' = R' H R for symmetric H (m, m).
[[nodiscard]] Matrix rotateMoment(const Matrix& h, const KroneckerRotation& r);

/// The pair ((R1')^-1, (R2')^-1): W' = W (R')^-1 keeps W' R'x = W x exactly, also for factors that
/// rounding made slightly non-orthogonal.
[[nodiscard]] KroneckerRotation inverseTranspose(const KroneckerRotation& r);

/// Orthogonal factors drawn from the seed: Procrustes of Gaussian matrices.
[[nodiscard]] KroneckerRotation randomRotation(int m1, int m2, std::uint64_t seed,
                                               const std::string& device,
                                               Precision precision = Precision::f32);
/// Normalised Hadamard matrices with the signs of rows drawn from the seed, the rotation of QuIP#
/// and QuaRot; int8 holds it exactly. Throws Error{badArgument} for a factor that hadamardMatrix
/// lacks.
[[nodiscard]] KroneckerRotation hadamardRotation(int m1, int m2, std::uint64_t seed,
                                                 const std::string& device,
                                                 Precision precision = Precision::f32);
[[nodiscard]] KroneckerRotation identityRotation(int m1, int m2, const std::string& device,
                                                 Precision precision = Precision::f32);

/// int8 with one scale (largest |value| / 127).
[[nodiscard]] StoredFactor storeFactor(const Matrix& factor);
/// The values that storeFactor kept.
[[nodiscard]] Matrix loadFactor(const StoredFactor& factor, const std::string& device,
                                Precision precision = Precision::f32);

} // namespace bwla
