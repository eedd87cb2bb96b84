// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/refine_journal.h"

#include "core/model/tensor_names.h"

#include <algorithm>
#include <utility>

namespace bwla {
namespace {

/// Of file and self-written text each, kept apart on a GPU: 0.3 s to measure. On a CPU 8 windows
/// would take half a minute.
constexpr std::int64_t heldWindows = 8;

/// Tokens to be written. A CPU takes 2 ms a token, an H200 5 us; scales learn little by heart,
/// signs much: after seven readings the KL on such text is .18 nats below that on text kept apart,
/// after two .05 (docs/quality.md).
std::int64_t selfTokens(const QuantizeSettings& s, std::int64_t toRead) {
    if (s.device == "cpu")
        return std::min<std::int64_t>(toRead / 8, 32'768);
    if (s.refinement == Refinement::scales)
        return std::min<std::int64_t>(toRead / 8, 2'097'152);
    return std::min<std::int64_t>(toRead / 5, 41'943'040);
}

/// Tokens that the refinement reads; in a run of so many minutes, about.
std::int64_t tokensToRead(QuantizeSettings s, std::int64_t parameters) {
    const double seconds = 60.0 * std::exchange(s.klMinutes, 0.0);
    if (seconds <= 0.0)
        return s.klTokens > 0 ? s.klTokens : usualKlTokens(s);
    s.klTokens = 0;
    return static_cast<std::int64_t>(seconds / refinementSecondsGuess(s, parameters) *
                                     static_cast<double>(usualKlTokens(s)));
}

KlSettings klSettings(const QuantizeSettings& s, std::int64_t parameters) {
    KlSettings kl;
    kl.tokens = tokensToRead(s, parameters);
    kl.minutes = s.klMinutes;
    kl.stepTokens = s.klStep;
    kl.windowTokens = s.klWindow;
    kl.signs = s.refinement == Refinement::signs;
    kl.latentSpread = s.latentSpread;
    kl.latentRate = s.latentRate;
    kl.rotationRate = s.rotationRate;
    kl.rateFactor = s.klRate;
    kl.activationBits = s.activationBits;
    kl.reconstruction.epochs = s.reconstructEpochs;
    kl.reconstruction.tokens = s.reconstructTokens;
    kl.reconstruction.stepTokens = s.reconstructStep;
    kl.reconstruction.latentRate = s.reconstructRate;
    kl.seed = s.seed;
    kl.device = s.device;
    return kl;
}

} // namespace

RefinedModel closedForm(const BlockJournal& journal, const ModelSource& source) {
    RefinedModel model{{}, source.tensor(finalNormName)};
    for (std::int64_t layer = 0; layer < source.config().layers; ++layer)
        model.blocks.push_back(journal.read(layer));
    return model;
}

RefinedModel refineJournal(const BlockJournal& journal, const ModelSource& source,
                           const QuantizeSettings& settings, const RefinementEvents& events,
                           std::stop_token stop) {
    const KlSettings kl = klSettings(settings, source.config().parameters());
    const RefinedModel start = closedForm(journal, source);
    const std::int64_t window = klBatch(kl, source.config()).window;
    const KlTextSize size{window, std::max(window, selfTokens(settings, kl.tokens)), kl.tokens,
                          settings.device == "cpu" ? 0 : heldWindows};
    const KlText text = makeKlText(source, settings, size, events.writing, stop);
    return refineByKl(source, start, text, kl, journal.refinementFile(), events.point, stop,
                      events.reconstructed);
}

} // namespace bwla
