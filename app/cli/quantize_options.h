// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_settings.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace bwla {

/// The options of `bwla quantize`. What is not given keeps the preset's value.
class QuantizeOptions {
public:
    void addTo(CLI::App& verb);
    /// Throws Error{badArgument}.
    [[nodiscard]] QuantizeSettings settings(int threads) const;

private:
    void addMethodOptions(CLI::App& verb);
    void addTrainingOptions(CLI::App& verb);
    void addRunOptions(CLI::App& verb);
    void applyMethod(QuantizeSettings& settings) const;

    std::string model_;
    std::string out_;
    std::string preset_ = "fast";
    std::optional<int> activationBits_;
    std::optional<double> activationBudget_;
    std::optional<int> rank_;
    std::optional<double> rankBudget_;
    std::optional<int> oktRounds_;
    std::optional<int> pspRounds_;
    std::optional<int> gptqRounds_;
    std::optional<int> flipRounds_;
    std::optional<std::string> rotation_;
    std::optional<std::string> okt_;
    std::optional<std::string> oktStart_;
    std::optional<std::string> oktObjective_;
    std::optional<std::string> factors_;
    std::optional<std::string> metric_;
    std::optional<std::string> columnScales_;
    std::optional<std::string> rowMeans_;
    std::optional<std::string> clipSearch_;
    std::optional<double> targetMix_;
    std::optional<double> targetShrinkage_;
    std::optional<double> shrinkage_;
    std::optional<std::string> layers_;
    std::optional<std::string> keep_;
    std::optional<std::string> refine_;
    std::optional<std::int64_t> klTokens_;
    std::optional<double> klMinutes_;
    std::optional<int> reconstructEpochs_;
    std::optional<std::int64_t> reconstructTokens_, reconstructStep_;
    std::optional<double> reconstructRate_;
    std::optional<std::int64_t> klStep_, klWindow_;
    std::optional<double> latentSpread_;
    std::optional<double> latentRate_;
    std::optional<double> rotationRate_;
    std::optional<double> klRate_;
    std::optional<std::string> calibration_;
    std::optional<std::int64_t> tokens_;
    std::optional<double> fileShare_;
    std::optional<std::uint64_t> seed_;
    std::string device_ = "cpu";
    bool resume_ = false;
};

} // namespace bwla
