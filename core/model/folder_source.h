// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/json_text.h"
#include "core/model/safetensors_folder.h"
#include "core/model/tensor_source.h"

#include <vector>

namespace bwla {

/// A Hugging Face folder: config.json, safetensors, tokenizer.json.
class FolderSource : public TensorSource {
public:
    /// Throws as ModelSource::open.
    explicit FolderSource(const std::filesystem::path& folder);

    [[nodiscard]] TokenizerData tokenizer() const override;
    [[nodiscard]] std::string configJson() const override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> companionFiles() const override;

private:
    Json configJson_;
    SafetensorsFolder files_;
};

} // namespace bwla
