// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace bwla::ui {

/// Resident bytes of this process (proc(5), statm field 2, in pages); 0 where unknown.
[[nodiscard]] double residentBytes();
/// Bytes that programs can still have without swapping (proc(5), MemAvailable); 0 where unknown.
[[nodiscard]] double availableBytes();
/// Bytes of memory that the machine has.
[[nodiscard]] double physicalBytes();

} // namespace bwla::ui
