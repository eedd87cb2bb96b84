// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/block_report.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bwla {

/// Activation bits at which every artifact of the study is evaluated.
inline constexpr std::array<int, 3> studyActivationBits{16, 6, 4};

/// One artifact of the study, measured.
struct StudyMeasurement {
    std::string row;
    std::uint64_t seed = 0;
    std::string recipe;         ///< all that decides it, as text; equal text, equal figures
    double bitsPerWeight = 0.0; ///< strict, over the decoder's linears
    double seconds = 0.0;       ///< of quantizing
    std::array<double, studyActivationBits.size()> perplexity{};
    std::vector<BlockReport> blocks; ///< what the fits measured
};

/// Writes "ROW-sSEED.json" in the study's folder. Throws Error{diskFull, writeFailed}.
void keepMeasurement(const std::filesystem::path& folder, const StudyMeasurement& measurement);

/// What is kept of a row and seed; nothing where there is no such file or another recipe made it.
/// Throws Error{corrupt}.
[[nodiscard]] std::optional<StudyMeasurement> keptMeasurement(const std::filesystem::path& folder,
                                                              const std::string& row,
                                                              std::uint64_t seed,
                                                              const std::string& recipe);

/// Seeds of which something is kept of a row, whatever made it, ascending.
[[nodiscard]] std::vector<std::uint64_t> keptSeeds(const std::filesystem::path& folder,
                                                   const std::string& row);

} // namespace bwla
