// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/quantize_forecast.h"
#include "app/cli/quantize_options.h"
#include "app/cli/quantize_report.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/error_text.h"
#include "core/quant/quantizer_module.h"
#ifdef BWLA_STORE
#include "core/store/run_recorder.h"
#endif

#include <memory>
#include <utility>

namespace bwla {
namespace {

OrderedJson resultDocument(const QuantizeResult& result) {
    return {{"out", result.out},
            {"seconds", result.seconds},
            {"peak_rss_bytes", result.peakRssBytes},
            {"bits_linear", result.ledger.bitsPerWeight()},
            {"layers", result.layers},
            {"layers_resumed", result.layersResumed}};
}

std::string resultText(const QuantizeResult& result) {
    const std::string blocks = result.layersResumed == 0
                                   ? format("%lld blocks", static_cast<long long>(result.layers))
                                   : format("%lld blocks, %lld of them finished before",
                                            static_cast<long long>(result.layers),
                                            static_cast<long long>(result.layersResumed));
    const BitsLedger& ledger = result.ledger;
    std::string bits = format("%.4f", ledger.bitsPerWeight());
    if (ledger.keptWeights > 0)
        bits += format(" (%.1f %% of the weights kept in float, %.4f in the others)",
                       100.0 * ledger.keptShare(), ledger.bitsPerQuantizedWeight());
    return alignedLines({{"Written", result.out},
                         {"Blocks", blocks},
                         {"Bits a weight", bits},
                         {"Time", durationText(result.seconds)},
                         {"Peak memory", bytesText(result.peakRssBytes)}});
}

#ifdef BWLA_STORE
/// Recorded in the store, so that the window's Inspect shows runs of the command line too.
Outcome<QuantizeResult> runQuantizer(QuantizeSettings settings, const Sink<QuantizeEvent>& sink,
                                     const Call& call) {
    const auto job = loadQuantizeJob();
    settings.trace = true;
    RunRecorder recorder(storeFile(), settings, call.commandLine);
    auto outcome = runJob<QuantizeSettings, QuantizeEvent, QuantizeResult>(
        *job, settings,
        [&](const QuantizeEvent& event) {
            recorder.hear(event);
            sink(event);
        },
        call.stop);
    recorder.finish(outcome);
    if (recorder.problem())
        call.console.note("This run was not recorded: " + sentence(*recorder.problem()));
    return outcome;
}
#else
Outcome<QuantizeResult> runQuantizer(const QuantizeSettings& settings,
                                     const Sink<QuantizeEvent>& sink, const Call& call) {
    return runJob(*loadQuantizeJob(), settings, sink, call.stop);
}
#endif

/// What the verbs' own error handling expects.
QuantizeResult resultOf(Outcome<QuantizeResult> outcome) {
    if (outcome.result)
        return std::move(*outcome.result);
    if (outcome.error)
        throw *outcome.error;
    throw Cancelled();
}

void tell(const Forecast& forecast, Console& console) {
    console.event(forecastEvent(forecast));
    console.note(forecastText(forecast));
}

void quantize(const QuantizeOptions& options, const Call& call) {
    const QuantizeSettings settings = options.settings(call.options.threads);
    call.console.whenCancelled("Stopped. Finished blocks are kept: the same command with --resume "
                               "continues.");
    // What is left of an unfinished run takes less.
    bool told = settings.resume;
    const auto sink = [&](const QuantizeEvent& event) {
        if (!std::exchange(told, true)) // by now nothing is in the way of the run
            tell(forecastOf(settings), call.console);
        if (event.finished != nullptr)
            call.console.event(blockEvent(*event.finished));
        if (event.reconstructed != nullptr)
            call.console.event(reconstructionEvent(*event.reconstructed));
        if (event.refined != nullptr)
            call.console.event(refinementEvent(*event.refined));
        call.console.progress(event.progress);
    };
    const QuantizeResult result = resultOf(runQuantizer(settings, sink, call));
    if (call.console.json()) {
        call.console.document(resultDocument(result));
        return;
    }
    if (!result.blocks.empty())
        call.console.line(groupTable(result.blocks) + "\n");
    call.console.line(resultText(result));
}

} // namespace

void addQuantize(Verbs& verbs) {
    auto options = std::make_shared<QuantizeOptions>();
    CLI::App* verb = verbs.add(
        "quantize", "Write a model with 1-bit weights and 6-bit activations",
        [options](const Call& call) { quantize(*options, call); },
        [options](const CommonOptions& common) { (void)options->settings(common.threads); });
    options->addTo(*verb);
}

} // namespace bwla
