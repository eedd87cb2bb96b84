// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/load.h"

#include "core/model/byte_tables.h"

namespace bwla {

std::string backendInUse(const CommonOptions& options) {
    if (options.backend.empty()) {
        const auto devices = vulkanDevices(); // GPUs first
        const bool gpu = !devices.empty() && devices[0].isGpu() && devices[0].missing.empty();
        return gpu ? "vulkan" : "cpu";
    }
    return options.backend;
}

VulkanOptions vulkanOptions(const CommonOptions& options) {
    VulkanOptions vulkan;
    vulkan.allowSoftware = options.backend == "vulkan";
    if (!options.kernels.empty())
        vulkan.kernels = options.kernels == "measure" ? KernelMode::measure : KernelMode::defaults;
    return vulkan;
}

std::unique_ptr<Backend> makeBackend(const CommonOptions& options, const EngineOptions& engine) {
    const int cacheBits = engine.kind() == WeightKind::f32 ? 32 : engine.cacheBits;
    const std::string name = backendInUse(options);
    if (name == "reference")
        return makeReferenceBackend();
    if (name == "cpu")
        return makeCpuBackend({.threads = options.threads, .cacheBits = cacheBits});
    VulkanOptions vulkan = vulkanOptions(options);
    vulkan.cacheBits = cacheBits;
    return makeVulkanBackend(vulkan);
}

void EngineOptions::addTo(CLI::App& verb) {
    verb.add_option("--weights", weights, "Weights of an original: f16 or f32 (default: f16)")
        ->check(CLI::IsMember({"f16", "f32"}));
    verb.add_option("--activation-bits", activationBits,
                    "16 (float), 8, 6 or 4 (default: what the model was made for)")
        ->check(CLI::IsMember({16, 8, 6, 4}));
    verb.add_option("--tables", tableBits,
                    "Bits of an original's embedding and head: 8, as a quantized model's are, or "
                    "those of --weights (default)")
        ->check(CLI::IsMember({8}));
    verb.add_option("--kv", cacheBits,
                    "Bits of keys and values in the cache: 16, or 8 for half the memory "
                    "(default: 16; 32 with --weights f32)")
        ->check(CLI::IsMember({16, 8}));
}

WeightKind EngineOptions::kind() const {
    return weights == "f32" ? WeightKind::f32 : WeightKind::f16;
}

std::unique_ptr<Transformer> loadTransformer(Backend& backend, OpenModel& model,
                                             const EngineOptions& options, const Call& call) {
    const auto loaded = [&](double share) {
        Progress progress;
        progress.phase = "load";
        progress.fraction = share;
        call.console.progress(progress);
    };
    const ModelWeights& weights = model.weights(options.kind());
    if (options.tableBits == 8)
        return std::make_unique<Transformer>(backend, ByteTables(weights), loaded, call.stop);
    return std::make_unique<Transformer>(backend, weights, loaded, call.stop);
}

int bitsInUse(const Transformer& model, const EngineOptions& options) {
    return options.activationBits != 0 ? options.activationBits : model.activationBits();
}

std::string formatInUse(const OpenModel& model, const EngineOptions& options, int activationBits) {
    if (model.artifact() != nullptr)
        return "w1a" + std::to_string(activationBits);
    return activationBits == 16 ? options.weights
                                : options.weights + "a" + std::to_string(activationBits);
}

} // namespace bwla
