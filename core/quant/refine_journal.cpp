// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/refine_journal.h"

#include "core/model/tensor_names.h"

#include <algorithm>

namespace bwla {
namespace {

// Self-written tokens, at most: writing them takes a CPU 2 ms a token, an H200 4 us.
constexpr std::int64_t mostSelfOnCpu = 32'768, mostSelfOnGpu = 2'097'152;

KlSettings klSettings(const QuantizeSettings& s) {
    KlSettings kl;
    kl.tokens = s.klTokens > 0 ? s.klTokens : usualKlTokens(s);
    kl.minutes = s.klMinutes;
    kl.signs = s.refinement == Refinement::signs;
    kl.latentSpread = s.latentSpread;
    kl.latentRate = s.latentRate;
    kl.activationBits = s.activationBits;
    kl.seed = s.seed;
    kl.device = s.device;
    return kl;
}

} // namespace

RefinedModel refineJournal(const BlockJournal& journal, const ModelSource& source,
                           const QuantizeSettings& settings, const RefinementEvents& events,
                           std::stop_token stop) {
    const KlSettings kl = klSettings(settings);
    RefinedModel start{{}, source.tensor(finalNormName)};
    for (std::int64_t layer = 0; layer < source.config().layers; ++layer)
        start.blocks.push_back(journal.read(layer));
    const std::int64_t most = settings.device == "cpu" ? mostSelfOnCpu : mostSelfOnGpu;
    const std::int64_t window = klBatch(settings.device, source.config()).window;
    const KlText text =
        makeKlText(source, settings,
                   {window, std::clamp(kl.tokens / 8, window, std::max(most, window)), kl.tokens},
                   events.writing, stop);
    return refineByKl(source, start, text, kl, journal.refinementFile(), events.point, stop);
}

} // namespace bwla
