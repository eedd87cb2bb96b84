// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kl_text.h"

#include "core/quant/calibration.h"

#include <algorithm>
#include <limits>

namespace bwla {

KlText makeKlText(const ModelSource& model, const QuantizeSettings& settings,
                  const KlTextSize& size, const std::function<void(double)>& progress,
                  std::stop_token stop) {
    const std::vector<std::int32_t> ids = calibrationText(model, settings);
    KlText text;
    text.file = windowsOf(ids, size.window, std::numeric_limits<std::int64_t>::max());
    if (hasSelf(settings)) {
        const std::int64_t sample = std::min<std::int64_t>(size.window, 512);
        text.self = selfWindows(model, {size.window, sample, size.selfTokens, ids}, settings,
                                progress, std::move(stop));
    }
    const double once = static_cast<double>(ids.size()) /
                        static_cast<double>(std::max<std::int64_t>(1, size.tokensToRead));
    text.fileShare =
        text.self.empty() ? 1.0 : std::clamp(2.0 * once, std::min(0.2, 8.0 * once), 0.5);
    return text;
}

} // namespace bwla
