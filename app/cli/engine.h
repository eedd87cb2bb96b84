// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "cli/open_model.h"
#include "cli/verbs.h"
#include "core/engine/transformer.h"
#include "kernels/backend.h"

#include <memory>
#include <string>

namespace bwla {

/// The backend that --backend names, else the default. Throws Error{badArgument} for a name that
/// this build does not have, and KernelError.
[[nodiscard]] std::unique_ptr<Backend> makeBackend(const CommonOptions& options);

/// --weights and --activation-bits, for verbs that run a model.
struct EngineOptions {
    std::string weights = "f16"; ///< "f16" or "f32", of originals; artifacts have their own
    int activationBits = 0;      ///< 16, 8, 6, 4; 0 = the model's own

    void addTo(CLI::App& verb);
    [[nodiscard]] WeightKind kind() const;
};

/// A model on a backend.
class Engine {
public:
    /// Uploads the model and shows the progress of it.
    Engine(OpenModel& model, const EngineOptions& options, const Call& call);

    [[nodiscard]] Transformer& transformer() { return *transformer_; }
    [[nodiscard]] Backend& backend() { return *backend_; }
    /// Bits in use: the option's, else the model's own.
    [[nodiscard]] int activationBits() const { return activationBits_; }
    [[nodiscard]] const std::string& format() const { return format_; }

private:
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Transformer> transformer_;
    int activationBits_;
    std::string format_;
};

} // namespace bwla
