// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/engine.h"

#include "cli/text.h"

namespace bwla {

std::unique_ptr<Backend> makeBackend(const CommonOptions& options) {
    if (options.backend.empty() || options.backend == "cpu")
        return makeCpuBackend({.threads = options.threads});
    if (options.backend == "reference")
        return makeReferenceBackend();
    throw Error(ErrorCode::badArgument)
        .because("This build has no backend \"" + options.backend +
                 "\"; cpu and reference are there.");
}

void EngineOptions::addTo(CLI::App& verb) {
    verb.add_option("--weights", weights, "Weights of an original: f16 or f32 (default: f16)")
        ->check(CLI::IsMember({"f16", "f32"}));
    verb.add_option("--activation-bits", activationBits,
                    "16 (float), 8, 6 or 4 (default: what the model was made for)")
        ->check(CLI::IsMember({16, 8, 6, 4}));
}

WeightKind EngineOptions::kind() const {
    return weights == "f32" ? WeightKind::f32 : WeightKind::f16;
}

Engine::Engine(OpenModel& model, const EngineOptions& options, const Call& call)
    : backend_(makeBackend(call.options)) {
    const ModelWeights& weights = model.weights(options.kind());
    const auto loaded = [&](double share) {
        call.console.progress({.phase = "load", .step = {}, .fraction = share});
    };
    transformer_ = std::make_unique<Transformer>(*backend_, weights, loaded, call.stop);
    activationBits_ =
        options.activationBits != 0 ? options.activationBits : weights.activationBits();
    format_ = weights.format();
}

} // namespace bwla
