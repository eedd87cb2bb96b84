// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/mixture_levels.h"

#include <cmath>
#include <numbers>

namespace bwla {

MixtureLevels boundedLevels(const at::Tensor& a, const at::Tensor& b, double m) {
    const at::Tensor free = (b / m).clamp_min(0.0);
    const at::Tensor freeS2 = (a / m - free * free).clamp_min(0.0);
    const auto onBound = [&](double k) {
        return (-b + at::sqrt(b * b + 4.0 * m * k * k * a)) / (2.0 * m * k * k);
    };
    const at::Tensor low = freeS2 < free * free * (spreadLow * spreadLow);
    const at::Tensor high = freeS2 > free * free * (spreadHigh * spreadHigh);
    const at::Tensor cLow = onBound(spreadLow), cHigh = onBound(spreadHigh);
    const at::Tensor c = at::where(high, cHigh, at::where(low, cLow, free)).clamp_min(1e-12);
    const at::Tensor s2 = at::where(high, c * c * (spreadHigh * spreadHigh),
                                    at::where(low, c * c * (spreadLow * spreadLow), freeS2));
    return {c, s2.clamp_min(1e-24)};
}

double mixtureLogLikelihood(const at::Tensor& w, const MixtureLevels& levels) {
    const at::Tensor w64 = w.to(at::kDouble), c = levels.c.to(at::kDouble),
                     s2 = levels.s2.to(at::kDouble);
    const at::Tensor x = (w64 * c / s2).abs();
    // log cosh x without overflow
    const at::Tensor logCosh = x + at::log1p(at::exp(-2.0 * x)) - std::numbers::ln2;
    const at::Tensor rows =
        (logCosh - (w64 * w64 + c * c) / (2.0 * s2) - 0.5 * at::log(2.0 * std::numbers::pi * s2));
    return rows.sum().item<double>();
}

MixtureLevels initialLevels(const at::Tensor& w) {
    const at::Tensor c = w.abs().mean(1, true).clamp_min(1e-12);
    return {c, c * c * 0.25};
}

} // namespace bwla
