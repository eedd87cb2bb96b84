// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kl_text.h"

#include "core/quant/calibration.h"

#include <algorithm>
#include <limits>

namespace bwla {
namespace {

constexpr double leastFileShare = 0.1;

} // namespace

KlText makeKlText(const ModelSource& model, const QuantizeSettings& settings,
                  const KlTextSize& size, const std::function<void(double)>& progress,
                  std::stop_token stop) {
    const std::vector<std::int32_t> ids = calibrationText(model, settings);
    KlText text;
    const double once = static_cast<double>(ids.size()) /
                        static_cast<double>(std::max<std::int64_t>(1, size.tokensToRead));
    text.fileShare = std::clamp(2.0 * once, leastFileShare, 0.5);
    const bool again = 2.0 * once < text.fileShare;
    text.file = windowsOf(ids, size.window, std::numeric_limits<std::int64_t>::max(),
                          again ? size.window / 8 : size.window);
    if (hasSelf(settings)) {
        const std::int64_t sample = std::min<std::int64_t>(size.window, 512);
        text.self = selfWindows(model, {size.window, sample, size.selfTokens, ids}, settings,
                                progress, std::move(stop));
    }
    if (text.file.empty())
        text.fileShare = 0.0;
    if (text.self.empty())
        text.fileShare = 1.0;
    return text;
}

} // namespace bwla
