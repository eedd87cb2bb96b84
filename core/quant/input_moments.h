// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/matrix.h"

namespace bwla {

/// Second moments of a group's inputs over the calibration tokens: H = E[xh xh'] and C = E[x xh'],
/// x (k, m) from the float stream, xh from the quantized prefix. Products in float32 per call, sums
/// in double; of bfloat16 rows on a CPU all sums in float32.
class InputMoments {
public:
    /// Rows of one chunk of tokens; both (k, m).
    void add(const Matrix& x, const Matrix& xh);
    [[nodiscard]] Matrix h() const; ///< double, (m, m)
    [[nodiscard]] Matrix c() const; ///< double, (m, m)

private:
    void addBf16(const Matrix& x, const Matrix& xh);

    Matrix h_, c_; ///< sums
    std::int64_t rows_ = 0;
};

/// (1 - share) H + share * mean(diag H) I: what 16k tokens do not say about 1536 directions.
[[nodiscard]] Matrix shrink(const Matrix& h, double share);

/// W* = (1 - t) W + t W C (H + ridge)^-1: the float layer's output best rebuilt from the quantized
/// prefix's input, mixed with W. ridge: `shrinkage` of H toward its mean diagonal. W (n, m) f32,
/// the solve in double.
[[nodiscard]] Matrix correctedTarget(const Matrix& w, const InputMoments& moments, double t,
                                     double shrinkage);

} // namespace bwla
