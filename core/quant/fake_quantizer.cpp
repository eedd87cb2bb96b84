// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/fake_quantizer.h"

#include <torch/csrc/autograd/custom_function.h>

namespace bwla {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct FakeQuantize : torch::autograd::Function<FakeQuantize> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double levels,
                              double clipLow, double clipHigh) {
        const at::Tensor lo = x.amin(-1, true).clamp_max_(0.0).mul_(clipLow);
        const at::Tensor hi = x.amax(-1, true).clamp_min_(0.0).mul_(clipHigh);
        const at::Tensor range = (hi - lo).div_(levels);
        const at::Tensor s = at::where(range > 0, range, at::ones_like(range));
        const at::Tensor z = at::round(-lo / s);
        at::Tensor q = (x / s).round_().add_(z);
        if (clipLow < 1.0 || clipHigh < 1.0) // else at most rounding of z is clamped
            context->save_for_backward({(q >= 0.0).logical_and_(q <= levels)});
        return q.clamp_(0.0, levels).sub_(z).mul_(s);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const variable_list inside = context->get_saved_variables();
        return {inside.empty() ? gradients[0] : gradients[0] * inside[0], at::Tensor(),
                at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor fakeQuantize(const at::Tensor& x, int bits, double clipLow, double clipHigh) {
    return FakeQuantize::apply(x, static_cast<double>((1 << bits) - 1), clipLow, clipHigh);
}

} // namespace bwla
