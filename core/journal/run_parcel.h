// SPDX-License-Identifier: GPL-3.0-or-later
//
// An unfinished refinement whose signs train, small enough to travel from a machine that is lent
// for minutes to the next one: 58 MiB for SmolLM2-135M, where the journal itself has 156.
#pragma once

#include "core/model/model_config.h"

#include <cstdint>
#include <filesystem>

namespace bwla {

inline constexpr std::int64_t parcelPieceBytes = 16 << 20; ///< of a piece, at most

struct RunParcel {
    int pieces = 0;
    std::int64_t bytes = 0;
};

/// OUT.partial into a new folder (docs/format.md, the parcel). Latents keep their sign and three
/// bits of their size, other parameters 16 bits; Adam's moments stay behind. The journal stays as
/// it is. Throws Error{alreadyExists} for the folder, Error{badArgument} where there is no such
/// refinement in OUT.partial, Error{writeFailed, diskFull} and what opening its files throws.
RunParcel packRun(const std::filesystem::path& out, const std::filesystem::path& folder,
                  const ModelConfig& config);

/// A parcel to OUT.partial, which is whole or not there; bwla quantize --resume continues it, and
/// Adam warms up again. Throws Error{journalExists} where there is one, Error{notFound, truncated,
/// hashMismatch} naming the piece, Error{corrupt, badShape}, Error{writeFailed, diskFull}.
void unpackRun(const std::filesystem::path& folder, const std::filesystem::path& out,
               const ModelConfig& config);

} // namespace bwla
