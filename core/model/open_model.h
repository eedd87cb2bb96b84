// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/artifact.h"
#include "core/model/model_source.h"
#include "core/model/model_weights.h"

#include <memory>
#include <string>

namespace bwla {

/// A model that a user named, an original or an artifact, opened for reading.
class OpenModel {
public:
    /// Throws what Artifact::open and ModelSource::open throw.
    explicit OpenModel(const std::string& path);

    [[nodiscard]] const Artifact* artifact() const { return artifact_.get(); } ///< null: original
    [[nodiscard]] const ModelSource* source() const { return source_.get(); }  ///< null: artifact
    [[nodiscard]] const ModelConfig& config() const;
    [[nodiscard]] TokenizerData tokenizer() const;
    /// Name to show: that of its file, without .gguf, or folder.
    [[nodiscard]] std::string name() const;
    /// Bytes of its files.
    [[nodiscard]] std::int64_t fileBytes() const;
    /// Weights to upload; `kind` (f16 or f32) is for originals. Valid while this object lives.
    [[nodiscard]] const ModelWeights& weights(WeightKind kind);

private:
    std::string path_;
    std::unique_ptr<Artifact> artifact_;
    std::unique_ptr<ModelSource> source_;
    std::unique_ptr<ModelWeights> floatWeights_;
};

} // namespace bwla
