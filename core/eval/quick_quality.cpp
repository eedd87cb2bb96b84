// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/quick_quality.h"

#include "core/model/open_model.h"

namespace bwla {
namespace {

constexpr WindowRule quickRule{.length = 256, .firstRow = 63, .bos = -1};

QuickQualityResult measureOn(Backend& backend, const QuickQualitySettings& settings,
                             const Sink<QuickQualityEvent>& sink, const std::stop_token& stop) {
    QuickQualityResult result;
    result.device = backend.info().device;
    const auto measure = [&](const std::string& path, const char* phase, double start) {
        const auto report = [&](double share) {
            throwIfStopped(stop);
            QuickQualityEvent event;
            event.progress.phase = phase;
            event.progress.fraction = start + 0.5 * share;
            sink(event);
        };
        OpenModel model(path);
        const Tokenizer tokenizer(model.tokenizer());
        const auto tokens = tokenizer.encode(settings.text, false);
        Transformer transformer(
            backend, model.weights(WeightKind::f16), [&](double share) { report(0.3 * share); },
            stop);
        Session session(transformer, quickRule.length);
        result.activationBits = session.activationBits();
        return perplexity(
            session, tokens, quickRule, settings.windows,
            [&](std::int64_t done, std::int64_t all, double) {
                report(0.3 + 0.7 * static_cast<double>(done) / static_cast<double>(all));
            },
            stop);
    };
    result.original = measure(settings.original, "original", 0.0);
    result.quantized = measure(settings.quantized, "quantized", 0.5);
    return result;
}

} // namespace

QuickQualityResult QuickQualityJob::run(const QuickQualitySettings& settings,
                                        const Sink<QuickQualityEvent>& sink, std::stop_token stop) {
    std::string reason;
    try {
        return measureOn(*makeBackend_(), settings, sink, stop);
    } catch (const KernelError& error) {
        if (!otherwise_)
            throw;
        reason = error.what();
    }
    QuickQualityResult result = measureOn(*otherwise_(), settings, sink, stop);
    result.fellBack = reason;
    return result;
}

} // namespace bwla
