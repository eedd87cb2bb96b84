// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_quantizer.h"

#include <ATen/ATen.h>

namespace bwla {

Matrix quantizeRows(const Matrix& x, int bits, double clip) {
    const at::Tensor& t = x.tensor();
    const double levels = (1 << bits) - 1;
    const at::Tensor lo = std::get<0>(t.min(1, true)).clamp_max(0.0) * clip;
    const at::Tensor hi = std::get<0>(t.max(1, true)).clamp_min(0.0) * clip;
    const at::Tensor range = (hi - lo) / levels;
    const at::Tensor s = at::where(range > 0, range, at::ones_like(range));
    const at::Tensor z = at::round(-lo / s);
    const at::Tensor q = (at::round(t / s) + z).clamp(0.0, levels);
    return Matrix((q - z) * s);
}

double bestClip(const Matrix& x, const Matrix& w, int bits) {
    double best = 1.0, least = -1.0;
    for (const double clip : clipChoices) {
        const at::Tensor e = quantizeRows(x, bits, clip).tensor() - x.tensor();
        const double error = at::matmul(e, w.tensor().t()).square().sum(at::kDouble).item<double>();
        if (least < 0.0 || error < least) {
            least = error;
            best = clip;
        }
    }
    return best;
}

} // namespace bwla
