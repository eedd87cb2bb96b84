// SPDX-License-Identifier: GPL-3.0-or-later
//
// What an unfinished refinement leaves behind (docs/format.md, the journal).
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/adam.h"
#include "core/quant/latent_signs.h"

#include <cstdint>
#include <filesystem>

namespace bwla {

struct KlProgress {
    std::int64_t step = 0; ///< steps done
    double seconds = 0.0;  ///< that they took
    /// Steps done when Adam's moments began: not 0 where the run came as a parcel, which has none.
    std::int64_t momentsSince = 0;
};

/// Written beside and renamed. Throws Error{writeFailed, diskFull}.
void saveKlState(const std::filesystem::path& file, const KlProgress& progress,
                 ParameterPool& parameters, const LatentSigns& signs);
/// Puts a saved state into packed parameters; a fresh one where there is no file. Throws what
/// SafetensorsFile::open throws, Error{badShape} where the file is another model's.
[[nodiscard]] KlProgress loadKlState(const std::filesystem::path& file, ParameterPool& parameters,
                                     LatentSigns& signs);

} // namespace bwla
