// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/verbs.h"
#include "core/engine/transformer.h"
#include "core/model/open_model.h"
#include "kernels/backend.h"
#include "kernels/vulkan_backend.h"

#include <memory>
#include <string>

namespace bwla {

/// --weights, --activation-bits and --kv, for verbs that run a model.
struct EngineOptions {
    std::string weights = "f16"; ///< "f16" or "f32", of originals; artifacts have their own
    int activationBits = 0;      ///< 16, 8, 6, 4; 0 = the model's own
    int tableBits = 0;           ///< of an original's embedding and head: 8; 0 = as weights
    int cacheBits = 16;          ///< of keys and values: 16 or 8; 32 with weights f32

    void addTo(CLI::App& verb);
    [[nodiscard]] WeightKind kind() const;
};

/// "vulkan", "cpu" or "reference": what --backend names, else vulkan where this machine has a
/// usable GPU, else cpu.
[[nodiscard]] std::string backendInUse(const CommonOptions& options);
/// A Vulkan device for a backend that was named or chosen: software devices only where named.
[[nodiscard]] VulkanOptions vulkanOptions(const CommonOptions& options);
/// That backend; with --weights f32 its cache is float32 too. Throws KernelError.
[[nodiscard]] std::unique_ptr<Backend> makeBackend(const CommonOptions& options,
                                                   const EngineOptions& engine = {});

/// Uploads a model and shows the progress of it.
[[nodiscard]] std::unique_ptr<Transformer>
loadTransformer(Backend& backend, OpenModel& model, const EngineOptions& options, const Call& call);

/// Activation bits in use: the option's, else the model's own.
[[nodiscard]] int bitsInUse(const Transformer& model, const EngineOptions& options);
/// "f16", "w1a6", "w1a16", "f16a6": weights and, where quantized, activations in use.
[[nodiscard]] std::string formatInUse(const OpenModel& model, const EngineOptions& options,
                                      int activationBits);

} // namespace bwla
