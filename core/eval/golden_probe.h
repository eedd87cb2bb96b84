// SPDX-License-Identifier: GPL-3.0-or-later
//
// golden_probe.json of an artifact (design 5): the finished model's own answers to four short
// prompts at A16. Hashes name a damaged tensor; the probe catches a loader that reads another model
// out of sound bytes: swapped layers, a wrong bit order, another rotary convention.
#pragma once

#include "core/engine/transformer.h"
#include "core/model/artifact.h"
#include "core/model/artifact_writer.h"
#include "core/text/tokenizer.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bwla {

/// Largest relative error a probe may show between backends and machines.
inline constexpr double probeTolerance = 2e-3;

struct ProbeCheck {
    /// Largest |found - stored| over a prompt's stored logits, divided by the largest |stored|.
    double maxError = 0.0;
    /// The tokenizer still makes the stored tokens of the stored texts.
    bool sameTokens = true;
    [[nodiscard]] bool ok() const { return sameTokens && maxError <= probeTolerance; }
};

/// The text of golden_probe.json: prompts, tokens, the 20 largest logits after each, six digits.
/// A model without tokenizer (null) is probed by fixed token ids. Throws Error{numeric}.
[[nodiscard]] std::string makeProbe(Transformer& model, const Tokenizer* tokenizer);

/// Asks the stored tokens again. Throws Error{corrupt} where `probe` cannot be read; the caller
/// adds the file.
[[nodiscard]] ProbeCheck checkProbe(Transformer& model, const Tokenizer* tokenizer,
                                    std::string_view probe);

/// For writeArtifact: opens the folder, loads it on the CPU and makes its probe.
[[nodiscard]] ProbeMaker probeMaker();

struct ArtifactCheck {
    double probeMaxError = 0.0;
    std::int64_t tensors = 0;
};

/// Every tensor against its hash, then the probe on `backend`. Throws Error{hashMismatch,
/// probeMismatch, notFound, corrupt}, KernelError.
[[nodiscard]] ArtifactCheck verifyArtifact(const Artifact& artifact, Backend& backend);

} // namespace bwla
