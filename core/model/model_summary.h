// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/error.h"
#include "core/model/artifact.h"
#include "core/model/model_config.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bwla {

/// What a list of models shows of one: everything the structure check of opening it found out.
struct ModelSummary {
    std::string path;
    std::string name;   ///< of its file, folder, or "owner/name" in the Hugging Face cache
    std::string format; ///< "GGUF", "safetensors" or "BWLA"
    ModelConfig config;
    std::vector<std::string> types; ///< of the linears: "Q4_1", or "W1A6" for an artifact
    std::int64_t fileBytes = 0;
    /// Where there is no usable tokenizer: such a model cannot be calibrated or chatted with.
    std::optional<Error> tokenizerError;
    std::string tokenizer; ///< "smollm", "" where unknown or missing
    std::int64_t tokenizerTokens = 0;
    std::string chatTemplate;         ///< Jinja, may be empty
    std::string licence;              ///< "apache-2.0", first line of a LICENSE file, or empty
    std::optional<BitsLedger> ledger; ///< of an artifact
    std::string calibration;          ///< of an artifact: "self" or the text's hash

    [[nodiscard]] bool quantized() const { return ledger.has_value(); }
};

/// Opens the model (headers, shapes, tensor extents; no weights are read), then forgets it. Takes
/// milliseconds to a second: a worker's job. Throws what OpenModel throws.
[[nodiscard]] ModelSummary summarizeModel(const std::string& path);

/// The file's name without .gguf; "owner/name" for a folder inside Hugging Face's cache
/// (models--owner--name/snapshots/...); else the folder's name.
[[nodiscard]] std::string modelName(const std::filesystem::path& path);

} // namespace bwla
