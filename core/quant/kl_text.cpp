// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kl_text.h"

#include "core/quant/calibration.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

namespace bwla {
namespace {

using Windows = std::vector<std::vector<std::int32_t>>;

constexpr std::int64_t leastTimesHeld = 20;

/// How what is written for training begins. Signs read far more than a calibration does: half of
/// their chats have questions of their own, and pieces are long, since the text behind them is
/// nearer to people's (KL on text kept apart: docs/quality.md).
struct Manner {
    double leastFileShare = 0.1;
    std::span<const Opening> openings = calibrationOpenings;
    std::int64_t pieceTokens = SelfText().pieceTokens;
};
constexpr std::array openingsForSigns{Opening::nothing, Opening::question, Opening::piece,
                                      Opening::piece,   Opening::chat,     Opening::piece,
                                      Opening::piece,   Opening::piece};
constexpr Manner mannerForSigns{0.05, openingsForSigns, 192};

/// The last windows of a text; nothing where it is short.
Windows takeHeldOut(std::vector<std::int32_t>& ids, const KlTextSize& size) {
    const std::int64_t most = static_cast<std::int64_t>(ids.size()) / size.window / leastTimesHeld;
    const std::int64_t tokens = std::min(most, size.heldWindows) * size.window;
    if (tokens == 0)
        return {};
    const Windows held = windowsOf(std::span(ids).last(static_cast<std::size_t>(tokens)),
                                   size.window, size.heldWindows, size.window);
    ids.resize(ids.size() - static_cast<std::size_t>(tokens));
    return held;
}

Windows takeHeldOut(Windows& windows, std::int64_t count) {
    count = std::min(count, static_cast<std::int64_t>(windows.size()) / leastTimesHeld);
    const Windows held(windows.end() - count, windows.end());
    windows.resize(windows.size() - held.size());
    return held;
}

} // namespace

KlText makeKlText(const ModelSource& model, const QuantizeSettings& settings,
                  const KlTextSize& size, const std::function<void(double)>& progress,
                  std::stop_token stop) {
    const Manner manner = settings.refinement == Refinement::signs ? mannerForSigns : Manner();
    std::vector<std::int32_t> ids = calibrationText(model, settings);
    KlText text;
    text.heldFile = takeHeldOut(ids, size);
    const double once = static_cast<double>(ids.size()) /
                        static_cast<double>(std::max<std::int64_t>(1, size.tokensToRead));
    text.fileShare = std::max(manner.leastFileShare, std::min(2.0 * once, settings.fileShare));
    const bool again = 2.0 * once < text.fileShare;
    text.file = windowsOf(ids, size.window, std::numeric_limits<std::int64_t>::max(),
                          again ? size.window / 8 : size.window);
    if (hasSelf(settings)) {
        const std::int64_t sample = std::min<std::int64_t>(size.window, 512);
        const SelfText wanted{size.window, sample,          size.selfTokens,
                              ids,         manner.openings, manner.pieceTokens};
        text.self = selfWindows(model, wanted, settings, progress, std::move(stop));
        text.heldSelf = takeHeldOut(text.self, size.heldWindows);
    }
    if (text.file.empty())
        text.fileShare = 0.0;
    if (text.self.empty())
        text.fileShare = 1.0;
    return text;
}

} // namespace bwla
