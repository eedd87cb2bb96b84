// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/quantize_options.h"
#include "app/cli/quantize_report.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/quant/quantizer_module.h"

#include <memory>

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
    return alignedLines({{"Written", result.out},
                         {"Blocks", blocks},
                         {"Bits a weight", format("%.4f", result.ledger.bitsPerWeight())},
                         {"Time", durationText(result.seconds)},
                         {"Peak memory", bytesText(result.peakRssBytes)}});
}

void quantize(const QuantizeOptions& options, const Call& call) {
    const QuantizeSettings settings = options.settings(call.options.threads);
    call.console.whenCancelled("Stopped. Finished blocks are kept: the same command with --resume "
                               "continues.");
    const auto sink = [&](const QuantizeEvent& event) {
        if (event.finished != nullptr)
            call.console.event(blockEvent(*event.finished));
        if (event.refined != nullptr)
            call.console.event(refinementEvent(*event.refined));
        call.console.progress(event.progress);
    };
    const QuantizeResult result = loadQuantizeJob()->run(settings, sink, call.stop);
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
    CLI::App* verb = verbs.add("quantize", "Write a model with 1-bit weights and 6-bit activations",
                               [options](const Call& call) { quantize(*options, call); });
    options->addTo(*verb);
}

} // namespace bwla
