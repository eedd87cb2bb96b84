// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/artifact.h"
#include "core/model/quantized_block.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace bwla {

/// What `quantization_config` says beside the tensors. Nothing that depends on time, host, path or
/// thread count belongs here.
struct ArtifactDescription {
    int activationBits = 6;
    ActivationBits groupBits = {}; ///< empty: activationBits everywhere
    std::string recipeJson;  ///< settings as canonical JSON (sorted keys)
    std::string recipeHash;  ///< XXH3-128 of settings, model and calibration, hex
    std::string calibration; ///< "self" or the text's XXH3-128
    std::int64_t calibrationTokens = 0;
    std::vector<float> finalNorm = {};       ///< [width]; empty = the original's
    std::int64_t shardBytes = 4'000'000'000; ///< tensor bytes that one file may hold
};

/// Answers of the finished model to the probe prompts, asked for once the tensors are written:
/// the writer passes the temporary folder, the caller loads it and returns golden_probe.json.
using ProbeMaker = std::function<std::string(const std::filesystem::path& folder)>;

/// Writes the whole artifact next to `out` under a temporary name, syncs it and renames it to
/// `out`. `block(L)` is called once a layer, in order. Embeddings and an untied head are rounded
/// to 8 bits a row here, from the original. Throws Error{writeFailed, diskFull, alreadyExists}.
void writeArtifact(const std::filesystem::path& out, const ModelSource& source,
                   const ArtifactDescription& description,
                   const std::function<QuantizedBlock(std::int64_t)>& block,
                   const ProbeMaker& probe);

} // namespace bwla
