// SPDX-License-Identifier: GPL-3.0-or-later
//
// config.json of an artifact (docs/format.md): what the tensors alone do not say, and what they
// are checked against.
#pragma once

#include "core/model/input_group.h"
#include "core/model/json_text.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bwla {

inline constexpr std::int64_t artifactVersion = 1;

struct ArtifactConfig {
    int activationBits = 6;
    ActivationBits groupBits; ///< empty lists: activationBits everywhere
    /// {rows of R1, rows of R2} by GroupKind; {0, 0} = no rotation. The same in every layer.
    std::array<std::pair<std::int64_t, std::int64_t>, groupCount> factors{};
    /// Rank by GroupKind and layer; 0 = no low-rank term.
    std::array<std::vector<std::int64_t>, groupCount> ranks;
    /// By GroupKind and layer: the group is kept in float; its rank is 0.
    std::array<std::vector<bool>, groupCount> kept;
    bool tiedHead = false;
    Json recipe;
    std::string recipeHash;
    std::string calibration;
    std::int64_t calibrationTokens = 0;
    std::map<std::string, std::string> hashes; ///< XXH3-128 of each tensor's bytes

    [[nodiscard]] bool isKept(std::int64_t layer, GroupKind kind) const {
        return kept[static_cast<std::size_t>(kind)].at(static_cast<std::size_t>(layer));
    }

    /// The whole config.json; `base` is the original's.
    [[nodiscard]] Json toJson(const Json& base) const;
    /// Throws Error{corrupt, unsupportedVersion}; every key must be there.
    [[nodiscard]] static ArtifactConfig fromJson(const JsonObject& config, std::int64_t layers);
};

} // namespace bwla
