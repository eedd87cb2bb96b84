// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>

namespace bwla {

/// A file as pieces of at most `pieceBytes` in `folder`, piece-00 and on, and parcel.json with the
/// bytes and XXH3-128 of each, written last. Returns their number.
/// Throws Error{notFound, writeFailed, diskFull}.
int splitFile(const std::filesystem::path& file, const std::filesystem::path& folder,
              std::int64_t pieceBytes);

/// The inverse. Throws Error{notFound, truncated, hashMismatch} naming the piece, Error{corrupt,
/// writeFailed, diskFull}.
void joinFile(const std::filesystem::path& folder, const std::filesystem::path& file);

} // namespace bwla
