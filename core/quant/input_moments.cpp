// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/input_moments.h"

#include "core/quant/gram.h"
#include "core/quant/low_rank.h"

#include <ATen/ATen.h>

namespace bwla {

void InputMoments::add(const Matrix& x, const Matrix& xh) {
    const at::Tensor h = gram(xh.tensor()).to(at::kDouble);
    const at::Tensor c = at::matmul(x.tensor().t(), xh.tensor()).to(at::kDouble);
    h_ = Matrix(h_.empty() ? h : h_.tensor() + h);
    c_ = Matrix(c_.empty() ? c : c_.tensor() + c);
    rows_ += x.rows();
}

Matrix InputMoments::h() const {
    const at::Tensor h = h_.tensor() / static_cast<double>(rows_);
    return Matrix((h + h.t()) * 0.5);
}

Matrix InputMoments::c() const {
    return Matrix(c_.tensor() / static_cast<double>(rows_));
}

Matrix shrink(const Matrix& h, double share) {
    const at::Tensor& t = h.tensor();
    return Matrix(t * (1.0 - share) +
                  at::eye(t.size(0), t.options()) * (t.diagonal().mean() * share));
}

Matrix correctedTarget(const Matrix& w, const InputMoments& moments, double t, double shrinkage) {
    if (t == 0.0)
        return w;
    const at::Tensor lower = choleskyFactor(shrink(moments.h(), shrinkage)).tensor();
    const at::Tensor wc = at::matmul(w.tensor().to(at::kDouble), moments.c().tensor());
    const at::Tensor corrected = at::cholesky_solve(wc.t(), lower).t();
    return Matrix(
        ((1.0 - t) * w.tensor() + t * corrected.to(w.tensor().scalar_type())).contiguous());
}

} // namespace bwla
