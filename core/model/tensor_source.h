// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"

#include <filesystem>
#include <map>
#include <string>

namespace bwla {

/// What GGUF files and Hugging Face folders have in common once their tensors are known under
/// Hugging Face's names.
class TensorSource : public ModelSource {
public:
    [[nodiscard]] const std::filesystem::path& path() const override { return path_; }
    [[nodiscard]] const ModelConfig& config() const override { return config_; }
    [[nodiscard]] bool has(const std::string& name) const override;
    [[nodiscard]] std::vector<float> tensor(const std::string& name) const override;
    [[nodiscard]] DType type(const std::string& name) const override;
    [[nodiscard]] std::vector<std::string> dtypes() const override;
    [[nodiscard]] std::string fingerprint() const override;

protected:
    explicit TensorSource(std::filesystem::path path) : path_(std::move(path)) {}
    /// Throws Error{missingTensor}.
    [[nodiscard]] const TensorView& view(const std::string& name) const;
    /// Throws Error{missingTensor, badShape, unsupportedType} unless every tensor the family needs
    /// is there.
    void checkTensors() const;

    std::filesystem::path path_;
    ModelConfig config_;
    std::map<std::string, TensorView> tensors_; ///< by Hugging Face name
};

} // namespace bwla
