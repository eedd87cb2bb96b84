// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/gguf_file.h"
#include "core/model/json_text.h"
#include "core/model/tensor_source.h"

namespace bwla {

/// A GGUF file of the llama architecture under Hugging Face's names and row order.
class GgufSource : public TensorSource {
public:
    /// Throws as ModelSource::open.
    explicit GgufSource(const std::filesystem::path& path);

    [[nodiscard]] std::vector<float> tensor(const std::string& name) const override;
    [[nodiscard]] TokenizerData tokenizer() const override;
    [[nodiscard]] std::string configJson() const override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> companionFiles() const override;

private:
    GgufFile file_;
    Json configJson_;
};

/// "blk.3.attn_q.weight" for "model.layers.3.self_attn.q_proj.weight"; empty where GGUF has no
/// such tensor.
[[nodiscard]] std::string ggufName(const std::string& huggingFaceName);

} // namespace bwla
