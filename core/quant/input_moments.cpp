// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/input_moments.h"

#include "core/quant/bf16_cross.h"
#include "core/quant/gram.h"
#include "core/quant/low_rank.h"

#include <ATen/ATen.h>

namespace bwla {
namespace {

Bf16Rows bf16Rows(const at::Tensor& x) {
    return {static_cast<const std::uint16_t*>(x.data_ptr()), x.size(0), x.size(1)};
}

} // namespace

void InputMoments::addBf16(const Matrix& x, const Matrix& xh) {
    const at::Tensor a = x.tensor().contiguous(), b = xh.tensor().contiguous();
    if (h_.empty()) {
        h_ = Matrix(at::zeros({b.size(1), b.size(1)}, at::kFloat));
        c_ = Matrix(at::zeros({a.size(1), b.size(1)}, at::kFloat));
    }
    addBf16Gram(bf16Rows(b), h_.tensor().data_ptr<float>());
    addBf16Cross(bf16Rows(a), bf16Rows(b), c_.tensor().data_ptr<float>());
    rows_ += x.rows();
}

void InputMoments::add(const Matrix& x, const Matrix& xh) {
    if (xh.tensor().scalar_type() == at::kBFloat16) {
        addBf16(x, xh);
        return;
    }
    const at::Tensor h = gram(xh.tensor()).to(at::kDouble);
    const at::Tensor c = at::matmul(x.tensor().t(), xh.tensor()).to(at::kDouble);
    h_ = Matrix(h_.empty() ? h : h_.tensor() + h);
    c_ = Matrix(c_.empty() ? c : c_.tensor() + c);
    rows_ += x.rows();
}

Matrix InputMoments::h() const {
    at::Tensor h = h_.tensor().to(at::kDouble) / static_cast<double>(rows_);
    if (h_.tensor().scalar_type() == at::kFloat) // addBf16Gram() fills the upper half
        h = h.triu() + h.triu(1).t();
    return Matrix((h + h.t()) * 0.5);
}

Matrix InputMoments::c() const {
    return Matrix(c_.tensor().to(at::kDouble) / static_cast<double>(rows_));
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
