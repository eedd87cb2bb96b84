// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_settings.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace bwla {

/// A number of QuantizeSettings: what it is called on the command line and what it may be. The
/// command line, validate() and the window's fields have their limits from here.
struct NumberOption {
    using Member = std::variant<int QuantizeSettings::*, std::int64_t QuantizeSettings::*,
                                std::uint64_t QuantizeSettings::*, double QuantizeSettings::*>;
    std::string_view name; ///< "--okt-rounds"
    Member member;
    double least;
    double most;
    bool aboveLeast = false; ///< `least` itself is refused
    bool orZero = false;     ///< 0 too, and means without

    [[nodiscard]] bool whole() const;
    /// Exact up to 2^53.
    [[nodiscard]] double of(const QuantizeSettings& settings) const;
    void set(QuantizeSettings& settings, double value) const;
    /// The shortest text that reads back as the same number.
    [[nodiscard]] std::string text(const QuantizeSettings& settings) const;
    /// Throws Error{badArgument}.
    void check(const QuantizeSettings& settings) const;
};

/// Every number that an option sets.
[[nodiscard]] std::span<const NumberOption> numberOptions();
/// One of numberOptions(); `name` must be there.
[[nodiscard]] const NumberOption& numberOption(std::string_view name);

/// Every other option that decides how a run goes; what it reads, writes and resumes is not here.
inline constexpr std::array<std::string_view, 15> choiceOptions{
    "--activation-bits", "--clip-search",   "--rotation", "--okt",
    "--okt-start",       "--okt-objective", "--factors",  "--metric",
    "--row-means",       "--layers",        "--keep",     "--column-scales",
    "--calibration",     "--refine",        "--device"};

} // namespace bwla
